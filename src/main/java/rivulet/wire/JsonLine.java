package rivulet.wire;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/**
 * JSON that is one line for those, too, who end lines where neither event streams nor NDJSON do: Python's {@code
 * splitlines}, by which httpx reads, and Swift's {@code lines}. Of the line ends they know JSON (RFC 8259, section 7) lets
 * U+0085, U+2028 and U+2029 stand in a string; here they are escaped.
 */
final class JsonLine {
    private JsonLine() {}

    /** The same document; the same array, where there is nothing to escape. */
    static byte[] of(byte[] json) {
        int at = lineEnd(json, 0);
        if (at == json.length) {
            return json;
        }
        ByteArrayOutputStream line = new ByteArrayOutputStream(json.length + 16);
        int from = 0;
        for (; at < json.length; at = lineEnd(json, from)) {
            line.write(json, from, at - from);
            from = at + length(json, at);
            char end = new String(json, at, from - at, StandardCharsets.UTF_8).charAt(0);
            line.writeBytes("\\u%04x".formatted((int) end).getBytes(StandardCharsets.US_ASCII));
        }
        line.write(json, from, json.length - from);
        return line.toByteArray();
    }

    /** Where the next line end begins, from an index on; the length if there is none. */
    private static int lineEnd(byte[] json, int from) {
        int at = from;
        while (at < json.length && length(json, at) == 0) {
            at++;
        }
        return at;
    }

    /** How many bytes the line end takes that stands at an index; 0 if none does. */
    private static int length(byte[] json, int at) {
        return switch (json[at]) {
            case (byte) 0xC2 -> at + 1 < json.length && json[at + 1] == (byte) 0x85 ? 2 : 0;
            case (byte) 0xE2 ->
                at + 2 < json.length && json[at + 1] == (byte) 0x80 && (json[at + 2] & 0xFE) == 0xA8 ? 3 : 0;
            default -> 0;
        };
    }
}
