package rivulet.telemetry;

import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import rivulet.log.Excerpt;

/**
 * One line of the access log. What a caller may have chosen cannot end it, or look like another field: whatever is not
 * plain is quoted, and in quotes nothing that a terminal or a reader of logs obeys stands as itself.
 */
final class Line {
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9._/:@+*{}<>\\[\\]-]+");
    /** Of one value: the line is for people, and stays one line for what collects it. */
    private static final int MOST_CHARS = 200;

    private final boolean json;
    private final StringBuilder text = new StringBuilder(256);

    Line(LineFormat format) {
        json = format == LineFormat.JSON;
    }

    /** Adds a text; nothing if there is none. */
    Line with(String name, @Nullable String value) {
        if (value != null) {
            name(name);
            String shown = Excerpt.of(value, MOST_CHARS);
            if (!json && PLAIN.matcher(shown).matches()) {
                text.append(shown);
            } else {
                quote(shown);
            }
        }
        return this;
    }

    /** Adds a number; nothing if there is none. */
    Line with(String name, @Nullable Long value) {
        if (value != null) {
            name(name);
            text.append(value.longValue());
        }
        return this;
    }

    @Override
    public String toString() {
        return json ? "{" + text + "}" : text.toString();
    }

    private void name(String name) {
        if (json) {
            text.append(text.isEmpty() ? "" : ",").append('"').append(name).append("\":");
        } else {
            text.append(text.isEmpty() ? "" : " ").append(name).append('=');
        }
    }

    private void quote(String value) {
        text.append('"');
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            switch (c) {
                case '"', '\\' -> text.append('\\').append(c);
                case '\n' -> text.append("\\n");
                case '\r' -> text.append("\\r");
                case '\t' -> text.append("\\t");
                default -> {
                    if (isHarmless(c)) {
                        text.append(c);
                    } else {
                        text.append("\\u").append("%04x".formatted((int) c));
                    }
                }
            }
        }
        text.append('"');
    }

    /** Not those that move the cursor, end a line, turn the direction of writing, or are but half a character. */
    private static boolean isHarmless(char c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL, Character.FORMAT, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR -> false;
            case Character.SURROGATE, Character.UNASSIGNED, Character.PRIVATE_USE -> false;
            default -> true;
        };
    }
}
