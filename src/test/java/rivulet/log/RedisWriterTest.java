package rivulet.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.StreamEntryID;
import redis.clients.jedis.resps.StreamEntry;
import rivulet.Noise;
import rivulet.RedisProcess;
import rivulet.TestServer;

/** The writer is never ahead of Redis's consent, and nobody here ever waits for it. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class RedisWriterTest {
    /** In entries of one letter. */
    private static final int MAX_BEHIND = 100;

    private static final long BYTES = 304;
    private static final int ASKERS = 4;
    /** Longer than the nodes' patience with Redis. */
    private static final long HANGS_MILLIS = 3500;

    private final RedisProcess redis = new RedisProcess();
    private final RedisClient client = RedisClient.create("127.0.0.1", redis.port());
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    private final BlockingQueue<String> cancelled = new LinkedBlockingQueue<>();
    private final List<LogStore> nodes = new ArrayList<>();
    private LogStore node;
    private LogStore other;

    @BeforeEach
    void start() {
        node = node();
        other = node();
    }

    @AfterEach
    void stop() {
        nodes.forEach(LogStore::close);
        timer.shutdownNow();
        client.close();
        redis.close();
    }

    private LogStore node() {
        return node("");
    }

    private LogStore node(String password) {
        LogStore made = unreached(password);
        awaitReachable(made);
        return made;
    }

    private LogStore unreached(String password) {
        String url = redis.url().replace("//", "//:" + password + "@");
        LogStore made = new RedisStore(
                RedisAddress.parse(password.isEmpty() ? redis.url() : url).orElseThrow(),
                Duration.ofMinutes(1),
                timer,
                new SecureRandom(),
                System::nanoTime,
                1L << 30,
                Runnable::run,
                MAX_BEHIND * BYTES);
        made.serve(new LogStore.Remote() {
            @Override
            public void cancel(String id) {
                cancelled.add(id);
            }

            @Override
            public Optional<Runnable> watched(String id) {
                return Optional.empty();
            }
        });
        nodes.add(made);
        return made;
    }

    private static void awaitReachable(LogStore store) {
        TestServer.await("reachable", () -> store.state() == StoreState.REACHABLE);
    }

    private List<StreamEntry> inRedis(StreamLog log) {
        return client.xrange(RedisKeys.stream(log.start().stream()), "-", "+");
    }

    private void awaitInRedis(StreamLog log, int size) {
        TestServer.await("in Redis", () -> inRedis(log).size() == size);
    }

    private void hang() {
        try (Jedis jedis = new Jedis("127.0.0.1", redis.port())) {
            jedis.clientPause(HANGS_MILLIS);
        }
    }

    /** 20,000 events. */
    private static void appendTooMuch(StreamLog log) {
        Random random = new Random(1);
        for (int i = 0; i < 20_000; i++) {
            log.append(new Event.Text(Noise.text(random, 8)));
        }
    }

    private static void append(StreamLog log, int count) {
        for (int i = 0; i < count; i++) {
            log.append(new Event.Text("x"));
        }
    }

    @Test
    void aStreamThatOthersEndedEndsHereAndItsProducerIsTold() throws InterruptedException {
        StreamLog log = node.create(Kind.CHAT, null);
        String id = log.start().stream();
        awaitInRedis(log, 1);
        client.xadd(
                RedisKeys.stream(id), new StreamEntryID("2-0"), Map.of("event", "failed", "data", "{\"error\":{}}"));
        client.set(RedisKeys.owner(id), RedisKeys.NOBODY);
        append(log, 3);
        assertEquals(id, cancelled.poll(5, TimeUnit.SECONDS));
        assertTrue(log.ended());
        assertEquals(
                RedisReaper.OWNER_LOST, log.read(Integer.MAX_VALUE, 1).get(0).event());
        assertFalse(log.append(new Event.Text("late")));
        assertEquals(2, inRedis(log).size());
    }

    @Test
    void whatRedisHasLostIsSentAgain() throws InterruptedException {
        StreamLog log = node.create(Kind.CHAT, null);
        append(log, 5);
        awaitInRedis(log, 6);
        client.flushAll();
        client.scriptFlush();
        append(log, 1);
        awaitInRedis(log, 7);
        log.append(EveryEvent.done());
        assertEquals(
                8,
                StreamLogContract.readToEnd(StreamLogContract.found(other, log.start().stream()))
                        .size());
    }

    @Test
    void whatRedisHasLostIsSentAgainThoughNothingMoreIsSaid() {
        StreamLog log = node.create(Kind.CHAT, null);
        append(log, 5);
        awaitInRedis(log, 6);
        client.flushAll();
        awaitInRedis(log, 6);
    }

    @Test
    void aRedisThatIsBackEmptyIsNoReasonToSayThatThereIsNoSuchStream() {
        StreamLog log = node.create(Kind.CHAT, null);
        String id = log.start().stream();
        awaitInRedis(log, 1);
        redis.stop();
        TestServer.await("away", () -> other.state() == StoreState.UNREACHABLE);
        node.close();
        redis.restart();
        awaitReachable(other);
        // Another node may be about to tell Redis of it again, as one that lives is.
        assertThrows(StoreAway.class, () -> other.find(id));
        LogStore late = node();
        assertTrue(late.find(id).isEmpty(), "a new node has lost sight of nothing");
        TestServer.await("it is known to be gone", () -> isKnownToBeGone(other, id));
    }

    @Test
    void aRedisThatIsEmptiedIsNoReasonToSayThatThereIsNoSuchStream() {
        StreamLog log = node.create(Kind.CHAT, null);
        awaitInRedis(log, 1);
        client.flushAll();
        // Its node, which has nothing to write just now, finds that out when it renews its lease.
        TestServer.await("it is told again", () -> {
            assertFalse(isKnownToBeGone(other, log.start().stream()), "it lives");
            return inRedis(log).size() == 1;
        });
    }

    /** Of a stream that Redis may have had, nobody says otherwise at the very moment in which its node shows itself again. */
    @Test
    void whoeverAsksWhileANodeFindsRedisEmptiedIsToldToAskAgain() throws Exception {
        AtomicBoolean shown = new AtomicBoolean();
        client.flushAll();
        ExecutorService asking = Executors.newFixedThreadPool(ASKERS);
        try {
            List<Future<Boolean>> askers = new ArrayList<>();
            for (int i = 0; i < ASKERS; i++) {
                askers.add(asking.submit(() -> {
                    boolean gone = false;
                    while (!gone && !shown.get()) {
                        gone = isKnownToBeGone(node, "perhaps");
                    }
                    return gone;
                }));
            }
            TestServer.await("both show themselves", () -> client.scard(RedisKeys.NODES) == nodes.size());
            shown.set(true);
            for (Future<Boolean> asker : askers) {
                assertFalse(asker.get(), "it may live");
            }
        } finally {
            asking.shutdownNow();
        }
    }

    private static boolean isKnownToBeGone(LogStore store, String id) {
        try {
            return store.find(id).isEmpty();
        } catch (StoreAway e) {
            return false;
        }
    }

    @Test
    void aRedisThatHangsDelaysNobodyHere() {
        StreamLog log = node.create(Kind.CHAT, null);
        awaitInRedis(log, 1);
        hang();
        long longest = 0;
        long begin = System.nanoTime();
        while (System.nanoTime() - begin < Duration.ofSeconds(5).toNanos() && log.head() < MAX_BEHIND / 2) {
            long before = System.nanoTime();
            append(log, 1);
            longest = Math.max(longest, System.nanoTime() - before);
            TestServer.await("a pace", () -> System.nanoTime() - before > TimeUnit.MILLISECONDS.toNanos(80));
        }
        assertTrue(longest < Duration.ofMillis(500).toNanos(), "an append took " + longest + " ns");
        awaitReachable(node);
        awaitInRedis(log, log.head() + 1);
    }

    @Test
    void whatGetsTooLongWhileRedisIsAwayStaysHereAndOthersAreTold() throws InterruptedException {
        StreamLog tooLong = node.create(Kind.CHAT, null);
        StreamLog shorter = node.create(Kind.CHAT, null);
        awaitInRedis(tooLong, 1);
        awaitInRedis(shorter, 1);
        hang();
        TestServer.await("away", () -> node.state() == StoreState.UNREACHABLE);
        appendTooMuch(tooLong);
        append(shorter, MAX_BEHIND / 2);
        awaitReachable(node);
        awaitReachable(other);
        tooLong.append(EveryEvent.done());
        shorter.append(EveryEvent.done());
        assertEquals(
                MAX_BEHIND / 2 + 2,
                StreamLogContract.readToEnd(StreamLogContract.found(other, shorter.start().stream()))
                        .size());
        assertEquals(
                List.of(tooLong.start(), RedisReaper.OWNER_LOST),
                StreamLogContract.events(
                        StreamLogContract.readToEnd(StreamLogContract.found(other, tooLong.start().stream()))));
        assertEquals(20_002, StreamLogContract.readToEnd(tooLong).size());
    }

    @Test
    void theOnlyStreamThatGetsTooLongIsToldToOthersToo() throws InterruptedException {
        StreamLog tooLong = node.create(Kind.CHAT, null);
        awaitInRedis(tooLong, 1);
        hang();
        TestServer.await("away", () -> node.state() == StoreState.UNREACHABLE);
        appendTooMuch(tooLong);
        awaitReachable(node);
        awaitReachable(other);
        assertEquals(
                List.of(tooLong.start(), RedisReaper.OWNER_LOST),
                StreamLogContract.events(
                        StreamLogContract.readToEnd(StreamLogContract.found(other, tooLong.start().stream()))));
    }

    @Test
    void whatGetsTooLongBeforeItsFirstReplyIsToldToOthersToo() throws InterruptedException {
        Event.Start start = new Event.Start(node.newId(), Kind.CHAT, null);
        assertEquals(Optional.empty(), node.claim("key", "print", start));
        hang();
        StreamLog tooLong = node.create(start);
        appendTooMuch(tooLong);
        TestServer.await("away", () -> node.state() == StoreState.UNREACHABLE);
        awaitReachable(node);
        awaitReachable(other);
        assertEquals(
                List.of(start, RedisReaper.OWNER_LOST),
                StreamLogContract.events(StreamLogContract.readToEnd(StreamLogContract.found(other, start.stream()))));
    }

    @Test
    void aStreamThatCannotBeEncodedIsGivenUpAndNoOther() throws InterruptedException {
        StreamLog broken = node.create(Kind.CHAT, null);
        awaitInRedis(broken, 1);
        broken.append(EveryEvent.broken());
        StreamLog whole = node.create(Kind.CHAT, null);
        append(whole, 3);
        whole.append(EveryEvent.done());
        awaitInRedis(whole, 5);
        assertEquals(
                List.of(broken.start(), RedisReaper.OWNER_LOST),
                StreamLogContract.events(
                        StreamLogContract.readToEnd(StreamLogContract.found(other, broken.start().stream()))));
        append(broken, 3);
        broken.append(EveryEvent.done());
        assertEquals(6, StreamLogContract.readToEnd(broken).size(), "here it goes on");
        assertEquals(List.of(), List.copyOf(cancelled));
    }

    @Test
    void aPasswordIsUsedAndAWrongOneIsNoReasonToStop() {
        client.configSet("requirepass", "s3cret:/@");
        assertEquals(StoreState.REACHABLE, node("s3cret%3A%2F%40").state());
        LogStore wrong = unreached("wrong");
        StreamLog log = wrong.create(Kind.CHAT, null);
        assertTrue(log.append(EveryEvent.done()));
        assertEquals(StoreState.NEVER_REACHED, wrong.state());
        assertThrows(StoreAway.class, () -> wrong.find(node.newId()));
        assertTrue(wrong.find(log.start().stream()).isPresent());
    }

    @Test
    void onlyTheNodeThatCreatedALogWritesIt() {
        StreamLog log = node.create(Kind.CHAT, null);
        StreamLog copy = StreamLogContract.found(other, log.start().stream());
        assertThrows(UnsupportedOperationException.class, () -> copy.append(new Event.Text("x")));
    }

    @Test
    void aStopHandsOverWhatIsLeftAndGoesWithoutATrace() {
        StreamLog log = node.create(Kind.CHAT, null);
        append(log, MAX_BEHIND - 10);
        log.append(EveryEvent.done());
        nodes.remove(node);
        node.close();
        assertEquals(MAX_BEHIND - 8, inRedis(log).size());
        assertEquals(1, client.smembers(RedisKeys.NODES).size());
        assertEquals(
                1,
                client.keys("rivulet:node:*").stream()
                        .filter(k -> !k.endsWith(":inbox"))
                        .count());
    }
}
