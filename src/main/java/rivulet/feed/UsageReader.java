package rivulet.feed;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.jspecify.annotations.Nullable;
import rivulet.log.Usage;

/** Reads what an answer cost: both APIs' words for it, what a provider adds kept as it is. */
final class UsageReader {
    private static final List<String> INPUT = List.of("input_tokens", "prompt_tokens");
    private static final List<String> OUTPUT = List.of("output_tokens", "completion_tokens");
    private static final List<String> TOTAL = List.of("total_tokens");

    private UsageReader() {}

    /** Tells the sink, if there is something to tell. */
    static void read(JsonNode usage, Sink sink) {
        if (usage.isObject() && !usage.isEmpty()) {
            sink.usage(of((ObjectNode) usage));
        }
    }

    private static Usage of(ObjectNode usage) {
        @Nullable Long input = first(usage, INPUT);
        @Nullable Long output = first(usage, OUTPUT);
        @Nullable Long total = first(usage, TOTAL);
        if (total == null && input != null && output != null) {
            total = input + output;
        }
        ObjectNode rest = JsonNodeFactory.instance.objectNode();
        rest.setAll(usage);
        rest.remove(INPUT);
        rest.remove(OUTPUT);
        rest.remove(TOTAL);
        return new Usage(input, output, total, rest.isEmpty() ? null : rest.toString(), false);
    }

    private static @Nullable Long first(ObjectNode usage, List<String> names) {
        for (String name : names) {
            JsonNode value = usage.path(name);
            if (value.isNumber()) {
                return value.asLong();
            }
        }
        return null;
    }
}
