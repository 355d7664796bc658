package rivulet.wire;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import rivulet.log.Entry;
import rivulet.log.Event;
import rivulet.log.FinishReason;
import rivulet.log.Kind;
import rivulet.log.MemoryStore;
import rivulet.log.StreamLog;

/** A patch holds the whole of a string so far, so nobody keeps it but the viewer that is sent it, and it is never less. */
class JsonPatchTest {
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();

    @AfterEach
    void stop() {
        timer.shutdownNow();
    }

    private StreamLog log() {
        return new MemoryStore(Duration.ofMinutes(1), timer, new SecureRandom(), 1 << 20, Runnable::run)
                .create(Kind.STRUCTURED, null);
    }

    @ParameterizedTest
    @EnumSource(names = {"PATCH", "STATUS"})
    void whoHasMoreThanTheLogHasYetMissesNothingOfItLater(Format format) {
        // As on another node, a moment behind the one that the viewer comes from.
        StreamLog log = log();
        Function<Entry, byte[]> ahead = format.encoder(log, 4);
        log.append(new Event.FieldSet("", "{}"));
        log.append(new Event.FieldSet("/n", "1"));
        log.append(new Event.FieldSet("/t", "\"\""));
        log.append(new Event.FieldAppend("/t", "long"));
        Function<Entry, byte[]> whole = format.encoder(log, 4);
        log.append(new Event.FieldAppend("/t", "er"));
        log.append(new Event.Done(FinishReason.STOP, null, null, null, Duration.ZERO));
        for (Entry entry : log.read(4, 2)) {
            assertEquals(
                    new String(whole.apply(entry), StandardCharsets.UTF_8),
                    new String(ahead.apply(entry), StandardCharsets.UTF_8));
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"PATCH", "STATUS"})
    void whoHasTheEndIsToldItAgain(Format format) {
        StreamLog log = log();
        log.append(new Event.FieldSet("", "{}"));
        log.append(new Event.Done(FinishReason.STOP, null, null, null, Duration.ZERO));
        byte[] again = format.encoder(log, 2).apply(log.read(2, 1).get(0));
        assertEquals(
                new String(format.encoder(log, -1).apply(log.read(2, 1).get(0)), StandardCharsets.UTF_8),
                new String(again, StandardCharsets.UTF_8));
    }

    @Test
    void anEntryDoesNotKeepItsPatch() {
        StreamLog log = log();
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
