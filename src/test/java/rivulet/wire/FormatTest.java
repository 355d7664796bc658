package rivulet.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import rivulet.log.Entry;
import rivulet.log.Event;
import rivulet.log.Kind;

/** What an entry is written as, to the byte. */
class FormatTest {
    private static final Event.Start START = new Event.Start("0123456789abcdefghijkl", Kind.CHAT, null);

    @ParameterizedTest
    @ValueSource(ints = {1, 9, 10, 99, 100, 12_345, Integer.MAX_VALUE})
    void theIdEndsInTheIndex(int index) {
        Entry entry = new Entry(START, index, new Event.Text("Hello"));
        String id = "id: 0123456789abcdefghijkl." + index + "\n\n";
        assertEquals("data: Hello\n" + id, shown(Format.TEXT, entry));
        assertEquals("data: {\"delta\":\"Hello\"}\n" + id, shown(Format.JSON, entry));
    }

    @ParameterizedTest
    @ValueSource(strings = {" ", "~\u007f", "é", "a\u0080", "流れ", "😀!", "ends in é"})
    void aTextOfOneLineIsItsOwnUtf8(String text) {
        Entry entry = new Entry(START, 1, new Event.Text(text));
        assertEquals("data: " + text + "\nid: 0123456789abcdefghijkl.1\n\n", shown(Format.TEXT, entry));
    }

    @ParameterizedTest
    @ValueSource(strings = {"é\nb", "é\rb", "é\r\nb"})
    void anyLineEndMakesAFurtherLine(String text) {
        Entry entry = new Entry(START, 1, new Event.Text(text));
        assertEquals("data: é\ndata: b\nid: 0123456789abcdefghijkl.1\n\n", shown(Format.TEXT, entry));
    }

    /** Where Python's splitlines and Swift's lines end one, too. */
    @Test
    void jsonIsOneLineForThoseWhoEndLinesAsUnicodeDoes() {
        Entry text = new Entry(START, 1, new Event.Text("é\u0085b\u2028\u2029\u2030"));
        String escaped = "\"é\\u0085b\\u2028\\u2029\u2030\"}";
        assertEquals("data: {\"delta\":" + escaped + "\nid: 0123456789abcdefghijkl.1\n\n", shown(Format.JSON, text));
        assertEquals("{\"n\":1,\"delta\":" + escaped + "\n", shown(Format.NDJSON, text));
        Entry field = new Entry(START, 1, new Event.FieldAppend("/a", "\u2028"));
        assertEquals(
                "data: {\"status\":\"chunk\",\"data\":{\"a\":\"\\u2028\"}}\nid: 0123456789abcdefghijkl.1\n\n",
                shown(Format.STATUS, field));
    }

    private static String shown(Format format, Entry entry) {
        return new String(format.encode(entry), StandardCharsets.UTF_8);
    }
}
