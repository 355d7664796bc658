package rivulet.simulator;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The strings and numbers of a {@link SchemaDocument}: what is for a reader's eyes is about the question, in its language. */
final class SchemaScalars {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
    /** The longest string that a {@code minLength} gets. */
    private static final int MAX_LENGTH = 10_000;

    private final Language language;
    private final String question;

    SchemaScalars(Language language, String question) {
        this.language = language;
        this.question = question;
    }

    JsonNode value(Schema schema, String name, int ordinal) {
        return switch (schema.type()) {
            case "integer" ->
                NODES.numberNode(number(schema.node(), ordinal, true).toBigInteger());
            case "number" -> NODES.numberNode(number(schema.node(), ordinal, false));
            case "boolean" -> NODES.booleanNode(true);
            case "null" -> NODES.nullNode();
            default -> NODES.textNode(string(schema.node(), name, ordinal));
        };
    }

    private String string(ObjectNode schema, String name, int ordinal) {
        // A format has no room for a number of one's own, but days and hosts can be counted.
        int day = ordinal % 28 + 1;
        return switch (schema.path("format").asText("")) {
            case "date" -> String.format(Locale.ROOT, "2026-01-%02d", day);
            case "time" -> String.format(Locale.ROOT, "12:00:%02dZ", ordinal % 60);
            case "date-time" -> String.format(Locale.ROOT, "2026-01-%02dT12:00:00Z", day);
            case "duration" -> "P" + day + "D";
            case "email" -> "user" + (ordinal + 1) + "@example.com";
            case "hostname" -> "host" + (ordinal + 1) + ".example.com";
            case "uri", "url" -> "https://example.com/" + (ordinal + 1);
            case "uuid" -> String.format(Locale.ROOT, "00000000-0000-4000-8000-%012x", ordinal + 1);
            case "ipv4" -> "192.0.2." + (ordinal % 254 + 1);
            case "ipv6" -> String.format(Locale.ROOT, "2001:db8::%x", ordinal + 1);
            default -> fitted(words(name, ordinal), schema);
        };
    }

    private String words(String name, int ordinal) {
        String words = switch (name.toLowerCase(Locale.ROOT)) {
            case "title", "headline", "heading", "subject" -> language.title(question);
            case "summary", "description", "abstract", "text", "explanation", "body" -> language.summary(question);
            case "answer", "content", "message", "response", "output", "reply" -> language.prose(question);
            default ->
                language.sample(name.replaceAll("([a-z])([A-Z])", "$1 $2")
                        .replaceAll("[_-]+", " ")
                        .toLowerCase(Locale.ROOT));
        };
        return ordinal == 0 ? words : words + " " + (ordinal + 1);
    }

    private static String fitted(String words, ObjectNode schema) {
        int least = Math.min(schema.path("minLength").asInt(0), MAX_LENGTH);
        int most = Math.max(0, schema.path("maxLength").asInt(Integer.MAX_VALUE));
        String text = words;
        while (text.codePointCount(0, text.length()) < least) {
            text += "…" + words;
        }
        // JSON schema counts code points, as the end of a cut must.
        return text.codePointCount(0, text.length()) > most
                ? text.substring(0, text.offsetByCodePoints(0, most))
                : text;
    }

    /** About 3, or a number near it that is allowed. */
    private static BigDecimal number(ObjectNode schema, int ordinal, boolean whole) {
        @Nullable Limit least = Limit.of(schema, "minimum", "exclusiveMinimum", 1);
        @Nullable Limit most = Limit.of(schema, "maximum", "exclusiveMaximum", -1);
        @Nullable BigDecimal multiple = decimal(schema, "multipleOf");
        if (multiple != null && multiple.signum() > 0) {
            return multiple(least, most, multiple, ordinal);
        }
        return whole ? multiple(least, most, BigDecimal.ONE, ordinal) : real(least, most, ordinal);
    }

    private static BigDecimal multiple(@Nullable Limit least, @Nullable Limit most, BigDecimal step, int ordinal) {
        BigDecimal value = new Limit(BigDecimal.valueOf(3), false, 1).firstMultiple(step);
        value = least == null ? value : value.max(least.firstMultiple(step));
        value = value.add(step.multiply(BigDecimal.valueOf(ordinal)));
        return most == null ? value : value.min(most.firstMultiple(step));
    }

    private static BigDecimal real(@Nullable Limit least, @Nullable Limit most, int ordinal) {
        BigDecimal value = new BigDecimal("3.5");
        value = least == null ? value : value.max(least.inside());
        value = value.add(BigDecimal.valueOf(ordinal));
        if (most == null || most.allows(value)) {
            return value;
        }
        // Limits closer than 1, as in 0 < x < 1, have something between them.
        return least == null || least.allows(most.inside())
                ? most.inside()
                : least.at.add(most.at).divide(BigDecimal.valueOf(2));
    }

    /**
     * Where the numbers end that are allowed.
     *
     * @param open whether that one is not allowed itself
     * @param inwards on which side they are: 1 above it, -1 below it
     */
    private record Limit(BigDecimal at, boolean open, int inwards) {
        /** The stricter of the two that a schema may have; null if it has none. */
        static @Nullable Limit of(ObjectNode schema, String closed, String open, int inwards) {
            @Nullable BigDecimal itself = decimal(schema, closed);
            @Nullable BigDecimal beyond = decimal(schema, open);
            if (beyond != null && (itself == null || beyond.compareTo(itself) * inwards >= 0)) {
                return new Limit(beyond, true, inwards);
            }
            return itself == null ? null : new Limit(itself, false, inwards);
        }

        boolean allows(BigDecimal value) {
            int side = value.compareTo(at) * inwards;
            return side > 0 || (side == 0 && !open);
        }

        /** One that it allows, a step of 1 away at most. */
        BigDecimal inside() {
            return open ? at.add(BigDecimal.valueOf(inwards)) : at;
        }

        BigDecimal firstMultiple(BigDecimal step) {
            RoundingMode mode = inwards > 0 ? RoundingMode.CEILING : RoundingMode.FLOOR;
            BigDecimal first = at.divide(step, 0, mode).multiply(step);
            return allows(first) ? first : first.add(step.multiply(BigDecimal.valueOf(inwards)));
        }
    }

    private static @Nullable BigDecimal decimal(ObjectNode schema, String keyword) {
        JsonNode value = schema.path(keyword);
        return value.isNumber() && Double.isFinite(value.doubleValue()) ? value.decimalValue() : null;
    }
}
