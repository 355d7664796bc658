package rivulet.log;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import rivulet.TestServer;
import rivulet.wire.Format;

/** What a log and a store promise. A store that passes is a store. */
abstract class StreamLogContract {
    private static final Event.Done DONE = new Event.Done(FinishReason.STOP, null, null, null, Duration.ofMillis(7));
    /** Few enough that a few thousand events are too many, though they are packed. */
    private static final long FOLDING_BYTES = 30_000;

    /** The store whose node generates. */
    abstract LogStore writing();

    /** The store whose viewers read: of another node, where there can be several. */
    abstract LogStore reading();

    /** From now on the logs of {@link #writing} and of {@link #reading} may take so many bytes each. */
    abstract void bound(long maxBytes);

    /** A store like {@link #writing} whose ended streams, and claims, can be found for so long. */
    abstract LogStore keeping(Duration retention);

    @Test
    void aLogBeginsWithItsStartAndGrowsWithoutGaps() throws InterruptedException {
        StreamLog log = writing().create(Kind.CHAT, "m");
        assertEquals(0, log.head());
        assertTrue(log.append(new Event.Text("a")));
        assertTrue(log.append(new Event.Text("b")));
        assertTrue(log.append(DONE));
        List<Entry> all = readToEnd(found(log));
        assertEquals(List.of(log.start(), new Event.Text("a"), new Event.Text("b"), DONE), events(all));
        assertEquals(List.of(0, 1, 2, 3), all.stream().map(Entry::index).toList());
    }

    @Test
    void nothingFollowsTheEnd() throws InterruptedException {
        StreamLog log = writing().create(Kind.CHAT, null);
        assertTrue(log.append(DONE));
        assertFalse(log.append(new Event.Text("late")));
        assertFalse(log.append(RedisReaper.OWNER_LOST));
        assertEquals(List.of(log.start(), DONE), events(readToEnd(found(log))));
        assertEquals(1, log.head());
        assertTrue(log.ended());
    }

    @Test
    void manyThreadsAppendAndOneEnds() throws Exception {
        StreamLog log = writing().create(Kind.CHAT, null);
        StreamLog found = found(log);
        AtomicInteger appended = new AtomicInteger();
        AtomicInteger ends = new AtomicInteger();
        CountDownLatch begin = new CountDownLatch(1);
        List<CompletableFuture<Void>> threads = IntStream.range(0, 8)
                .mapToObj(i -> CompletableFuture.runAsync(() -> {
                    awaitUnchecked(begin);
                    for (int n = 0; n < 300; n++) {
                        appended.addAndGet(log.append(new Event.Text("x")) ? 1 : 0);
                    }
                    ends.addAndGet(log.append(DONE) ? 1 : 0);
                }))
                .toList();
        begin.countDown();
        CompletableFuture.allOf(threads.toArray(CompletableFuture[]::new)).get(20, TimeUnit.SECONDS);
        List<Entry> all = readToEnd(found);
        assertEquals(1, ends.get());
        assertEquals(appended.get() + 2, all.size());
        assertEquals(1, all.stream().filter(e -> e.event().terminal()).count());
        assertTrue(all.get(all.size() - 1).event().terminal());
        IntStream.range(0, all.size()).forEach(i -> assertEquals(i, all.get(i).index()));
    }

    @Test
    void aLogIsReadFromAnyPosition() throws InterruptedException {
        StreamLog log = writing().create(Kind.CHAT, null);
        for (String piece : List.of("a", "b", "c", "d")) {
            log.append(new Event.Text(piece));
        }
        StreamLog found = found(log);
        awaitHead(found, 4);
        assertEquals(5, found.read(-1, 100).size());
        assertEquals(5, found.read(-7, 100).size());
        assertEquals(List.of(1, 2), indices(found.read(0, 2)));
        assertEquals(List.of(4), indices(found.read(3, 100)));
        // Of a live log what lies ahead may still come.
        assertEquals(List.of(), found.read(4, 100));
        assertEquals(List.of(), found.read(1000, 100));
        log.append(DONE);
        awaitHead(found, 5);
        // Of an ended one nobody waits for ever.
        for (int after : List.of(4, 5, 6, 1000, Integer.MAX_VALUE)) {
            assertEquals(List.of(5), indices(found.read(after, 100)), "after " + after);
        }
    }

