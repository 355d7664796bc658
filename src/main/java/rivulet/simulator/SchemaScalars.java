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

    /** About 3, or the number nearest to it that is allowed. */
    private static BigDecimal number(ObjectNode schema, int ordinal, boolean whole) {
        @Nullable BigDecimal multiple = decimal(schema, "multipleOf");
        BigDecimal step = multiple != null && multiple.signum() > 0 ? multiple : BigDecimal.ONE;
        BigDecimal usual = whole || multiple != null ? BigDecimal.valueOf(3) : new BigDecimal("3.5");
        @Nullable BigDecimal low = bound(schema, "minimum", "exclusiveMinimum", step);
        @Nullable BigDecimal high = bound(schema, "maximum", "exclusiveMaximum", step.negate());
        BigDecimal value = low != null && low.compareTo(usual) > 0 ? low : usual;
        value = value.add(step.multiply(BigDecimal.valueOf(ordinal)));
        boolean round = whole || multiple != null;
        if (high == null || value.compareTo(high) <= 0) {
            return round ? rounded(value, step, RoundingMode.CEILING) : value;
        }
        // Bounds closer than a step, as in 0 < x < 1, have something between them.
        value = low != null && low.compareTo(high) > 0 ? low.add(high).divide(BigDecimal.valueOf(2)) : high;
        return round ? rounded(value, step, RoundingMode.FLOOR) : value;
    }

    private static BigDecimal rounded(BigDecimal value, BigDecimal step, RoundingMode mode) {
        return value.divide(step, 0, mode).multiply(step);
    }

    private static @Nullable BigDecimal bound(ObjectNode schema, String closed, String open, BigDecimal inwards) {
        @Nullable BigDecimal limit = decimal(schema, open);
        return limit == null ? decimal(schema, closed) : limit.add(inwards);
    }

    private static @Nullable BigDecimal decimal(ObjectNode schema, String keyword) {
        JsonNode value = schema.path(keyword);
        return value.isNumber() && Double.isFinite(value.doubleValue()) ? value.decimalValue() : null;
    }
}
