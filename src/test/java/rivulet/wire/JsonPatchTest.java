package rivulet.wire;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.stream.IntStream;
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
        JsonPatch patch = new JsonPatch(log, 1);
        assertSame(patch.frame(entry), patch.frame(entry));
        List<byte[]> frames = IntStream.range(0, 3)
                .mapToObj(i -> new JsonPatch(log, 1).frame(entry))
                .toList();
        assertArrayEquals(frames.get(1), frames.get(2));
        assertNotSame(frames.get(1), frames.get(2));
    }
}