    @Test
    void everyAppendIsFollowedByASignal() throws InterruptedException {
        StreamLog log = writing().create(Kind.CHAT, null);
        StreamLog found = found(log);
        Semaphore signals = new Semaphore(0);
        found.onAppend(signals::release);
        for (int i = 1; i <= 5; i++) {
            log.append(new Event.Text("x"));
            assertTrue(signals.tryAcquire(5, TimeUnit.SECONDS), "append " + i);
            assertTrue(found.head() >= i, "the entry is there when its signal comes");
        }
    }

    @Test
    void aClosedSubscriptionIsSilentAndOthersAreNot() throws InterruptedException {
        StreamLog log = writing().create(Kind.CHAT, null);
        StreamLog found = found(log);
        Semaphore closed = new Semaphore(0);
        Semaphore open = new Semaphore(0);
        StreamLog.Subscription subscription = found.onAppend(closed::release);
        found.onAppend(open::release);
        subscription.close();
        subscription.close();
        log.append(new Event.Text("x"));
        assertTrue(open.tryAcquire(5, TimeUnit.SECONDS));
        assertEquals(0, closed.availablePermits());
    }

    @Test
    void whoRegistersBeforeItReadsLosesNothing() throws Exception {
        for (int round = 0; round < 20; round++) {
            StreamLog log = writing().create(Kind.CHAT, null);
            CompletableFuture<Void> writer = CompletableFuture.runAsync(() -> {
                for (int i = 0; i < 200; i++) {
                    log.append(new Event.Text("x"));
                }
                log.append(DONE);
            });
            assertEquals(202, readToEnd(found(log)).size());
            writer.get(5, TimeUnit.SECONDS);
        }
    }

    @Test
    void noLockIsHeldWhileASignalRuns() throws Exception {
        StreamLog log = writing().create(Kind.CHAT, null);
        StreamLog found = found(log);
        CompletableFuture<Boolean> free = new CompletableFuture<>();
        found.onAppend(() -> {
            CompletableFuture<Void> others = CompletableFuture.runAsync(() -> {
                found.read(-1, 10);
                log.read(-1, 10);
                found.onAppend(() -> {}).close();
                if (!free.isDone() && found.head() == 1) {
                    writing().create(Kind.CHAT, null).append(DONE);
                }
            });
            try {
                others.get(5, TimeUnit.SECONDS);
                free.complete(true);
            } catch (Exception e) {
                free.complete(false);
            }
        });
        log.append(new Event.Text("x"));
        assertTrue(free.get(10, TimeUnit.SECONDS));
    }

    @Test
    void idsAreCapabilities() {
        Set<String> ids = new HashSet<>();
        for (int i = 0; i < 1000; i++) {
            String id = writing().newId();
            assertTrue(id.matches("[A-Za-z0-9_-]{22}"), id);
            assertTrue(ids.add(id));
        }
        assertNotEquals(
                writing().create(Kind.CHAT, null).start().stream(), writing().create(Kind.CHAT, null).start().stream());
    }

    @Test
    void whatWasNeverBegunIsNotFound() {
        assertEquals(Optional.empty(), reading().find("AAAAAAAAAAAAAAAAAAAAAA"));
    }

