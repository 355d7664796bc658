package rivulet.feed;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.jspecify.annotations.Nullable;

/** One of OpenAI's two APIs: how a question is put, and how its answer is read. */
interface Dialect {
    /** The path under the base URL. */
    String path();

    /**
     * The request's body.
     *
     * @param model the model to ask
     * @throws IllegalArgumentException if this API cannot say what is asked; the message tells what to do
     */
    ObjectNode body(ChatRequest request, String model);

    /**
     * Has the request ask for a JSON document.
     *
     * @param schema what the document must satisfy; null: any document
     */
    void askForDocument(ObjectNode body, @Nullable ObjectNode schema);

    /** Whether the upstream refused something that can be left out; from now on it is. */
    boolean canDoWithout(UpstreamReply refusal);

    /** Reads one answer, which it tells the sink. */
    AnswerReader reader(Sink sink, Scrubber scrubber);
}
