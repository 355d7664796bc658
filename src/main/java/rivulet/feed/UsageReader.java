package rivulet.feed;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import rivulet.log.Usage;

/** Reads what an answer cost: both APIs' words for it, what a provider adds kept as it is. */
final class UsageReader {
    private static final List<String> INPUT = List.of("input_tokens", "prompt_tokens");
    private static final List<String> OUTPUT = List.of("output_tokens", "completion_tokens");
    private static final List<String> TOTAL = List.of("total_tokens");

    private static final Pattern COUNT = Pattern.compile("\\d{1,18}");

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
        // The details go to the viewers as they stand.
        String details = rest.isEmpty() ? null : SurrogateJoiner.replaceHalves(rest.toString());
        return new Usage(input, output, total, details, false);
    }

    private static @Nullable Long first(ObjectNode usage, List<String> names) {
        @Nullable Long found = null;
        for (String name : names) {
            @Nullable Long count = count(usage.path(name));
            // Some fill in the other API's names, too, with nothing.
            if (count != null && (found == null || found == 0)) {
                found = count;
            }
        }
        return found;
    }

    private static @Nullable Long count(JsonNode value) {
        boolean written = value.isTextual() && COUNT.matcher(value.textValue()).matches();
        // A number that is none, or too large to be one, counts nothing.
        return value.canConvertToLong() || written ? Long.valueOf(value.asLong()) : null;
    }
}
