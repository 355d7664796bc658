package rivulet.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.StreamEntryID;
import redis.clients.jedis.params.SetParams;
import redis.clients.jedis.params.XAddParams;
import rivulet.Noise;
import rivulet.RedisProcess;
import rivulet.TestServer;

/** What goes wrong between nodes and Redis at the worst moment: nothing is lost by it, or paid for twice. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class RedisMomentsTest {
    private final RedisProcess redis = new RedisProcess();
    private final RedisClient client = RedisClient.create("127.0.0.1", redis.port());
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    private final List<LogStore> nodes = new ArrayList<>();

    @AfterEach
    void stop() {
        nodes.forEach(LogStore::close);
        timer.shutdownNow();
        client.close();
        redis.close();
    }

    private LogStore node(int port, LogStore.Remote remote) {
        return node(port, remote, Duration.ofMinutes(1), 1L << 30);
    }

    private LogStore node(int port, LogStore.Remote remote, Duration retention, long maxBytes) {
        LogStore node = new RedisStore(
                RedisAddress.parse("redis://127.0.0.1:" + port).orElseThrow(),
                retention,
                timer,
                new SecureRandom(),
                System::nanoTime,
                maxBytes,
                Runnable::run);
        nodes.add(node);
        node.serve(remote);
        TestServer.await("Redis is reached", () -> node.state() == StoreState.REACHABLE);
        return node;
    }

    private static class Owner implements LogStore.Remote {
        final List<String> cancelled = new CopyOnWriteArrayList<>();
        final List<StreamLog> taken = new CopyOnWriteArrayList<>();
        final List<String> watched = new CopyOnWriteArrayList<>();
        final AtomicInteger abandoned = new AtomicInteger();
        final LogStore.Readiness readiness;

        Owner(LogStore.Readiness readiness) {
            this.readiness = readiness;
        }

        @Override
        public void cancel(String id) {
            cancelled.add(id);
        }

        @Override
        public Optional<Runnable> watched(String id) {
            watched.add(id);
            return Optional.of(() -> watched.remove(id));
        }

        @Override
        public void abandon(String id) {
            // As Streams does it: the live stream, and who watches it, is forgotten.
            watched.clear();
            abandoned.incrementAndGet();
        }

        @Override
        public void takenOver(StreamLog log, Recovery recovery) {
            taken.add(log);
        }

        @Override
        public LogStore.Readiness readiness(Origin origin) {
            return readiness;
        }
    }

    private static Owner taker() {
        return new Owner(LogStore.Readiness.TAKES);
    }

    private static Owner leaver() {
        return new Owner(LogStore.Readiness.LEAVES);
    }

    private void addTo(String node, String owner, String id) {
        Recovery recovery = new Recovery(new Origin("upstream", "response", null), true, 0);
        client.set(RedisKeys.owner(id), owner);
        client.hset(
                RedisKeys.recovery(id),
                Map.of("facts", recovery.facts(), "at", recovery.at(0).orElseThrow()));
        client.sadd(RedisKeys.live(node), id);
        client.sadd(RedisKeys.NODES, node);
    }

    private void addStream(String id) {
        client.xadd(
                RedisKeys.stream(id),
                new StreamEntryID(1, 0),
                Map.of("event", "start", "data", "{\"stream\":\"" + id + "\",\"kind\":\"chat\"}"));
    }

    @Test
    void whoLivesIsNotTakenForDeadWhereRedisIsSlow() throws Exception {
        try (Way way = Way.slow(redis.port(), Duration.ofMillis(700))) {
            LogStore writing = node(way.port(), leaver());
            LogStore other = node(redis.port(), leaver());
            StreamLog others = other.create(Kind.CHAT, null);
            StreamLog log = writing.create(Kind.CHAT, null);
            String id = log.start().stream();
            TestServer.await("in Redis", () -> client.exists(RedisKeys.owner(id)));
            String owner = client.get(RedisKeys.owner(id));
            // It has a viewer of another node's stream, as nodes have.
            StreamLog.Subscription watches =
                    StreamLogContract.found(writing, others.start().stream()).onAppend(() -> {});
            for (int i = 0; i < 80; i++) {
                assertTrue(client.exists(RedisKeys.lease(owner)), "taken for dead after " + i * 100 + " ms");
                assertEquals(StoreState.REACHABLE, writing.state());
                Thread.sleep(100);
            }
            watches.close();
        }
    }

    @Test
    void aCancelIsHeardThoughItsStreamIsTakenOverMeanwhile() throws Exception {
        Owner takes = taker();
        LogStore taking = node(redis.port(), takes);
        try (Way way = Way.slow(redis.port(), Duration.ofMillis(1500))) {
            LogStore asks = node(way.port(), leaver());
            String id = taking.newId();
            addStream(id);
            client.set(RedisKeys.lease("dead"), "alive");
            addTo("dead", "dead", id);
            // Its connection is made.
            asks.cancel("nobody's");
            CompletableFuture<Void> cancel = CompletableFuture.runAsync(() -> asks.cancel(id));
            Thread.sleep(1700);
            client.del(RedisKeys.lease("dead"));
            TestServer.await("taken over", () -> takes.taken.size() == 1);
            cancel.get(20, TimeUnit.SECONDS);
            TestServer.await("cancelled", () -> takes.cancelled.contains(id));
        }
    }

    @Test
    void whoWatchesAStreamThatComesBackIsCountedAgain() throws Exception {
        Owner owner = taker();
        LogStore writing = node(redis.port(), owner);
        LogStore reading = node(redis.port(), leaver());
        String id = writing.newId();
        addStream(id);
        addTo("dead", "dead", id);
        TestServer.await("taken over", () -> owner.taken.size() == 1);
        StreamLog followed = reading.find(id).orElseThrow();
        StreamLog.Subscription watches = followed.onAppend(() -> {});
        TestServer.await("counted", () -> owner.watched.size() == 1);
        // Another node takes it over, as if this one had stood still, and then stops.
        String me = RedisKeys.node(client.get(RedisKeys.owner(id)));
        client.set(RedisKeys.lease("other"), "alive", SetParams.setParams().px(1200));
        client.srem(RedisKeys.live(me), id);
        addTo("other", "other:2", id);
        owner.taken.get(0).append(new Event.Text("fenced"));
        TestServer.await("lost", () -> owner.abandoned.get() == 1);
        TestServer.await("taken back", () -> owner.taken.size() == 2);
        Thread.sleep(3000);
        assertTrue(owner.taken.get(1).append(new Event.Text("goes on")));
        TestServer.await("it is followed", () -> followed.head() == 1);
        assertEquals(List.of(id), owner.watched, "it is watched");
        watches.close();
    }

    @Test
    void aNodeHearsOthersThoughTheClockOfANewRedisIsBehind() throws Exception {
        Owner owner = leaver();
        LogStore writing = node(redis.port(), owner);
        LogStore other = node(redis.port(), leaver());
        StreamLog log = writing.create(Kind.CHAT, null);
        String id = log.start().stream();
        TestServer.await("in Redis", () -> client.exists(RedisKeys.owner(id)));
        String me = client.get(RedisKeys.owner(id));
        // The last that it was told came by a clock that was an hour ahead of the next one.
        long then = System.currentTimeMillis() + 3_600_000;
        client.xadd(
                RedisKeys.inbox(me),
                Map.of("from", "x", "cancel", "first"),
                XAddParams.xAddParams().id(new StreamEntryID(then, 0)));
        TestServer.await("heard", () -> owner.cancelled.contains("first"));
        client.flushAll();
        TestServer.await("told again", () -> client.exists(RedisKeys.owner(id)));
        other.cancel(id);
        TestServer.await("heard", () -> owner.cancelled.contains(id));
    }

    @Test
    void aStreamWhoseLastReplyWasLostIsStillHere() throws Exception {
        AtomicReference<String> word = new AtomicReference<>("\0none");
        AtomicBoolean cut = new AtomicBoolean();
        // Once, when the answer comes to what has the word in it.
        Supplier<Way.Guard> cutting = () -> {
            AtomicBoolean said = new AtomicBoolean();
            return new Way.Guard(
                    asked -> {
                        said.compareAndSet(false, asked.contains(word.get()));
                        return true;
                    },
                    answered -> !said.get() || !cut.compareAndSet(false, true));
        };
        try (Way way = new Way(redis.port(), cutting)) {
            LogStore writing = node(way.port(), leaver());
            Event.Start start = new Event.Start(writing.newId(), Kind.CHAT, null);
            assertEquals(Optional.empty(), writing.claim("key", "print", start));
            StreamLog log = writing.create(start);
            String id = start.stream();
            log.recoverable(new Recovery(new Origin("upstream", "response", null), true, 0));
            log.append(new Event.Text("x"));
            TestServer.await("in Redis", () -> client.xlen(RedisKeys.stream(id)) == 2);
            word.set("finish_reason");
            assertTrue(log.append(EveryEvent.done()));
            TestServer.await("its reply is lost", cut::get);
            TestServer.await("in Redis", () -> client.xlen(RedisKeys.stream(id)) == 3);
            Thread.sleep(1000);
            // Redis goes away within the retention.
            redis.stop();
            TestServer.await("away", () -> writing.state() == StoreState.UNREACHABLE);
            Event.Start again = new Event.Start(writing.newId(), Kind.CHAT, null);
            assertEquals(
                    Optional.of(new Claim(id, "print")),
                    writing.claim("key", "print", again),
                    "the answer is there and paid for");
            assertTrue(writing.find(id).isPresent());
        }
    }

    @Test
    void aKeyThatIsClaimedInACrowdHoldsOnOtherNodesToo() throws Exception {
        try (Way way = Way.slow(redis.port(), Duration.ofMillis(100))) {
            LogStore one = node(way.port(), leaver());
            LogStore two = node(redis.port(), leaver());
            // Redis knows the scripts.
            assertEquals(Optional.empty(), two.claim("first", "print", new Event.Start(two.newId(), Kind.CHAT, null)));
            AtomicBoolean away = new AtomicBoolean();
            ExecutorService crowd = Executors.newCachedThreadPool();
            List<CompletableFuture<Boolean>> claims = IntStream.range(0, 400)
                    .mapToObj(i -> CompletableFuture.supplyAsync(
                            () -> {
                                try {
                                    Event.Start start = new Event.Start(one.newId(), Kind.CHAT, null);
                                    return one.claim("key" + i, "print", start).isEmpty();
                                } catch (StoreAway e) {
                                    return false;
                                } finally {
                                    away.compareAndSet(false, one.state() != StoreState.REACHABLE);
                                }
                            },
                            crowd))
                    .toList();
            List<Boolean> claimed = new ArrayList<>();
            for (CompletableFuture<Boolean> claim : claims) {
                claimed.add(claim.get(30, TimeUnit.SECONDS));
            }
            crowd.shutdown();
            assertFalse(away.get(), "Redis was away");
            List<Integer> twice = new ArrayList<>();
            for (int i = 0; i < 400; i++) {
                Event.Start start = new Event.Start(two.newId(), Kind.CHAT, null);
                if (two.claim("key" + i, "print", start).isEmpty() && claimed.get(i)) {
                    twice.add(i);
                }
            }
            assertEquals(List.of(), twice, "begun twice");
        }
    }

    @Test
    void whatEndsWhileItIsTakenOverIsForgottenAsAllElse() {
        Owner takes = new Owner(LogStore.Readiness.TAKES) {
            @Override
            public void takenOver(StreamLog log, Recovery recovery) {
                log.append(new Event.Text(Noise.text(new Random(1), 50_000)));
                log.append(EveryEvent.done());
                super.takenOver(log, recovery);
            }
        };
        LogStore taking = node(redis.port(), takes, Duration.ZERO, 20_000);
        String id = taking.newId();
        addStream(id);
        addTo("dead", "dead", id);
        TestServer.await("taken over", () -> takes.taken.size() == 1);
        TestServer.await("forgotten", () -> !taking.full() && taking.bytes() < 20_000);
    }
}