    @Test
    void anEndedStreamIsKeptForTheRetentionAndALiveOneLonger() {
        LogStore store = keeping(Duration.ofMillis(600));
        StreamLog live = store.create(Kind.CHAT, null);
        StreamLog ended = store.create(Kind.CHAT, null);
        ended.append(DONE);
        assertTrue(store.find(ended.start().stream()).isPresent());
        TestServer.await(
                "the ended stream is forgotten",
                () -> store.find(ended.start().stream()).isEmpty());
        TestServer.await(
                "and on other nodes",
                () -> reading().find(ended.start().stream()).isEmpty());
        assertTrue(store.find(live.start().stream()).isPresent());
        assertTrue(reading().find(live.start().stream()).isPresent());
    }

    @Test
    void eventsOfEveryTypeArriveAsTheyWere() throws InterruptedException {
        for (Kind kind : Kind.values()) {
            StreamLog log = writing().create(kind, kind == Kind.CHAT ? "gpt \"x\"" : null);
            EveryEvent.deltas().forEach(log::append);
            log.append(kind == Kind.CHAT ? EveryEvent.failed() : EveryEvent.done());
            List<Entry> sent = readToEnd(log);
            List<Entry> read = readToEnd(found(log));
            assertEquals(sent.size(), read.size());
            for (int i = 0; i < sent.size(); i++) {
                for (Format format : Format.values()) {
                    assertArrayEquals(
                            sent.get(i).encoded(format),
                            read.get(i).encoded(format),
                            format + " of " + sent.get(i).event());
                }
            }
        }
    }

    @Test
    void ofAllWhoClaimAKeyOneGetsIt() throws Exception {
        String key = writing().newId();
        List<CompletableFuture<Optional<Claim>>> claims = new ArrayList<>();
        for (int i = 0; i < 16; i++) {
            LogStore store = i % 2 == 0 ? writing() : reading();
            Event.Start start = new Event.Start(store.newId(), Kind.CHAT, null);
            claims.add(CompletableFuture.supplyAsync(() -> store.claim(key, "print", start)));
        }
        List<Claim> lost = new ArrayList<>();
        for (CompletableFuture<Optional<Claim>> claim : claims) {
            claim.get(10, TimeUnit.SECONDS).ifPresent(lost::add);
        }
        assertEquals(15, lost.size());
        assertEquals(1, new HashSet<>(lost).size());
        assertEquals("print", lost.get(0).fingerprint());
        assertTrue(reading().find(lost.get(0).stream()).isPresent(), "the claimed stream can be followed at once");
    }

    @Test
    void aClaimedStreamIsCreatedUnderItsId() throws InterruptedException {
        Event.Start start = new Event.Start(writing().newId(), Kind.CHAT, "m");
        assertEquals(Optional.empty(), writing().claim(writing().newId(), "print", start));
        StreamLog log = writing().create(start);
        StreamLog found = found(log);
        log.append(new Event.Text("a"));
        log.append(DONE);
        assertEquals(List.of(start, new Event.Text("a"), DONE), events(readToEnd(found)));
    }

    @Test
    void aReleasedKeyCanBeClaimedAgainAndOnlyItsStreamReleasesIt() {
        String key = writing().newId();
        Event.Start first = new Event.Start(writing().newId(), Kind.CHAT, null);
        Event.Start second = new Event.Start(reading().newId(), Kind.CHAT, null);
        assertEquals(Optional.empty(), writing().claim(key, "1", first));
        writing().release(key, second.stream());
        assertEquals(Optional.of(new Claim(first.stream(), "1")), reading().claim(key, "2", second));
        assertEquals(Optional.empty(), reading().find(second.stream()));
        writing().release(key, first.stream());
        assertEquals(
                Optional.empty(), reading().find(first.stream()), "a stream that never began is gone with its key");
        assertEquals(Optional.empty(), reading().claim(key, "2", second));
    }

