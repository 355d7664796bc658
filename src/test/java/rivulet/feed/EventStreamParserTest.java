package rivulet.feed;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** An event stream reads as the HTML standard has it (section 9.2.6), wherever it is cut. */
@Timeout(60)
class EventStreamParserTest {
    /** Notes each event as {@code type/data}. */
    private static final class Noted implements EventStreamParser.Events {
        private final List<String> events = new ArrayList<>();

        @Override
        public int usual(byte[] bytes, int from, int to) {
            return 0;
        }

        @Override
        public void event(@Nullable String type, String data) {
            events.add(type + "/" + data);
        }
    }

    private static List<String> read(String stream, int... cuts) throws EventStreamParser.EventTooLarge {
        Noted noted = new Noted();
        EventStreamParser parser = new EventStreamParser(1000, noted);
        byte[] bytes = stream.getBytes(StandardCharsets.UTF_8);
        int from = 0;
        for (int cut : cuts) {
            parser.accept(bytes.clone(), from, cut);
            from = cut;
        }
        parser.accept(bytes, from, bytes.length);
        parser.end();
        return noted.events;
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "data: a~~|null/a",
                "data:a~~|null/a",
                "data:  a~~|null/ a",
                "data~~|null/",
                "data: a~data: b~~|null/a~b",
                "data: a~data~data:~data: b~~|null/a~~~b",
                "event: x~data: a~~|x/a",
                "event: x~event:~data: a~~|null/a",
                "event: x~~data: a~~|null/a",
                "id: 7~data: a~~data: b~~|null/a;null/b",
                ": note~data: a~: note~~|null/a",
                ":~~:~~data: a~~~~|null/a",
                "retry: 5~data: a~~|null/a",
                "Data: x~dat: x~data : x~datax: y~data: a~~|null/a",
                "data: a:b~~|null/a:b",
                "data: é😀~~|null/é😀",
                "data: a|null/a",
                "data: a~|null/a",
                "data: a~~event: x|null/a",
            })
    void eachLineIsRead(String stream, String expected) throws Exception {
        for (String end : List.of("\n", "\r", "\r\n")) {
            String lines = stream.replace("~", end);
            List<String> events = List.of(expected.replace("~", "\n").split(";", -1));
            assertEquals(events, read(lines));
            assertEquals(events, read("\uFEFF" + lines));
            int length = ("\uFEFF" + lines).getBytes(StandardCharsets.UTF_8).length;
            for (int cut = 0; cut <= length; cut++) {
                assertEquals(events, read("\uFEFF" + lines, cut), "cut at " + cut);
            }
        }
    }

    @Test
    void anEventIsToldWithItsLastByte() throws Exception {
        for (String stream : List.of("data: a\n\n", "data: a\r\r", "data: a\r\n\r")) {
            Noted noted = new Noted();
            EventStreamParser parser = new EventStreamParser(1000, noted);
            byte[] bytes = stream.getBytes(StandardCharsets.UTF_8);
            for (int i = 0; i < bytes.length; i++) {
                assertTrue(noted.events.isEmpty());
                parser.accept(bytes, i, i + 1);
            }
            assertEquals(List.of("null/a"), noted.events);
        }
    }

    @Test
    void onlyAMarkAtTheBeginningIsDropped() throws Exception {
        assertEquals(List.of("null/\uFEFFa"), read("data: \uFEFFa\n\n"));
        assertEquals(List.of("null/b"), read("\uFEFF\uFEFFdata: a\n\ndata: b\n\n"));
        byte[] half = {(byte) 0xEF, (byte) 0xBB};
        Noted noted = new Noted();
        EventStreamParser parser = new EventStreamParser(1000, noted);
        parser.accept(half, 0, 2);
        parser.accept("\ndata: a\n\n".getBytes(StandardCharsets.UTF_8), 0, 10);
        parser.end();
        assertEquals(List.of("null/a"), noted.events);
    }

    @Test
    void anEventIsBoundedAndAStreamIsNot() throws Exception {
        String most = "data: " + "x".repeat(900) + "\n\n";
        assertEquals(100, read(most.repeat(100)).size());
        assertEquals(1, read((": " + "x".repeat(900) + "\n").repeat(100) + most).size());
        assertThrows(EventStreamParser.EventTooLarge.class, () -> read("data: " + "x".repeat(1000)));
        assertThrows(EventStreamParser.EventTooLarge.class, () -> read("data: xxxxxx\n".repeat(200)));
        assertThrows(EventStreamParser.EventTooLarge.class, () -> read("data:\n".repeat(2000)));
        assertEquals(1, read("id: 123456789\n".repeat(200) + "data: x\n\n").size());
        assertThrows(EventStreamParser.EventTooLarge.class, () -> read(": " + "x".repeat(2000)));
    }

    @Test
    void usualEventsAreOfferedBetweenEventsOnly() throws Exception {
        List<String> told = new ArrayList<>();
        EventStreamParser.Events events = new EventStreamParser.Events() {
            @Override
            public int usual(byte[] bytes, int from, int to) {
                String all = new String(bytes, from, to - from, StandardCharsets.UTF_8);
                if (!all.startsWith("data: usual\n\n")) {
                    return 0;
                }
                told.add("short");
                return "data: usual\n\n".length();
            }

            @Override
            public void event(@Nullable String type, String data) {
                told.add(data);
            }
        };
        String stream = "data: usual\n\ndata: a\n\ndata: usual\n\ndata: b\ndata: usual\n\ndata: usual\n\n";
        List<String> expected = List.of("short", "a", "short", "b\nusual", "short");
        byte[] bytes = stream.getBytes(StandardCharsets.UTF_8);
        Random random = new Random(1);
        for (int round = 0; round < 500; round++) {
            told.clear();
            EventStreamParser parser = new EventStreamParser(1000, events);
            int at = 0;
            while (at < bytes.length) {
                int to = round == 0 ? bytes.length : Math.min(bytes.length, at + 1 + random.nextInt(20));
                parser.accept(bytes, at, to);
                at = to;
            }
            parser.end();
            // One that is cut goes the long way, and says the same.
            List<String> same =
                    told.stream().map(t -> t.equals("usual") ? "short" : t).toList();
            assertEquals(expected, same);
            assertTrue(round > 0 || told.equals(expected));
        }
        told.clear();
        byte[] marked = "data: usual\n\n\uFEFFdata: a\n\n".getBytes(StandardCharsets.UTF_8);
        new EventStreamParser(1000, events).accept(marked, 0, marked.length);
        assertEquals(List.of("short"), told, "a mark that is not at the beginning");
    }
}
