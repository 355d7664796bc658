package rivulet.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.StreamEntryID;
import rivulet.RedisProcess;
import rivulet.TestServer;

/** The store in Redis keeps the contract, with one node that writes and another that reads. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class RedisStoreTest extends StreamLogContract {
    private static RedisProcess redis;
    private static ScheduledExecutorService timer;
    private final List<LogStore> nodes = new ArrayList<>();
    private LogStore writing;
    private LogStore reading;

    @BeforeAll
    static void startRedis() {
        redis = new RedisProcess();
        timer = Executors.newSingleThreadScheduledExecutor();
    }

    @AfterAll
    static void stopRedis() {
        timer.shutdownNow();
        redis.close();
    }

    @BeforeEach
    void startNodes() {
        writing = node(Duration.ofMinutes(1), 1L << 30);
        reading = node(Duration.ofMinutes(1), 1L << 30);
    }

    @AfterEach
    void stopNodes() {
        nodes.forEach(LogStore::close);
    }

    @Override
    LogStore writing() {
        return writing;
    }

    @Override
    LogStore reading() {
        return reading;
    }

    @Override
    void bound(long maxBytes) {
        writing = node(Duration.ofMinutes(1), maxBytes);
        reading = node(Duration.ofMinutes(1), maxBytes);
    }

    @Override
    LogStore keeping(Duration retention) {
        return node(retention, 1L << 30);
    }

    @Test
    void aCrowdThatAsksAtOnceIsServedAndNobodyTakesRedisForDead() throws Exception {
        List<StreamLog> logs = Stream.generate(() -> writing().create(Kind.CHAT, null))
                .limit(400)
                .toList();
        found(logs.get(399));
        ExecutorService crowd = Executors.newCachedThreadPool();
        List<CompletableFuture<Boolean>> found = logs.stream()
                .map(log -> CompletableFuture.supplyAsync(
                        () -> reading().find(log.start().stream()).isPresent(), crowd))
                .toList();
        for (CompletableFuture<Boolean> one : found) {
            assertTrue(one.get(20, TimeUnit.SECONDS));
        }
        crowd.shutdown();
        logs.forEach(log -> log.append(EveryEvent.done()));
        for (StreamLog log : logs) {
            assertEquals(
                    2,
                    readToEnd(reading().find(log.start().stream()).orElseThrow())
                            .size());
        }
        assertEquals(StoreState.REACHABLE, reading().state());
    }

    @Test
    void aKeyThatCannotBeGivenBackMeansNoStreamThatNeverEnds() {
        Event.Start start = new Event.Start(writing().newId(), Kind.CHAT, null);
        assertEquals(Optional.empty(), writing().claim("given back late", "print", start));
        try (RedisClient client = client()) {
            assertTrue(client.exists(RedisKeys.stream(start.stream())));
            try (Jedis pausing = new Jedis("127.0.0.1", redis.port())) {
                pausing.clientPause(2500);
            }
            writing().release("given back late", start.stream());
            TestServer.await(
                    "its end",
                    () -> RedisKeys.NOBODY.equals(client.get(RedisKeys.owner(start.stream())))
                            && client.xlen(RedisKeys.stream(start.stream())) == 2);
        }
    }

    @Test
    void aLogThatCannotBeReadTakesNoMemory() {
        String id = reading().newId();
        try (RedisClient client = client()) {
            addUnreadable(client, id);
        }
        long before = reading().bytes();
        assertThrows(IllegalArgumentException.class, () -> reading().find(id));
        assertEquals(before, reading().bytes());
    }

    @Test
    void aStreamThatCannotBeTakenOverIsEndedAndTakesNoMemory() {
        String id = writing().newId();
        writing().serve(new Taker(taken -> {}));
        long before = writing().bytes();
        try (RedisClient client = client()) {
            addUnreadable(client, id);
            addToDead(client, id);
            TestServer.await("it is ended", () -> RedisKeys.NOBODY.equals(client.get(RedisKeys.owner(id))));
        }
        assertEquals(before, writing().bytes());
        assertThrows(IllegalArgumentException.class, () -> writing().find(id), "it is only in Redis");
    }

    @Test
    void whatIsTakenOverIsTakenOnceThoughRedisGoesAwayMeanwhile() {
        String id = writing().newId();
        List<StreamLog> taken = new CopyOnWriteArrayList<>();
        Taker taker = new Taker(log -> {
            taken.add(log);
            if (taken.size() == 1) {
                try (Jedis jedis = new Jedis("127.0.0.1", redis.port())) {
                    jedis.set(RedisKeys.cancelled(id), "1");
                    // Longer than the nodes' patience.
                    jedis.clientPause(3500);
                }
            }
        });
        writing().serve(taker);
        try (RedisClient client = client()) {
            client.xadd(RedisKeys.stream(id), new StreamEntryID(1, 0), start(id));
            addToDead(client, id);
        }
        TestServer.await("it is cancelled", () -> taker.cancelled.contains(id));
        assertEquals(1, taken.size());
        assertTrue(taken.get(0).append(EveryEvent.done()));
    }

    @Test
    void whoComesOrCancelsWhileAStreamIsTakenOverIsHeard() {
        String id = writing().newId();
        List<StreamLog> taken = new CopyOnWriteArrayList<>();
        List<String> watched = new CopyOnWriteArrayList<>();
        Taker taker =
                new Taker(log -> {
                    StreamLog.Subscription unused =
                            writing().find(id).orElseThrow().onAppend(() -> {});
                    writing().cancel(id);
                    taken.add(log);
                }) {
                    @Override
                    public Optional<Runnable> watched(String stream) {
                        watched.add(stream);
                        return Optional.of(() -> {});
                    }
                };
        writing().serve(taker);
        try (RedisClient client = client()) {
            client.xadd(RedisKeys.stream(id), new StreamEntryID(1, 0), start(id));
            addToDead(client, id);
        }
        TestServer.await("the cancel is heard", () -> taker.cancelled.contains(id));
        TestServer.await("the viewer is counted", () -> watched.contains(id));
        assertTrue(taken.get(0).append(EveryEvent.done()));
        TestServer.await("it is here", () -> found(taken.get(0)).ended());
    }

    @Test
    void anErrorOfOneTakeOverLeavesTheOthers() {
        List<StreamLog> taken = new CopyOnWriteArrayList<>();
        writing().serve(new Taker(log -> {
            taken.add(log);
            if (taken.size() == 1) {
                throw new AssertionError("of one stream");
            }
        }));
        try (RedisClient client = client()) {
            for (String id : List.of(writing().newId(), writing().newId())) {
                client.xadd(RedisKeys.stream(id), new StreamEntryID(1, 0), start(id));
                addToDead(client, id);
            }
        }
        TestServer.await("both were tried", () -> taken.size() == 2);
        assertTrue(taken.get(1).append(EveryEvent.done()));
    }

    @Test
    void anErrorOfWhoeverIsToldOfOneStreamLeavesTheOthers() throws InterruptedException {
        Taker failing = new Taker(log -> {}) {
            @Override
            public void cancel(String id) {
                super.cancel(id);
                throw new AssertionError("of one stream");
            }
        };
        writing().serve(failing);
        StreamLog ended = writing().create(Kind.CHAT, null);
        StreamLog log = writing().create(Kind.CHAT, null);
        StreamLog found = found(log);
        try (RedisClient client = client()) {
            client.set(RedisKeys.owner(ended.start().stream()), RedisKeys.NOBODY);
        }
        // Told by the writer's thread, and the next by the reader's.
        ended.append(new Event.Text("x"));
        TestServer.await("it was told", () -> failing.cancelled.size() == 1);
        for (int told = 2; told < 4; told++) {
            int now = told;
            reading().cancel(log.start().stream());
            TestServer.await("it was told", () -> failing.cancelled.size() == now);
        }
        log.append(EveryEvent.done());
        assertEquals(2, readToEnd(found).size());
    }

    @Test
    void whatANodeWasToldIsNotKeptInRedis() {
        Taker told = new Taker(log -> {});
        writing().serve(told);
        StreamLog log = writing().create(Kind.CHAT, null);
        found(log);
        try (RedisClient client = client()) {
            String owner = client.get(RedisKeys.owner(log.start().stream()));
            for (int i = 1; i <= 100; i++) {
                int now = i;
                reading().cancel(log.start().stream());
                TestServer.await("it was told", () -> told.cancelled.size() == now);
            }
            TestServer.await("it is forgotten", () -> client.xlen(RedisKeys.inbox(owner)) < 10);
        }
    }

    @Test
    void theLeaseIsKeptWhileASlowRedisEndsTheManyStreamsOfADeadNode() throws IOException {
        try (RedisClient client = client();
                Way way = Way.slow(redis.port(), Duration.ofMillis(250))) {
            LogStore far = node("redis://127.0.0.1:" + way.port(), Duration.ofMinutes(1), 1L << 30);
            StreamLog log = far.create(Kind.CHAT, null);
            found(log);
            String owner = client.get(RedisKeys.owner(log.start().stream()));
            writing().close();
            reading().close();
            client.sadd(
                    RedisKeys.live("dead"),
                    Stream.generate(far::newId).limit(1400).toArray(String[]::new));
            client.sadd(RedisKeys.NODES, "dead");
            long begin = System.nanoTime();
            TestServer.await("eight seconds", () -> {
                assertTrue(client.exists(RedisKeys.lease(owner)), "others take it for dead");
                return System.nanoTime() - begin > TimeUnit.SECONDS.toNanos(8);
            });
            assertTrue(client.scard(RedisKeys.live("dead")) < 1400, "it has ended some");
        }
    }

    @Test
    void whoFollowsStreamsThatAreNotKeptSeesTheirEnds() {
        LogStore forgetting = keeping(Duration.ZERO);
        List<StreamLog> logs = Stream.generate(() -> forgetting.create(Kind.CHAT, null))
                .limit(40)
                .toList();
        List<StreamLog> followed = logs.stream().map(this::found).toList();
        // At once: the reading node is told of one, and reads the others a moment later.
        logs.forEach(log -> log.append(EveryEvent.done()));
        TestServer.await("all ends", () -> followed.stream().allMatch(StreamLog::ended));
    }

    /** Takes over what there is. */
    private static class Taker implements LogStore.Remote {
        private final List<String> cancelled = new CopyOnWriteArrayList<>();
        private final Consumer<StreamLog> onTaken;

        private Taker(Consumer<StreamLog> onTaken) {
            this.onTaken = onTaken;
        }

        @Override
        public void takenOver(StreamLog log, Recovery recovery) {
            onTaken.accept(log);
        }

        @Override
        public void cancel(String id) {
            cancelled.add(id);
        }

        @Override
        public Optional<Runnable> watched(String id) {
            return Optional.empty();
        }

        @Override
        public LogStore.Readiness readiness(Origin origin) {
            return LogStore.Readiness.TAKES;
        }
    }

    private static RedisClient client() {
        return RedisClient.create("127.0.0.1", redis.port());
    }

    /** A stream becomes one of a node that has died, and that another could go on with. */
    private static void addToDead(RedisClient client, String id) {
        Recovery recovery = new Recovery(new Origin("upstream", "response", null), true, 0);
        client.set(RedisKeys.owner(id), "dead");
        client.hset(
                RedisKeys.recovery(id),
                Map.of("facts", recovery.facts(), "at", recovery.at(0).orElseThrow()));
        client.sadd(RedisKeys.live("dead"), id);
        client.sadd(RedisKeys.NODES, "dead");
    }

    private static Map<String, String> start(String id) {
        return Map.of("event", "start", "data", "{\"stream\":\"" + id + "\",\"kind\":\"chat\"}");
    }

    /** A stream whose last entry so far is a newer version's. */
    private static void addUnreadable(RedisClient client, String id) {
        String key = RedisKeys.stream(id);
        client.xadd(key, new StreamEntryID(1, 0), start(id));
        client.xadd(key, new StreamEntryID(2, 0), Map.of("data", "{\"delta\":\"" + "x".repeat(5000) + "\"}"));
        client.xadd(key, new StreamEntryID(3, 0), Map.of("event", "newer", "data", "{}"));
    }

    private LogStore node(Duration retention, long maxBytes) {
        return node(redis.url(), retention, maxBytes);
    }

    private LogStore node(String url, Duration retention, long maxBytes) {
        LogStore node = new RedisStore(
                RedisAddress.parse(url).orElseThrow(),
                retention,
                timer,
                new SecureRandom(),
                System::nanoTime,
                maxBytes,
                Runnable::run);
        nodes.add(node);
        TestServer.await("Redis is reached", () -> node.state() == StoreState.REACHABLE);
        return node;
    }
}
