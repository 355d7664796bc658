package rivulet.bench;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What the upstream is asked to say, written in the model's name: {@code soak-<number>-<form>-<deltas>-<micros>-<fault>-<after>}.
 * So whoever asks knows each piece of the answer. No two numbers have the same text.
 *
 * @param number of the question
 * @param form of the answer
 * @param deltas how many
 * @param micros between two; 0: as fast as the peer reads
 * @param fault what goes wrong
 * @param after how many deltas it does; for a refusal the status
 */
record Script(int number, Form form, int deltas, long micros, Fault fault, int after) {
    private static final Pattern MODEL =
            Pattern.compile("\"model\":\\s*\"soak-(\\d+)-(\\w+)-(\\d+)-(\\d+)-(\\w+)-(\\d+)\"");
    /** What pieces may do to whoever cuts, escapes and joins them. */
    private static final String[] WORDS = {
        " word",
        " \"quoted\"",
        "\n",
        "\n\n",
        " é",
        "流",
        " 😀",
        " \\",
        " a longer piece of text",
        "\t",
        "\r\n",
        " data: x",
        " 가",
        ","
    };
    /** How a document is cut. */
    private static final int PIECE_CHARS = 7;

    /** What an answer is. */
    enum Form {
        PROSE,
        /** {@code {"title":…,"summary":…}}. */
        DOCUMENT
    }

    /** What goes wrong at the upstream. */
    enum Fault {
        NONE,
        REFUSED,
        CUT,
        STALLED
    }

    /** The script in a question; null if it has none. */
    static @Nullable Script in(CharSequence question) {
        Matcher model = MODEL.matcher(question);
        return model.find()
                ? new Script(
                        Integer.parseInt(model.group(1)),
                        Form.valueOf(model.group(2).toUpperCase(Locale.ROOT)),
                        Integer.parseInt(model.group(3)),
                        Long.parseLong(model.group(4)),
                        Fault.valueOf(model.group(5).toUpperCase(Locale.ROOT)),
                        Integer.parseInt(model.group(6)))
                : null;
    }

    /** A document of about so many characters, whole. */
    static Script document(int number, int words, long micros) {
        Script asked = new Script(number, Form.DOCUMENT, words, micros, Fault.NONE, 0);
        int pieces = (asked.document(words).length() + PIECE_CHARS - 1) / PIECE_CHARS;
        return new Script(number, Form.DOCUMENT, pieces, micros, Fault.NONE, words);
    }

    String model() {
        return "soak-%d-%s-%d-%d-%s-%d"
                .formatted(number, form, deltas, micros, fault, after)
                .toLowerCase(Locale.ROOT);
    }

    /** All that is said: what goes wrong cuts it, but changes nothing. */
    String text() {
        return form == Form.DOCUMENT ? document(after) : words(deltas);
    }

    /** The document's member of that name. */
    String summary() {
        return words(after);
    }

    boolean breaksAfter(int said) {
        return (fault == Fault.CUT || fault == Fault.STALLED) && said == after;
    }

    /** One delta in an HTTP chunk of its own, as Chat Completions has it. */
    byte[] chunk(int index) {
        String event = "data: {\"id\":\"chatcmpl-soak\",\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,"
                + "\"delta\":{\"content\":\"" + escaped(piece(index)) + "\"},\"finish_reason\":null}]}\n\n";
        byte[] bytes = event.getBytes(StandardCharsets.UTF_8);
        ByteArrayOutputStream chunk = new ByteArrayOutputStream(bytes.length + 8);
        chunk.writeBytes((Integer.toHexString(bytes.length) + "\r\n").getBytes(StandardCharsets.US_ASCII));
        chunk.writeBytes(bytes);
        chunk.writeBytes("\r\n".getBytes(StandardCharsets.US_ASCII));
        return chunk.toByteArray();
    }

    /** The whole response of an upstream that refuses. */
    byte[] refusal() {
        String body = "{\"error\":{\"message\":\"refused, as asked\",\"type\":\"soak\"}}";
        return "HTTP/1.1 %d Refused\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
                .formatted(after, body.length(), body)
                .getBytes(StandardCharsets.US_ASCII);
    }

    private String piece(int index) {
        if (form == Form.DOCUMENT) {
            String document = document(after);
            return document.substring(index * PIECE_CHARS, Math.min(document.length(), (index + 1) * PIECE_CHARS));
        }
        return word(index);
    }

    private String words(int count) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < count; i++) {
            text.append(word(i));
        }
        return text.toString();
    }

    private String word(int index) {
        return Integer.toString(number, 36) + "." + Integer.toString(index, 36)
                + WORDS[(number + index) % WORDS.length];
    }

    private String document(int words) {
        return "{\"title\":\"" + number + "\",\"summary\":\"" + quoted(words(words)) + "\"}";
    }

    /** As {@link #quoted}; halves of a surrogate pair stand alone where a piece is cut there, so they are escaped too. */
    private static String escaped(String piece) {
        StringBuilder escaped = new StringBuilder();
        for (char c : quoted(piece).toCharArray()) {
            escaped.append(Character.isSurrogate(c) ? "\\u%04x".formatted((int) c) : String.valueOf(c));
        }
        return escaped.toString();
    }

    private static String quoted(String text) {
        return String.valueOf(JsonStringEncoder.getInstance().quoteAsString(text));
    }
}