    @Test
    void aClaimHoldsAsLongAsItsStream() {
        LogStore store = keeping(Duration.ofMillis(300));
        Event.Start live = start(store);
        assertEquals(Optional.empty(), store.claim("live" + live.stream(), "1", live));
        StreamLog log = store.create(live);
        Event.Start ended = start(store);
        assertEquals(Optional.empty(), store.claim("ended" + ended.stream(), "1", ended));
        store.create(ended).append(DONE);
        TestServer.await(
                "the claim is over",
                () -> store.claim("ended" + ended.stream(), "2", start(store)).isEmpty());
        // It was made before.
        assertEquals(
                Optional.of(new Claim(live.stream(), "1")), store.claim("live" + live.stream(), "2", start(store)));
        log.append(DONE);
        TestServer.await(
                "this one too",
                () -> store.claim("live" + live.stream(), "2", start(store)).isEmpty());
    }

    private static Event.Start start(LogStore store) {
        return new Event.Start(store.newId(), Kind.CHAT, null);
    }

    @Test
    void underPressureALiveLogIsFoldedAndReadsAsBefore() throws InterruptedException {
        bound(220_000);
        // What these have ready to be shown takes most of it.
        for (int i = 0; i < 5; i++) {
            StreamLog other = writing().create(Kind.CHAT, "m");
            // In step, too: a shared store gives up what is too much to wait for it.
            appendInStep(other, found(other), pieces(70));
        }
        StreamLog log = writing().create(Kind.CHAT, "m");
        StreamLog found = found(log);
        List<Event> sent = new ArrayList<>(List.of(log.start()));
        sent.addAll(appendInStep(log, found, EveryEvent.deltas()));
        sent.addAll(appendInStep(log, found, pieces(3000)));
        assertFalse(writing().full());
        assertFalse(reading().full());
        log.append(DONE);
        sent.add(DONE);
        assertEquals(sent, events(readToEnd(found)));
        assertEquals(sent, events(readToEnd(log)));
        for (int after = -1; after < sent.size() - 1; after += 41) {
            Entry next = found.read(after, 1).get(0);
            assertEquals(after + 1, next.index());
            for (Format format : Format.values()) {
                assertArrayEquals(
                        new Entry(log.start(), after + 1, sent.get(after + 1)).encoded(format), next.encoded(format));
            }
        }
    }

    @Test
    void aSnapshotIsTheStateUpToItsIndexAndTheLogGoesOnBehindIt() throws InterruptedException {
        for (Kind kind : List.of(Kind.CHAT, Kind.STRUCTURED)) {
            List<Event> events = kind == Kind.CHAT ? mixed(3000) : document(9000);
            bound(FOLDING_BYTES);
            StreamLog log = writing().create(kind, "m");
            StreamLog found = found(log);
            appendInStep(log, found, events);
            int last = found.snapshot(0).orElseThrow().index();
            for (int after : List.of(0, 1, last / 2)) {
                Entry snapshot = found.snapshot(after).orElseThrow();
                assertEquals(last, snapshot.index());
                assertEquals(
                        stateOf(log.start(), events.subList(0, last)),
                        new String(EventJson.payload(snapshot), StandardCharsets.UTF_8));
            }
            assertEquals(last + 1, found.read(last, 1).get(0).index());
            assertEquals(Optional.empty(), found.snapshot(last - 1), "a few entries are shorter than the whole state");
            assertEquals(Optional.empty(), found.snapshot(last), "nothing leaps ahead of a reader");
            assertEquals(Optional.empty(), found.snapshot(-1), "the start is never left out");
            assertEquals(Optional.empty(), found.snapshot(found.head()));
            assertEquals(Optional.empty(), found.snapshot(Integer.MAX_VALUE));
        }
    }

    @Test
    void withoutPressureNothingStandsForTheEntries() throws InterruptedException {
        StreamLog log = writing().create(Kind.CHAT, null);
        StreamLog found = found(log);
        appendInStep(log, found, pieces(3000));
        assertEquals(Optional.empty(), found.snapshot(0));
    }

