package rivulet;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import rivulet.feed.TraceContext;
import rivulet.log.Excerpt;

/**
 * The members of a request's body, or the parameters of its query, read by name and type. Whatever has been asked for is
 * known; {@link #rejectUnknown}, called last, refuses the rest, since a misspelt name that is silently ignored costs its
 * user an hour. A name with an underscore before it is ignored: browsers' libraries add such against caches.
 */
final class Fields {
    /** As event-source-polyfill adds it, which sends no header: newer than what the address had before. */
    static final String POLYFILLS_POSITION = "lastEventId";

    /** Java alone would also take "1f" and "0x1p3". */
    private static final Pattern NUMBER = Pattern.compile("-?\\d{1,15}(\\.\\d{1,20})?([eE][+-]?\\d{1,3})?");

    private final JsonNode values;
    private final boolean query;
    private final Set<String> known = new LinkedHashSet<>();
    private @Nullable TraceContext trace;

    private Fields(JsonNode values, boolean query) {
        this.values = values;
        this.query = query;
    }

    /** The members of a JSON object. */
    static Fields ofBody(ObjectNode body) {
        return new Fields(body, false);
    }

    /** The parameters of a query, each of which may be given once. */
    static Fields ofQuery(Map<String, List<String>> query) {
        ObjectNode values = JsonNodeFactory.instance.objectNode();
        query.forEach((name, given) -> {
            if (given.size() > 1 && !name.startsWith("_")) {
                throw RequestError.badRequest("The parameter " + name + " is given " + given.size() + " times.");
            }
            values.put(name, given.get(0));
        });
        JsonNode polyfills = values.remove(POLYFILLS_POSITION);
        if (polyfills != null && !polyfills.textValue().isBlank()) {
            values.set(Position.PARAMETER, polyfills);
        }
        return new Fields(values, true);
    }

    /** Notes the trace that the request belongs to, if there is one. */
    Fields traced(@Nullable TraceContext context) {
        trace = context;
        return this;
    }

    /** The trace that the request belongs to, if there is one. */
    @Nullable
    TraceContext trace() {
        return trace;
    }

    /** The value as it stands, if there is one; a JSON {@code null} is none. */
    Optional<JsonNode> value(String name) {
        known.add(name);
        return Optional.ofNullable(values.get(name)).filter(value -> !value.isNull());
    }

    /** Whether these are the members of a body. */
    boolean inBody() {
        return !query;
    }

    boolean has(String name) {
        return value(name).isPresent();
    }

    Optional<String> string(String name) {
        return value(name).map(value -> {
            require(value.isTextual(), name, "a string");
            return value.textValue();
        });
    }

    /** A string with something in it. */
    Optional<String> text(String name) {
        return string(name).map(text -> {
            require(!text.isBlank(), name, "a text that is not empty");
            return text;
        });
    }

    Optional<Integer> integer(String name, int least, int most) {
        String wanted = "a whole number from " + least + " to " + most;
        return number(name, least, most, wanted).map(number -> {
            require(number % 1 == 0, name, wanted);
            return number.intValue();
        });
    }

    Optional<Double> number(String name, int least, int most) {
        return number(name, least, most, "a number from " + least + " to " + most);
    }

    Optional<Boolean> bool(String name) {
        return value(name).map(value -> {
            String text = value.asText();
            require(
                    value.isBoolean() || (query && (text.equals("true") || text.equals("false"))),
                    name,
                    "true or false");
            return Boolean.valueOf(text);
        });
    }

    Optional<Duration> duration(String name, Duration most) {
        return value(name)
                .map(value -> Durations.parse(value.isTextual() ? value.textValue() : "")
                        .filter(duration -> duration.compareTo(most) <= 0)
                        .orElseThrow(() -> wrong(name, Durations.FORM + ", at most " + most.toMinutes() + "m")));
    }

    /** One of some words. */
    Optional<String> choice(String name, List<String> choices) {
        return string(name).map(word -> {
            require(choices.contains(word), name, "one of " + String.join(", ", choices));
            return word;
        });
    }

    /**
     * All of it as one text, the same for equal values, in whatever order and however its numbers are written; without one
     * name, and without those to ignore.
     */
    String canonical(String without) {
        ObjectNode all = ((ObjectNode) values).deepCopy();
        all.remove(without);
        all.properties().removeIf(field -> field.getKey().startsWith("_"));
        return CanonicalJson.of(all);
    }

    /** Refuses what nobody asked for. */
    void rejectUnknown() {
        for (Iterator<String> names = values.fieldNames(); names.hasNext(); ) {
            String name = names.next();
            if (!known.contains(name) && !name.startsWith("_")) {
                throw RequestError.badRequest("Unknown %s %s; %s."
                        .formatted(
                                noun(),
                                quote(name),
                                known.isEmpty()
                                        ? "none is known here"
                                        : "known are: "
                                                + known.stream().sorted().collect(Collectors.joining(", "))));
            }
        }
    }

    /** Refuses a value that is not what it must be. */
    void require(boolean condition, String name, String wanted) {
        if (!condition) {
            throw wrong(name, wanted);
        }
    }

    private RequestError wrong(String name, String wanted) {
        // JSON has the quotes of its own that tell "5" from 5.
        String was = query
                ? quote(values.path(name).asText())
                : Excerpt.of(values.path(name).toString(), 60);
        return RequestError.badRequest("The %s %s is %s, but must be %s.".formatted(noun(), name, was, wanted));
    }

    private Optional<Double> number(String name, int least, int most, String wanted) {
        return value(name).map(value -> {
            double number = value.isNumber() || query ? parse(value.asText()) : Double.NaN;
            require(number >= least && number <= most, name, wanted);
            return number;
        });
    }

    private static double parse(String text) {
        return NUMBER.matcher(text).matches() ? Double.parseDouble(text) : Double.NaN;
    }

    private String noun() {
        return query ? "parameter" : "field";
    }

    private static String quote(String text) {
        return "\"" + Excerpt.of(text, 60) + "\"";
    }
}
