package rivulet.feed;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A client's side of the steps: applies each and fails the test on one that no client could apply. Objects are maps,
 * arrays lists, strings what has grown, and all else the literal as it was written.
 */
final class RebuiltDocument implements JsonFields.Steps {
    private record Literal(String text) {}

    private static final class Grown {
        private String text;

        Grown(String text) {
            this.text = text;
        }
    }

    private static final JsonFactory JACKSON = new JsonFactory();

    private @Nullable Object root;
    private int steps;
    private long valueChars;

    /** What the steps of a whole document should come to: Jackson's tokens of it, with the literals of the numbers. */
    static RebuiltDocument parsedByJackson(String json) throws IOException {
        RebuiltDocument document = new RebuiltDocument();
        try (JsonParser parser = JACKSON.createParser(json)) {
            parser.nextToken();
            document.root = read(parser);
        }
        return document;
    }

    private static Object read(JsonParser parser) throws IOException {
        switch (parser.currentToken()) {
            case START_OBJECT -> {
                Map<String, Object> object = new LinkedHashMap<>();
                while (parser.nextToken() != JsonToken.END_OBJECT) {
                    String name = wellFormed(parser.currentName());
                    parser.nextToken();
                    object.put(name, read(parser));
                }
                return object;
            }
            case START_ARRAY -> {
                List<Object> array = new ArrayList<>();
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    array.add(read(parser));
                }
                return array;
            }
            case VALUE_STRING -> {
                return new Grown(wellFormed(parser.getText()));
            }
            default -> {
                return new Literal(parser.getText());
            }
        }
    }

    /** With U+FFFD for each half surrogate, as {@link JsonString} promises. */
    private static String wellFormed(String text) {
        int[] points = text.codePoints()
                .map(point -> point >= Character.MIN_SURROGATE && point <= Character.MAX_SURROGATE ? 0xFFFD : point)
                .toArray();
        return new String(points, 0, points.length);
    }

    @Override
    public void set(String path, String literal) {
        steps++;
        valueChars += literal.length();
        Object value = switch (literal) {
            case "{}" -> new LinkedHashMap<String, Object>();
            case "[]" -> new ArrayList<Object>();
            case "\"\"" -> new Grown("");
            default -> new Literal(literal);
        };
        if (path.isEmpty()) {
            root = value;
        } else {
            int slash = path.lastIndexOf('/');
            put(at(path.substring(0, slash)), name(path.substring(slash + 1)), value);
        }
    }

    @Override
    public void append(String path, String delta) {
        steps++;
        valueChars += delta.length();
        assertFalse(delta.isEmpty(), "an append must append something");
        assertEquals(wellFormed(delta), delta, "no half surrogate may come out");
        Grown string = assertInstanceOf(Grown.class, at(path), "only strings grow");
        string.text += delta;
    }

    @SuppressWarnings("unchecked")
    private static void put(Object container, String name, Object value) {
        if (container instanceof Map) {
            ((Map<String, Object>) container).put(name, value);
        } else {
            List<Object> array = (List<Object>) container;
            assertEquals(String.valueOf(array.size()), name, "an array grows by one at its end");
            array.add(value);
        }
    }

    private Object at(String path) {
        Object value = present("", root);
        if (!path.isEmpty()) {
            assertEquals('/', path.charAt(0), path);
            for (String token : path.substring(1).split("/", -1)) {
                Object below = value instanceof Map<?, ?> object
                        ? object.get(name(token))
                        : ((List<?>) value).get(Integer.parseInt(token));
                value = present(path, below);
            }
        }
        return value;
    }

    private static Object present(String path, @Nullable Object value) {
        assertNotNull(value, "nothing is at " + path);
        return value;
    }

    private static String name(String token) {
        return token.replace("~1", "/").replace("~0", "~");
    }

    /** How many steps were taken. */
    int steps() {
        return steps;
    }

    /** How much the steps carried besides their paths. */
    long valueChars() {
        return valueChars;
    }

    /** Whether this is {@code whole} as it was at some moment: all alike, but the last value may be still growing. */
    boolean isPrefixOf(RebuiltDocument whole) {
        return root == null || isPrefix(root, whole.root);
    }

    private static boolean isPrefix(Object part, @Nullable Object whole) {
        if (part instanceof Map<?, ?> object && whole instanceof Map<?, ?> all) {
            List<?> names = List.copyOf(object.keySet());
            return names.equals(List.copyOf(all.keySet()).subList(0, names.size()))
                    && isPrefix(object.values().iterator(), all.values().iterator());
        }
        if (part instanceof List<?> array && whole instanceof List<?> all) {
            return array.size() <= all.size() && isPrefix(array.iterator(), all.iterator());
        }
        if (part instanceof Grown string && whole instanceof Grown all) {
            return all.text.startsWith(string.text);
        }
        return part.equals(whole);
    }

    private static boolean isPrefix(Iterator<?> part, Iterator<?> whole) {
        while (part.hasNext()) {
            Object value = part.next();
            Object same = whole.next();
            if (part.hasNext() ? !shown(value).equals(shown(same)) : !isPrefix(value, same)) {
                return false;
            }
        }
        return true;
    }

    /** Two documents are alike when they show alike. */
    @Override
    public String toString() {
        return root == null ? "" : shown(root);
    }

    private static String shown(Object value) {
        StringBuilder text = new StringBuilder();
        show(value, text);
        return text.toString();
    }

    private static void show(Object value, StringBuilder text) {
        if (value instanceof Map<?, ?> object) {
            text.append('{');
            object.forEach((name, member) -> {
                quote((String) name, text);
                text.append(':');
                show(member, text);
                text.append(',');
            });
            text.append('}');
        } else if (value instanceof List<?> array) {
            text.append('[');
            array.forEach(element -> {
                show(element, text);
                text.append(',');
            });
            text.append(']');
        } else if (value instanceof Literal literal) {
            text.append(literal.text());
        } else if (value instanceof Grown string) {
            quote(string.text, text);
        }
    }

    private static void quote(String string, StringBuilder text) {
        text.append('"')
                .append(string.replace("\\", "\\\\").replace("\"", "\\\""))
                .append('"');
    }
}
