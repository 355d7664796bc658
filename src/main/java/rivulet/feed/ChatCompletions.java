package rivulet.feed;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** OpenAI's Chat Completions API, which nearly every provider speaks. */
final class ChatCompletions implements Dialect {
    private static final String STREAM_OPTIONS = "stream_options";
    private static final String LIMIT = "max_output_tokens";
    /** The API's name for that, which newer models at OpenAI and Azure refuse; others know no other. */
    private static final String OLD_LIMIT = "max_tokens";

    private static final String NEW_LIMIT = "max_completion_tokens";
    /** Models come from callers. */
    private static final int MOST_MODELS = 1000;

    private final boolean openAi;
    /** Whether the upstream knows no {@code stream_options}: learnt once, for all questions that follow. */
    private volatile boolean usageRefused;
    /** Models that have refused the old name: those that refuse it at OpenAI need not be asked. */
    private final Set<String> newer = ConcurrentHashMap.newKeySet();

    /** @param openAi whether the upstream is OpenAI itself, which has new names for old options */
    ChatCompletions(boolean openAi) {
        this.openAi = openAi;
    }

    @Override
    public String path() {
        return "chat/completions";
    }

    @Override
    public boolean learnsWords(UpstreamReply refusal, ChatRequest request, String model) {
        boolean refused = refusal.status() == 400
                && refusal.body().contains(NEW_LIMIT)
                && request.options().has(LIMIT)
                && !openAi
                && newer.size() < MOST_MODELS;
        if (refused) {
            newer.add(model);
        }
        return refused;
    }

    @Override
    public boolean canDoWithout(UpstreamReply refusal) {
        // Some quote the whole question, whatever it is that they refuse.
        return (refusal.status() == 400 || refusal.status() == 422)
                && refusal.body().contains(STREAM_OPTIONS);
    }

    @Override
    public void doesWithout() {
        usageRefused = true;
    }

    @Override
    public ObjectNode body(ChatRequest request, String model) {
        ObjectNode body = JsonNodeFactory.instance.objectNode().put("model", model);
        messages(request, body.putArray("messages"));
        body.put("stream", true);
        Map<String, String> renamed = Map.of(LIMIT, openAi || newer.contains(model) ? NEW_LIMIT : OLD_LIMIT);
        request.options()
                .properties()
                .forEach(option -> body.set(renamed.getOrDefault(option.getKey(), option.getKey()), option.getValue()));
        return body;
    }

    @Override
    public void askForUsage(ObjectNode body) {
        if (!usageRefused) {
            // A copy: asked again, it may have to do without.
            ObjectNode options = body.path(STREAM_OPTIONS) instanceof ObjectNode given
                    ? given.deepCopy()
                    : JsonNodeFactory.instance.objectNode();
            body.set(STREAM_OPTIONS, options.put("include_usage", true));
        }
    }

    @Override
    public AnswerReader reader(Sink sink, Scrubber scrubber, boolean resumed) {
        return new ChatCompletionsReader(sink, scrubber);
    }

    @Override
    public void askForDocument(ObjectNode body, @Nullable ObjectNode schema) {
        ObjectNode format = body.putObject("response_format");
        if (schema == null) {
            format.put("type", "json_object");
            return;
        }
        format.put("type", "json_schema");
        format.putObject("json_schema")
                .put("name", "answer")
                .put("strict", true)
                .set("schema", schema);
    }

    private static void messages(ChatRequest request, ArrayNode messages) {
        String instructions = request.instructions();
        if (instructions != null && !instructions.isEmpty()) {
            messages.addObject().put("role", "system").put("content", instructions);
        }
        for (ChatRequest.Message message : request.messages()) {
            messages.addObject().put("role", message.role()).set("content", message.content());
        }
    }
}
