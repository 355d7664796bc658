package rivulet.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import rivulet.Noise;
import rivulet.TestServer;

/** The store in memory keeps the contract. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class MemoryStoreTest extends StreamLogContract {
    private static final List<String> WORDS =
            List.of("the", "answer", "of", "a", "model", "is", "made", "from", "words", "that", "come", "again", "and");

    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    private LogStore store = store(Duration.ofMinutes(1), 1L << 30, Runnable::run);

    @AfterEach
    void stop() {
        store.close();
        timer.shutdownNow();
    }

    @Override
    LogStore writing() {
        return store;
    }

    @Override
    LogStore reading() {
        return store;
    }

    @Override
    void bound(long maxBytes) {
        store = store(Duration.ofMinutes(1), maxBytes, Runnable::run);
    }

    @Override
    LogStore keeping(Duration retention) {
        store = store(retention, 1L << 30, Runnable::run);
        return store;
    }

    @Test
    void underPressureEndedStreamsGoOldestFirstAndWhoReadsThemReadsOn() throws InterruptedException {
        bound(1_000_000);
        StreamLog live = store.create(Kind.CHAT, null);
        live.append(new Event.Text("x".repeat(20_000)));
        StreamLog oldest = ended();
        List<StreamLog> more = Stream.generate(this::ended).limit(60).toList();
        assertTrue(store.find(live.start().stream()).isPresent());
        assertTrue(store.find(oldest.start().stream()).isEmpty());
        assertTrue(store.find(more.get(59).start().stream()).isPresent());
        assertEquals(3, readToEnd(oldest).size());
        assertFalse(store.full());
    }

    @Test
    void aShortStreamTakesLittleOnceItHasEnded() throws InterruptedException {
        StreamLog log = store.create(Kind.CHAT, "m");
        for (int i = 0; i < 10; i++) {
            log.append(new Event.Text("wörd " + i));
        }
        long live = store.bytes();
        log.append(EveryEvent.done());
        awaitBytesBelow(live / 3);
        List<Event> read = events(readToEnd(log));
        assertEquals(12, read.size());
        assertEquals(new Event.Text("wörd 9"), read.get(10));
    }

    @Test
    void whoBeganAnEndedStreamIsKnown() throws InterruptedException {
        Event.Start start = new Event.Start(store.newId(), Kind.CHAT, "m", "ann");
        StreamLog log = store.create(start);
        log.append(EveryEvent.done());
        // Unpacked, the two entries and their log take more.
        awaitBytesBelow(1000);
        assertEquals(List.of(start, EveryEvent.done()), events(readToEnd(log)));
    }

    @Test
    void anEndedStreamIsFoundWhileItIsArchived() throws InterruptedException {
        List<StreamLog> left =
                new ArrayList<>(Stream.generate(this::shortEnded).limit(500).toList());
        List<StreamLog> all = List.copyOf(left);
        while (!left.isEmpty()) {
            left.removeIf(log -> store.find(log.start().stream()).orElseThrow() != log);
        }
        for (StreamLog log : all) {
            List<Event> read = events(readToEnd(store.find(log.start().stream()).orElseThrow()));
            assertEquals(events(readToEnd(log)), read);
            assertEquals(List.of(log.start(), new Event.Text(log.start().stream()), EveryEvent.done()), read);
        }
    }

    @Test
    void whatIsArchivedIsGivenBackWhenItIsForgottenAndWhoHasItReadsOn() throws InterruptedException {
        store = keeping(Duration.ofMillis(50));
        List<StreamLog> all = Stream.generate(this::shortEnded).limit(50).toList();
        TestServer.await("nothing is held", () -> store.bytes() == 0);
        for (StreamLog log : all) {
            assertEquals(Optional.empty(), store.find(log.start().stream()));
            assertEquals(3, readToEnd(log).size());
        }
    }

    @Test
    void aCrowdThatComesForAnEndedStreamSharesIt() {
        StreamLog log = shortEnded();
        String id = log.start().stream();
        TestServer.await("it is archived", () -> store.find(id).orElseThrow() != log);
        StreamLog again = store.find(id).orElseThrow();
        boolean shared = false;
        for (int i = 0; i < 1000 && !shared; i++) {
            // It is let go of again in a moment, perhaps just now.
            StreamLog last = again;
            again = store.find(id).orElseThrow();
            shared = again == last;
        }
        assertTrue(shared);
        ((MemoryStore) store).drop(id);
        assertEquals(Optional.empty(), store.find(id));
    }

    @Test
    void aStoreFullOfLiveStreamsSaysSoUntilOneIsOver() {
        bound(1_000_000);
        StreamLog log = store.create(Kind.CHAT, null);
        log.append(new Event.Text("x".repeat(300_000)));
        assertTrue(store.full());
        log.append(EveryEvent.done());
        assertFalse(store.full());
    }

    @Test
    void aStoreFullOfEndedStreamsIsNeverFullHoweverFastOthersGrow() throws Exception {
        bound(1_000_000);
        AtomicBoolean over = new AtomicBoolean();
        CompletableFuture<?> growing = TestServer.meanwhile(() -> {
            while (!over.get()) {
                ended();
            }
            return over;
        });
        try {
            for (int i = 0; i < 20_000_000; i++) {
                assertFalse(store.full());
            }
        } finally {
            over.set(true);
            growing.get(30, TimeUnit.SECONDS);
        }
    }

    @Test
    void manyLiveStreamsThatTakeTooMuchAreFolded() throws InterruptedException {
        bound(400_000);
        List<StreamLog> logs =
                Stream.generate(() -> store.create(Kind.CHAT, null)).limit(100).toList();
        // A third more than there is room for, as it is.
        for (int round = 0; round < 14; round++) {
            logs.forEach(log -> append(log, 1));
        }
        assertFalse(store.full());
        assertTrue(logs.stream().anyMatch(log -> log.snapshot(0).isPresent()));
        for (StreamLog log : logs) {
            log.append(EveryEvent.done());
            assertEquals(16, readToEnd(log).size());
        }
    }

    @Test
    void endedStreamsGoBeforeALiveOneIsFolded() {
        bound(80_000);
        StreamLog ended = ended();
        StreamLog live = store.create(Kind.CHAT, null);
        append(live, 1000);
        assertTrue(store.find(ended.start().stream()).isPresent());
        while (store.find(ended.start().stream()).isPresent()) {
            append(live, 1);
        }
        assertEquals(Optional.empty(), live.snapshot(0), "that was room enough");
        for (int i = 0; i < 5; i++) {
            live.append(noise(25_000));
        }
        assertTrue(live.snapshot(0).isPresent());
    }

    @Test
    void whatIsFoldedIsCountedOnceAndAllOfItGivenBack() {
        bound(500_000);
        StreamLog log = store.create(Kind.CHAT, null);
        append(log, 20_000);
        assertFalse(store.full());
        log.append(EveryEvent.done());
        ((MemoryStore) store).drop(log.start().stream());
        StreamLog last = store.create(Kind.CHAT, null);
        last.append(new Event.Text("x".repeat(120_000)));
        assertFalse(store.full(), "480,600 of 500,000 bytes");
        store.create(Kind.CHAT, null).append(new Event.Text("x".repeat(6_000)));
        assertTrue(store.full(), "and 24,600 more; the newest of a log is never folded");
    }

    @Test
    void aLongAnswerTakesHalfOfItsTextAndReadsAsBefore() throws InterruptedException {
        StreamLog log = store.create(Kind.CHAT, null);
        List<Event> sent = new ArrayList<>(List.of(log.start()));
        Random random = new Random(1);
        long textBytes = 0;
        for (int i = 0; i < 20_000; i++) {
            Event word = new Event.Text(" " + WORDS.get(random.nextInt(WORDS.size())));
            textBytes += word.weight();
            log.append(word);
            sent.add(word);
        }
        assertTrue(store.bytes() < 64 * 1024, store.bytes() + " bytes");
        assertTrue(store.bytes() < textBytes / 2, store.bytes() + " of " + textBytes + " bytes");
        for (Event event : List.of(noise(80_000), noise(25_000), EveryEvent.done())) {
            log.append(event);
            sent.add(event);
        }
        assertEquals(sent, events(readToEnd(log)));
        for (int after = -1; after < sent.size() - 1; after += 397) {
            List<Entry> next = log.read(after, 3);
            assertEquals(after + 1, next.get(0).index());
            assertEquals(sent.subList(after + 1, after + 1 + next.size()), events(next));
        }
    }

    @Test
    void aLargeEntryIsNotDeflatedBehindALittleEither() throws InterruptedException {
        StreamLog log = store.create(Kind.CHAT, null);
        append(log, 30);
        assertTrue(store.bytes() < 7_000, "some are packed: " + store.bytes() + " bytes");
        log.append(new Event.Text("x".repeat(70_000)));
        append(log, 20);
        assertTrue(store.bytes() > 70_000, "who deflates it has other streams to see to: " + store.bytes() + " bytes");
        log.append(EveryEvent.done());
        assertEquals(53, readToEnd(log).size());
        ((MemoryStore) store).drop(log.start().stream());
        assertEquals(0, store.bytes());
    }

    @Test
    void whoHasJustReadALargeEntryIsNotGivenItOnceMore() throws InterruptedException {
        bound(150_000);
        StreamLog log = store.create(Kind.CHAT, null);
        append(log, 30);
        log.append(noise(200_000));
        append(log, 500);
        assertTrue(log.snapshot(0).isPresent(), "it is folded");
        assertEquals(Optional.empty(), log.snapshot(31));
        assertEquals(32, log.read(31, 1).get(0).index());
    }

    @Test
    void whatIsAboutToBeShownIsPackedWhenItWas() throws InterruptedException {
        List<Runnable> whenShown = new ArrayList<>();
        store = store(Duration.ofMinutes(1), 1L << 30, whenShown::add);
        StreamLog log = store.create(Kind.CHAT, null);
        append(log, 200);
        assertEquals(1, whenShown.size(), "to be counted and packed in one go");
        long before = log.bytes();
        assertEquals(200, log.read(0, 512).size(), "ready, and so in one piece");
        whenShown.remove(0).run();
        assertTrue(log.bytes() < before / 10, log.bytes() + " of " + before + " bytes");
        assertEquals(log.bytes(), store.bytes());
        append(log, 20);
        assertEquals(1, whenShown.size(), "and again");
        log.append(EveryEvent.done());
        whenShown.remove(0).run();
        assertEquals(222, readToEnd(log).size());
        assertEquals(log.bytes(), store.bytes());
        StreamLog dropped = store.create(Kind.CHAT, null);
        append(dropped, 200);
        ((MemoryStore) store).drop(dropped.start().stream());
        whenShown.remove(0).run();
        assertEquals(log.bytes(), store.bytes(), "what was never counted is not taken back");
    }

    @Test
    void whoFollowsAStreamThatIsNeverBegunIsBrokenOff() {
        Event.Start start = new Event.Start(store.newId(), Kind.CHAT, "m");
        store.claim("k", "print", start);
        StreamLog follows = store.find(start.stream()).orElseThrow();
        AtomicBoolean told = new AtomicBoolean();
        follows.onAppend(() -> told.set(true));
        store.release("k", start.stream());
        assertTrue(told.get());
        assertThrows(StoreAway.class, () -> follows.read(0, 1));
        assertEquals(0, store.bytes());
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aStreamThatCannotBePackedCostsNoOther(boolean live) throws InterruptedException {
        // Nothing is packed but for want of room.
        store = store(Duration.ofMinutes(1), 200_000, unused -> {});
        StreamLog broken = store.create(Kind.CHAT, null);
        broken.append(EveryEvent.broken());
        broken.append(new Event.Text("x".repeat(30_000)));
        broken.append(new Event.Text("x"));
        if (!live) {
            broken.append(EveryEvent.done());
        }
        StreamLog whole = store.create(Kind.CHAT, null);
        append(whole, 1000);
        whole.append(EveryEvent.done());
        assertFalse(store.full());
        assertEquals(1002, readToEnd(whole).size());
        assertEquals(EveryEvent.broken(), broken.read(0, 10).get(0).event(), "it is as it was");
        assertEquals(live, broken.append(EveryEvent.done()));
    }

    @Test
    void whatPackingMakesLongerIsCountedToo() {
        List<MemoryLog> copies = new ArrayList<>();
        bound(10_000);
        MemoryStore memory = (MemoryStore) store;
        memory.foldToo(copies::stream);
        // As RedisLog keeps the log of another node.
        MemoryLog copy = new MemoryLog(
                new Event.Start(memory.newId(), Kind.CHAT, null), ended -> {}, memory::grown, Runnable::run);
        memory.grown(copy.bytes());
        copies.add(copy);
        for (int i = 0; i < 4; i++) {
            copy.append(new Event.Text("x"));
        }
        copy.append(new Event.Failed(ErrorCode.UPSTREAM_REJECTED, "발".repeat(1000), null));
        assertEquals(copy.bytes(), memory.bytes());
        memory.grown(20_000);
        assertEquals(copy.bytes() + 20_000, memory.bytes());
    }

    private LogStore store(Duration retention, long maxBytes, Executor whenShown) {
        return new MemoryStore(retention, timer, new SecureRandom(), maxBytes, whenShown);
    }

    private static void append(StreamLog log, int count) {
        for (int i = 0; i < count; i++) {
            log.append(new Event.Text("wörd"));
        }
    }

    /** What has ended is packed in a moment. */
    private void awaitBytesBelow(long bytes) {
        TestServer.await("less than " + bytes + " bytes", () -> store.bytes() < bytes);
    }

    private StreamLog ended() {
        StreamLog log = store.create(Kind.CHAT, null);
        log.append(noise(25_000));
        log.append(EveryEvent.done());
        return log;
    }

    private StreamLog shortEnded() {
        StreamLog log = store.create(Kind.CHAT, "m");
        log.append(new Event.Text(log.start().stream()));
        log.append(EveryEvent.done());
        return log;
    }

    private static Event noise(int bytes) {
        return new Event.Text(Noise.text(new Random(1), bytes));
    }
}
