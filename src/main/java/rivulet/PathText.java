package rivulet;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A prompt that stands in the address, put there unencoded by a page: a {@code ?} in it begins what looks like a query,
 * and a {@code %} need not be the beginning of an escape.
 *
 * @param text the prompt
 * @param hasParameters whether the query is one, rather than the rest of the prompt
 */
record PathText(String text, boolean hasParameters) {
    /** A query with one of these is a query. */
    private static final Set<String> PARAMETERS = Set.of(
            "format",
            Position.PARAMETER,
            "model",
            "instructions",
            "temperature",
            "top_p",
            "max_output_tokens",
            "seed",
            "stop",
            "reasoning_effort");

    /** The prompt behind a prefix of the path as it came. */
    static PathText of(String rawPath, String prefix, @Nullable String rawQuery) {
        String raw = rawPath.substring(Math.min(prefix.length(), rawPath.length()));
        boolean parameters = rawQuery != null
                && Arrays.stream(rawQuery.split("&", -1)).anyMatch(p -> PARAMETERS.contains(p.split("=", 2)[0]));
        String text = rawQuery == null || parameters ? raw : raw + "?" + rawQuery;
        return new PathText(decode(text), parameters);
    }

    /** RFC 3986, section 2.1; but a percent sign without two hexadecimal digits stands for itself. */
    private static String decode(String raw) {
        byte[] bytes = raw.getBytes(StandardCharsets.UTF_8);
        ByteArrayOutputStream out = new ByteArrayOutputStream(bytes.length);
        int i = 0;
        while (i < bytes.length) {
            int octet = bytes[i] == '%' && i + 2 < bytes.length ? octet(bytes[i + 1], bytes[i + 2]) : -1;
            out.write(octet < 0 ? bytes[i] : octet);
            i += octet < 0 ? 1 : 3;
        }
        return out.toString(StandardCharsets.UTF_8);
    }

    /** The octet that two hexadecimal digits stand for; negative if they are none. */
    private static int octet(byte high, byte low) {
        int h = Character.digit(high, 16);
        int l = Character.digit(low, 16);
        return h < 0 || l < 0 ? -1 : h << 4 | l;
    }
}
