package rivulet.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** An event comes back from its JSON as it went in. */
@Timeout(value = 20, unit = TimeUnit.SECONDS)
class EventJsonTest {
    @Test
    void everyEventComesBackEqual() {
        for (Kind kind : Kind.values()) {
            Event.Start start = new Event.Start("Qm3vT0c8yHs2LxWn5aBdEg", kind, kind == Kind.CHAT ? "m" : null);
            List<Event> events = new ArrayList<>(EveryEvent.deltas());
            events.add(start);
            events.add(EveryEvent.done());
            events.add(EveryEvent.failed());
            events.add(RedisReaper.OWNER_LOST);
            for (Event event : events) {
                String json = new String(EventJson.payload(new Entry(start, 7, event)), StandardCharsets.UTF_8);
                assertEquals(event, EventJson.event(EventJson.name(event).orElse(null), json), json);
            }
        }
    }

    @Test
    void memberOrderAndWhiteSpaceDoNotMatter() {
        assertEquals(
                new Event.FieldSet("/a", "[1, 2 ]"),
                EventJson.event("field", " { \"value\" : [1, 2 ] ,\"later\":{}, \"path\":\"/a\" } "));
    }

    @Test
    void whatIsNoEventIsRefused() {
        for (String json : List.of("", "[]", "{", "{}", "null", "{\"delta\":\"\"}", "{\"delta\":\"a\"")) {
            assertThrows(RuntimeException.class, () -> EventJson.event(null, json), json);
        }
        assertThrows(IllegalArgumentException.class, () -> EventJson.event("unheard", "{}"));
        assertThrows(
                IllegalArgumentException.class, () -> EventJson.event("start", "{\"stream\":\"x\",\"kind\":\"y\"}"));
    }
}