    @Test
    void whoReadsALogThatIsBeingFoldedMissesNothing() throws Exception {
        bound(FOLDING_BYTES);
        StreamLog log = writing().create(Kind.CHAT, null);
        StreamLog found = found(log);
        List<Event> sent = pieces(20_000);
        List<CompletableFuture<List<Entry>>> readers = Stream.generate(
                        () -> TestServer.meanwhile(() -> readUnchecked(found)))
                .limit(4)
                .toList();
        appendInStep(log, found, sent);
        log.append(DONE);
        for (CompletableFuture<List<Entry>> reader : readers) {
            List<Event> read = events(reader.get(20, TimeUnit.SECONDS));
            assertEquals(sent, read.subList(1, read.size() - 1));
        }
        assertTrue(log.snapshot(0).isPresent(), "it is folded");
    }

    /** Appends, never too far ahead of the reader: what waits for a shared store is bounded, too. */
    private static List<Event> appendInStep(StreamLog log, StreamLog found, List<Event> events) {
        int done = log.head();
        for (Event event : events) {
            assertTrue(log.append(event));
            done++;
            if (done % 250 == 0) {
                awaitHead(found, done);
            }
        }
        awaitHead(found, done);
        return events;
    }

    private static List<Event> pieces(int count) {
        return IntStream.range(0, count)
                .<Event>mapToObj(i -> new Event.Text("né " + i))
                .toList();
    }

    /** Three events of each number. */
    private static List<Event> mixed(int count) {
        List<Event> events = new ArrayList<>(List.of(new Event.ToolCall(1, "call_1", "get_weather", "")));
        for (int i = 0; i < count; i++) {
            events.add(new Event.Text("발사 " + i));
            events.add(new Event.Reasoning("r" + i));
            events.add(new Event.ToolCall(1, null, null, "{\"" + i));
        }
        return events;
    }

    private static List<Event> document(int count) {
        List<Event> events = new ArrayList<>(List.of(
                new Event.FieldSet("", "{}"),
                new Event.FieldSet("/title", "\"\""),
                new Event.FieldAppend("/title", "né"),
                new Event.FieldSet("/n", "1.10"),
                new Event.FieldSet("/a~1b", "\"\"")));
        IntStream.range(0, count).forEach(i -> events.add(new Event.FieldAppend("/a~1b", " " + i)));
        return events;
    }

    private static String stateOf(Event.Start start, List<Event> events) {
        MemoryLog whole = new MemoryLog(start, ended -> {}, growth -> {}, Runnable::run);
        events.forEach(whole::append);
        return StreamState.of(whole).text();
    }

    private static List<Entry> readUnchecked(StreamLog log) {
        try {
            return readToEnd(log);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** The log as its readers find it, which is soon after it was created. */
    final StreamLog found(StreamLog log) {
        return found(reading(), log.start().stream());
    }

    static StreamLog found(LogStore store, String id) {
        TestServer.await("the stream is found", () -> store.find(id).isPresent());
        return store.find(id).orElseThrow();
    }

    /** Reads as a viewer does: register, read, and when nothing is left wait for the signal. */
    static List<Entry> readToEnd(StreamLog log) throws InterruptedException {
        Semaphore signals = new Semaphore(0);
        List<Entry> all = new ArrayList<>();
        StreamLog.Subscription subscription = log.onAppend(signals::release);
        while (all.isEmpty() || !all.get(all.size() - 1).event().terminal()) {
            List<Entry> next = log.read(all.size() - 1, 64);
            all.addAll(next);
            assertTrue(!next.isEmpty() || signals.tryAcquire(10, TimeUnit.SECONDS), "nothing comes any more");
        }
        subscription.close();
        return all;
    }

    static void awaitHead(StreamLog log, int head) {
        TestServer.await("index " + head, () -> log.head() >= head);
    }

    static List<Event> events(List<Entry> entries) {
        return entries.stream().map(Entry::event).toList();
    }

    private static List<Integer> indices(List<Entry> entries) {
        return entries.stream().map(Entry::index).toList();
    }

    private static void awaitUnchecked(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
