package rivulet;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Percent-encoding (RFC 3986, section 2.1) as pages really use it: a percent sign without two hexadecimal digits stands
 * for itself, since a page that puts {@code 100%} into an address means just that.
 */
final class Percent {
    private static final Pattern STRAY = Pattern.compile("%(?![0-9A-Fa-f]{2})");

    private Percent() {}

    /** The text that stands encoded in a path. */
    static String decode(String raw) {
        byte[] bytes = raw.getBytes(StandardCharsets.UTF_8);
        ByteArrayOutputStream out = new ByteArrayOutputStream(bytes.length);
        int i = 0;
        while (i < bytes.length) {
            int octet = octet(bytes, i);
            out.write(octet < 0 ? bytes[i] : octet);
            i += octet < 0 ? 1 : 3;
        }
        return out.toString(StandardCharsets.UTF_8);
    }

    /** The parameters of a query, in which a plus sign is a space. */
    static Map<String, List<String>> query(@Nullable String raw) {
        Map<String, List<String>> parameters = new LinkedHashMap<>();
        for (String pair : raw == null ? new String[0] : raw.split("&", -1)) {
            if (!pair.isEmpty()) {
                String[] parts = pair.replace('+', ' ').split("=", 2);
                parameters
                        .computeIfAbsent(decode(parts[0]), name -> new ArrayList<>())
                        .add(parts.length == 1 ? "" : decode(parts[1]));
            }
        }
        return parameters;
    }

    /** The same text with each percent sign that stands for itself encoded, for those who are strict. */
    static String repair(String raw) {
        return STRAY.matcher(raw).replaceAll("%25");
    }

    /** The octet that is encoded at an index; negative if none is. */
    private static int octet(byte[] bytes, int at) {
        if (bytes[at] != '%' || at + 2 >= bytes.length) {
            return -1;
        }
        int high = Character.digit(bytes[at + 1], 16);
        int low = Character.digit(bytes[at + 2], 16);
        return high < 0 || low < 0 ? -1 : high << 4 | low;
    }
}
