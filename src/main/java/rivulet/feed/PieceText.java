package rivulet.feed;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;

/**
 * The text of a piece as it stands in an event. Cloudflare's Workers AI writes one that looks like a number, or like true
 * or false, as such: without it {@code [1]} is shown as {@code []}.
 */
final class PieceText {
    private PieceText() {}

    /** Empty for null, and for what is no single value. */
    static String of(JsonNode value) {
        if (value.isNull()) {
            return "";
        }
        String words = value.asText("");
        // 0.0001 is no 1.0E-4.
        return value.isFloatingPointNumber() && words.contains("E")
                ? new BigDecimal(words).stripTrailingZeros().toPlainString()
                : words;
    }
}
