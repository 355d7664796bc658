package rivulet.wire;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.security.SecureRandom;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import rivulet.log.Entry;
import rivulet.log.Event;
import rivulet.log.Kind;
import rivulet.log.MemoryStore;
import rivulet.log.StreamLog;

/** A patch holds the whole of a string so far, so nobody keeps it but the viewer that is sent it. */
class JsonPatchTest {
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();

    @AfterEach
    void stop() {
        timer.shutdownNow();
    }

    @Test
    void anEntryDoesNotKeepItsPatch() {
        StreamLog log = new MemoryStore(Duration.ofMinutes(1), timer, new SecureRandom(), 1 << 20, Runnable::run)
                .create(Kind.STRUCTURED, null);
        log.append(new Event.FieldSet("", "\"\""));
        log.append(new Event.FieldAppend("", "long"));
        Entry entry = log.read(1, 1).get(0);
        JsonPatch one = new JsonPatch(log, 1);
        byte[] frame = one.frame(entry);
        assertSame(frame, one.frame(entry));
        byte[] again = new JsonPatch(log, 1).frame(entry);
        assertArrayEquals(frame, again);
        assertNotSame(frame, again);
    }
}
