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

    /** Has the request ask what the answer takes, where the API does not tell it anyway: not every upstream takes that. */
    void askForUsage(ObjectNode body);

    /**
     * Has the request ask for a JSON document.
     *
     * @param schema what the document must satisfy; null: any document
     */
    void askForDocument(ObjectNode body, @Nullable ObjectNode schema);

    /** Whether the upstream may have refused a word that can be said otherwise for that model: from now on it is. */
    boolean learnsWords(UpstreamReply refusal, ChatRequest request, String model);

    /** Whether the upstream may have refused something that can be left out. */
    boolean canDoWithout(UpstreamReply refusal);

    /** The upstream has answered a question without it: from now on all do without. */
    void doesWithout();

    /**
     * Reads one answer, which it tells the sink.
     *
     * @param resumed whether another node has read its beginning, and this one only hears the rest
     */
    AnswerReader reader(Sink sink, Scrubber scrubber, boolean resumed);
}
