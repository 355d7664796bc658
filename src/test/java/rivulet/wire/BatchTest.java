package rivulet.wire;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.ref.Reference;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import rivulet.log.Encoding;
import rivulet.log.Event;
import rivulet.log.Kind;
import rivulet.log.MemoryStore;
import rivulet.log.StreamLog;

/** What a viewer that does not read keeps in memory is one batch, and a batch is short or everybody's. */
@Timeout(value = 30, unit = TimeUnit.SECONDS)
class BatchTest {
    private static final Encoding FORMAT = Format.JSON;

    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();

    @AfterEach
    void stop() {
        timer.shutdownNow();
    }

    private StreamLog log(long maxBytes, String delta, int count) {
        StreamLog log = new MemoryStore(Duration.ofMinutes(1), timer, new SecureRandom(), maxBytes, Runnable::run)
                .create(Kind.CHAT, null);
        for (int i = 0; i < count; i++) {
            log.append(new Event.Text(delta));
        }
        return log;
    }

    private static Batch after(int position, StreamLog log) {
        return Batch.after(position, log, true, entry -> entry.encoded(FORMAT));
    }

    @Test
    void howeverFarBehindAViewerIsItsBatchIsShort() {
        StreamLog log = log(1L << 30, "word", 5000);
        int position = -1;
        while (position < 5000) {
            Batch batch = after(position, log);
            assertTrue(batch.last() > position);
            assertTrue(batch.bytes().length <= 16 * 1024, batch.bytes().length + " bytes");
            position = batch.last();
        }
    }

    @Test
    void aLongFrameIsOneForAllViewers() {
        StreamLog log = log(1L << 30, "x".repeat(100_000), 2);
        assertTrue(after(0, log).bytes() == after(0, log).bytes());
        StreamLog folded = log(12_000, "x".repeat(100), 10_000);
        Batch inFlight = after(0, folded);
        try {
            System.gc();
            assertTrue(inFlight.bytes().length > 100_000);
            assertTrue(inFlight.bytes() == after(0, folded).bytes());
        } finally {
            // Held until here: a snapshot that nobody is being sent is not kept.
            Reference.reachabilityFence(inFlight);
        }
    }

    @Test
    void theStartComesBeforeASnapshot() {
        StreamLog log = log(12_000, "word", 3000);
        String frames = new String(after(-1, log).bytes(), StandardCharsets.UTF_8);
        assertTrue(frames.matches("(?s)event: start\n.*\n\nevent: snapshot\n.*"), frames);
        assertTrue(after(-1, log).last() > 1000);
    }
}
