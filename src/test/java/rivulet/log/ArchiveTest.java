package rivulet.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import rivulet.TestServer;

/** Ended logs are got back from the archive as they were, for as long as they are to be. */
@Timeout(60)
class ArchiveTest {
    private static final Duration RETENTION = Duration.ofMillis(80);
    private static final Duration SPAN = Duration.ofMillis(10);
    private static final long PLENTY = 1L << 30;

    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    /** It wraps meanwhile, as nanoTime may. */
    private final AtomicLong clock = new AtomicLong(Long.MAX_VALUE - 10);

    private final AtomicLong bytes = new AtomicLong();
    private Archive archive = archive(PLENTY);

    @AfterEach
    void stop() {
        timer.shutdownNow();
    }

    private Archive archive(long maxBytes) {
        return new Archive(RETENTION, Duration.ofMillis(5), timer, clock::get, maxBytes, bytes::addAndGet);
    }

    private void pass(Duration time) {
        clock.addAndGet(time.toNanos());
    }

    @Test
    void aLogIsGotBackAsItWas() {
        List<Event.Start> starts = List.of(
                new Event.Start("Qm3vT0c8yHs2LxWn5aBdEg", Kind.CHAT, "gpt-4o-mini", "ann"),
                new Event.Start("-m3vT0c8yHs2LxWn5aBdE_", Kind.FAKE_LLM, null, null),
                new Event.Start("a".repeat(64), Kind.STRUCTURED, "모델 \"x\" 👩‍👩‍👧", ""),
                new Event.Start("a".repeat(16), Kind.COUNTDOWN, "", "bé"));
        for (Event.Start start : starts) {
            assertTrue(archive.add(packed(start, EveryEvent.deltas().subList(0, 41))));
        }
        for (Event.Start start : starts) {
            List<Event> expected = new ArrayList<>(List.of(start));
            expected.addAll(EveryEvent.deltas().subList(0, 41));
            expected.add(EveryEvent.done());
            MemoryLog log = new MemoryLog(found(start.stream()));
            assertEquals(start, log.start());
            assertTrue(log.ended());
            assertEquals(expected.size() - 1, log.head());
            List<Entry> read = new ArrayList<>();
            log.readUpTo(-1, log.head(), read::add);
            assertEquals(expected, read.stream().map(Entry::event).toList());
            assertEquals(EveryEvent.done(), log.read(log.head(), 1).get(0).event(), "whoever has it is given it again");
        }
    }

    @Test
    void eachOfManyIsFoundAndNoOther() {
        List<String> ids = IntStream.range(0, 5000).mapToObj(ArchiveTest::id).toList();
        ids.forEach(this::add);
        for (String id : ids) {
            assertEquals(id, found(id).start().stream());
            assertEquals(Optional.empty(), archive.find(id + "x"));
            assertEquals(Optional.empty(), archive.find(id.substring(1)));
        }
    }

    @Test
    void thoseWhoseIdsHaveOneHashAreToldApart() {
        List<String> ids = List.of("AaAaAaAaAaAaAaAa", "AaAaAaAaAaAaAaBB", "BBAaAaAaAaAaAaAa", "BBBBBBBBBBBBBBBB");
        assertEquals(1, ids.stream().map(String::hashCode).distinct().count());
        ids.subList(0, 3).forEach(this::add);
        archive.remove(ids.get(0));
        assertEquals(Optional.empty(), archive.find(ids.get(0)));
        assertEquals(ids.get(1), found(ids.get(1)).start().stream());
        assertEquals(ids.get(2), found(ids.get(2)).start().stream());
        assertEquals(Optional.empty(), archive.find(ids.get(3)));
    }

    @Test
    void aLogIsFoundForItsTimeToTheNanosecondAndItsMemoryGivenBackThen() {
        add(id(1));
        pass(SPAN);
        add(id(2));
        pass(RETENTION.minus(SPAN));
        found(id(1));
        pass(Duration.ofNanos(1));
        assertEquals(Optional.empty(), archive.find(id(1)));
        found(id(2));
        assertTrue(bytes.get() > 0);
        pass(SPAN.minusNanos(1));
        found(id(2));
        pass(Duration.ofNanos(1));
        assertEquals(Optional.empty(), archive.find(id(2)));
        TestServer.await("nothing is held", () -> bytes.get() == 0);
        assertEquals(-1, archive.waited());
    }

    @Test
    void laterOnesAreHeldBesideThoseWhoseTimeIsOver() {
        add(id(1));
        pass(SPAN.plusNanos(1));
        long first = bytes.get();
        add(id(2));
        pass(RETENTION);
        TestServer.await("the first is given back", () -> bytes.get() == first);
        found(id(2));
        add(id(3));
        found(id(3));
    }

    @ParameterizedTest
    @CsvSource({"300, 20_000", "3000, 1_000_000_000"})
    void theOldestAreForgottenTogetherAndFew(int count, long maxBytes) {
        archive = archive(maxBytes);
        for (int i = 0; i < count; i++) {
            add(id(i));
            pass(Duration.ofNanos(1));
        }
        int gone = 0;
        while (bytes.get() > 0) {
            assertTrue(archive.waited() > 0);
            long before = bytes.get();
            assertTrue(archive.forgetOldest());
            assertTrue(before - bytes.get() <= Math.min(maxBytes / 16, Segment.MAX_BYTES));
            while (gone < count && archive.find(id(gone)).isEmpty()) {
                gone++;
            }
            for (int i = gone; i < count; i += 97) {
                found(id(i));
            }
        }
        assertEquals(count, gone);
        assertFalse(archive.forgetOldest());
        add(id(1));
        found(id(1));
    }

    @Test
    void whatIsTooLargeIsLeft() {
        archive = archive(16_000);
        add(id(1));
        long before = bytes.get();
        assertFalse(archive.add(packed(start(id(2)), List.of(new Event.Text("x".repeat(1000))))));
        assertEquals(Optional.empty(), archive.find(id(2)));
        assertEquals(before, bytes.get());
        add(id(3));
        found(id(1));
        found(id(3));
    }

    private void add(String id) {
        assertTrue(archive.add(packed(start(id), List.of(new Event.Text(id)))));
    }

    private Packed found(String id) {
        return archive.find(id).orElseThrow(() -> new AssertionError(id));
    }

    private static String id(int number) {
        return "%016d".formatted(number);
    }

    private static Event.Start start(String id) {
        return new Event.Start(id, Kind.CHAT, "m");
    }

    /** In several runs, as a log that has grown has them. */
    private static List<Packed> packed(Event.Start start, List<Event> deltas) {
        List<Entry> entries = new ArrayList<>(List.of(new Entry(start, 0, start)));
        deltas.forEach(delta -> entries.add(new Entry(start, entries.size(), delta)));
        entries.add(new Entry(start, entries.size(), EveryEvent.done()));
        List<Packed> runs = new ArrayList<>();
        for (int from = 0; from < entries.size(); from += 20) {
            runs.add(Packed.of(entries.subList(from, Math.min(entries.size(), from + 20))));
        }
        return runs;
    }
}
