package rivulet.feed;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a model is asked, in Rivulet's own terms; each API says it in its own.
 *
 * @param messages the conversation, oldest first, at least one
 * @param model null: the upstream's default
 * @param instructions what the model is told before the conversation; null or empty: nothing
 * @param options {@code temperature}, {@code top_p}, {@code max_output_tokens}, {@code stop}, {@code seed}, {@code
 *     reasoning_effort}, {@code response_format}, those that were given
 * @param schema the JSON Schema that the answer must satisfy; null: the answer is text
 * @param extra merged into the upstream's request as it stands, for what Rivulet does not know
 * @param trace the caller's trace, passed on to the upstream, if there is one
 */
public record ChatRequest(
        List<Message> messages,
        @Nullable String model,
        @Nullable String instructions,
        ObjectNode options,
        @Nullable ObjectNode schema,
        ObjectNode extra,
        @Nullable TraceContext trace) {

    /** The same with more to tell the model before the conversation. */
    ChatRequest withInstructions(String more) {
        String all = instructions == null || instructions.isEmpty() ? more : instructions + "\n\n" + more;
        return new ChatRequest(messages, model, all, options, schema, extra, trace);
    }

    /**
     * One turn of the conversation.
     *
     * @param role {@code system}, {@code developer}, {@code user} or {@code assistant}
     * @param content a string, or a list of parts: <code>{"type":"text","text":…}</code>,
     *     <code>{"type":"image_url","image_url":{"url":…}}</code>
     */
    public record Message(String role, JsonNode content) {}
}
