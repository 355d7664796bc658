package rivulet.log;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.util.RawValue;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A JSON document as far as {@code field} events have built it. Not for use by several threads. */
public final class Document {
    private static final ObjectMapper MAPPER = SharedBuffers.mapper().build();

    private @Nullable Object root;

    /** An empty document: nothing is known of it yet. */
    public Document() {}

    /** Takes one step: the value at the path is replaced, or added behind its siblings. */
    public void set(String path, String literal) {
        Object value = open(literal);
        if (path.isEmpty()) {
            root = value;
            return;
        }
        int slash = path.lastIndexOf('/');
        put(at(path.substring(0, slash)), unescape(path.substring(slash + 1)), value);
    }

    /** Takes one step: the string at the path grows. */
    public void append(String path, String delta) {
        ((StringBuilder) at(path)).append(delta);
    }

    /** The string at the path, as far as it has grown. */
    public String string(String path) {
        return at(path).toString();
    }

    /** The document as JSON text; {@code null} where nothing is known of it. */
    public String json() {
        try {
            return MAPPER.writeValueAsString(root);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("maps, lists, strings and literals can always be written", e);
        }
    }

    /** The document as maps, lists, strings being built and raw literals, which Jackson writes as it stands. */
    @Nullable
    Object value() {
        return root;
    }

    /** The member's name that a token of a JSON Pointer stands for (RFC 6901, section 4). */
    public static String unescape(String token) {
        // ~1 first, or ~01 would become a slash.
        return token.replace("~1", "/").replace("~0", "~");
    }

    private static Object open(String literal) {
        return switch (literal) {
            case "{}" -> new LinkedHashMap<String, Object>();
            case "[]" -> new ArrayList<Object>();
            case "\"\"" -> emptyString();
            default -> new RawValue(literal);
        };
    }

    private static StringBuilder emptyString() {
        return new StringBuilder();
    }

    private Object at(String path) {
        Object value = root;
        for (String token : path.isEmpty() ? new String[0] : path.substring(1).split("/", -1)) {
            value = value instanceof List<?> list
                    ? list.get(Integer.parseInt(token))
                    : value instanceof Map<?, ?> map ? map.get(unescape(token)) : null;
        }
        if (value == null) {
            throw new IllegalArgumentException("no value at " + path);
        }
        return value;
    }

    @SuppressWarnings("unchecked") // Containers are made in open(), with these types.
    private static void put(Object parent, String name, Object value) {
        if (parent instanceof Map<?, ?>) {
            ((Map<String, Object>) parent).put(name, value);
            return;
        }
        List<Object> list = (List<Object>) parent;
        int index = Integer.parseInt(name);
        if (index == list.size()) {
            list.add(value);
        } else {
            list.set(index, value);
        }
    }
}
