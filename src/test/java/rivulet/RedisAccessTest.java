package rivulet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.http.HttpResponse;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import redis.clients.jedis.Jedis;

/** Two nodes on one Redis know the same callers, and count them together. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class RedisAccessTest {
    private static final String SECRET = "-0123456789abcdef";
    /** Callers of their own for each test, since what they had is remembered. */
    private static final String TOKENS =
            IntStream.range(0, 20).mapToObj(i -> "c" + i + ":c" + i + SECRET).collect(Collectors.joining(","));

    private static final AtomicInteger CALLERS = new AtomicInteger();
    private static final String SLOW = "{\"kind\":\"fake-llm\",\"text\":\"a long text\",\"delay\":\"10s\"}";
    private static final String QUICK = "{\"kind\":\"fake-llm\",\"text\":\"a\",\"delay\":\"1ms\"}";

    private static RedisProcess redis;
    private static TestServer a;
    private static TestServer b;

    private final String ann = nextCaller();
    private final String bob = nextCaller();

    private static String nextCaller() {
        return "Bearer c" + CALLERS.getAndIncrement() + SECRET;
    }

    @BeforeAll
    static void start() {
        redis = new RedisProcess();
        a = node();
        b = node();
    }

    private static TestServer node() {
        TestServer node = TestServer.with(
                "REDIS_URL", redis.url(),
                "ACCESS_TOKENS", TOKENS,
                "OPENAI_MODEL", "sim-fast-20tokens",
                "STREAMS_PER_CALLER", "3",
                "REQUESTS_PER_MINUTE", "12",
                "OUTPUT_TOKENS_PER_DAY", "50");
        awaitReady(node);
        return node;
    }

    private static void awaitReady(TestServer node) {
        TestServer.await("ready", () -> node.get("/health/ready").body().equals("{\"status\":\"ready\"}"));
    }

    @AfterAll
    static void stop() {
        a.close();
        b.close();
        redis.close();
    }

    private static HttpResponse<String> begin(TestServer node, String who, String body) {
        return node.post("/streams", body, "Accept", "application/json", "Authorization", who);
    }

    private static String id(HttpResponse<String> created) {
        assertEquals(201, created.statusCode(), created.body());
        return TestServer.json(created.body()).path("stream").asText();
    }

    private static String code(HttpResponse<String> refused) {
        return TestServer.json(refused.body()).path("error").path("code").asText();
    }

    @Test
    void onlyTheCreatorCancelsOnWhateverNode() {
        String id = id(begin(a, ann, SLOW));
        TestServer.await(
                "found",
                () -> b.get("/streams/" + id, "Accept", "application/json", "Authorization", bob)
                                .statusCode()
                        == 200);
        assertEquals("not_the_creator", code(b.delete("/streams/" + id, "Authorization", bob)));
        assertEquals(200, b.delete("/streams/" + id, "Authorization", ann).statusCode());
        assertEquals(
                "done",
                TestServer.json(a.get("/streams/" + id, "Accept", "application/json", "Authorization", bob)
                                .body())
                        .path("status")
                        .asText());
    }

    @Test
    void anIdempotencyKeyIsItsCallersOwnOnWhateverNode() {
        String[] ids = new String[3];
        ids[0] = keyed(a, ann);
        ids[1] = keyed(b, ann);
        ids[2] = keyed(b, bob);
        assertEquals(ids[0], ids[1]);
        assertNotEquals(ids[0], ids[2]);
    }

    private static String keyed(TestServer node, String who) {
        return id(node.post(
                "/streams", QUICK, "Accept", "application/json", "Authorization", who, "Idempotency-Key", "k"));
    }

    @Test
    void liveStreamsAreCountedTogetherUntilTheyEnd() {
        String first = id(begin(a, ann, SLOW));
        id(begin(a, ann, SLOW));
        id(begin(b, ann, SLOW));
        assertEquals("streams_per_caller", code(begin(a, ann, SLOW)));
        assertEquals("streams_per_caller", code(begin(b, ann, SLOW)));
        id(begin(b, bob, SLOW));
        assertEquals(200, a.delete("/streams/" + first, "Authorization", ann).statusCode());
        // At once, where it was ended: nothing has to be waited for.
        id(begin(a, ann, SLOW));
        assertEquals("streams_per_caller", code(begin(b, ann, SLOW)));
    }

    @Test
    void aDeadNodesStreamsDoNotCountForEver() {
        try (ChildNode dying =
                new ChildNode("REDIS_URL", redis.url(), "ACCESS_TOKENS", TOKENS, "STREAMS_PER_CALLER", "3")) {
            String id = "";
            for (int i = 0; i < 3; i++) {
                RawHttp.Answer begun = RawHttp.send(
                        dying.port(),
                        ("POST /streams HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                                        + "Accept: application/json\r\nAuthorization: %s\r\nContent-Length: %d\r\n\r\n%s")
                                .formatted(ann, SLOW.length(), SLOW));
                assertEquals(201, begun.status());
                id = TestServer.json(begun.body()).path("stream").asText();
            }
            assertEquals("streams_per_caller", code(begin(a, ann, SLOW)));
            dying.kill();
            loseLeaseOfOwner(id);
        }
        String[] begun = new String[1];
        TestServer.await("they are ended", () -> {
            HttpResponse<String> answer = begin(a, ann, SLOW);
            begun[0] = answer.statusCode() == 201 ? id(answer) : "";
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
            return !begun[0].isEmpty();
        });
    }

    /** As time would, only sooner. */
    private static void loseLeaseOfOwner(String id) {
        try (Jedis jedis = new Jedis("127.0.0.1", redis.port())) {
            jedis.del("rivulet:node:" + jedis.get("rivulet:stream:" + id + ":owner"));
        }
    }

    @Test
    void requestsAreCountedTogetherAndByEachNodeWhileRedisIsAway() {
        long start = System.nanoTime();
        int together = beginUntilRefused(a, b);
        // One comes back every five seconds.
        long most = 12 + 1 + (System.nanoTime() - start) / TimeUnit.SECONDS.toNanos(5);
        assertTrue(together >= 12 && together <= most, together + " were begun");
        redis.stop();
        try {
            TestServer.await(
                    "away",
                    () -> a.get("/health/ready").body().contains("unreachable")
                            && b.get("/health/ready").body().contains("unreachable"));
            assertTrue(beginUntilRefused(a, a) >= 12);
            assertTrue(beginUntilRefused(b, b) >= 12);
        } finally {
            redis.restart();
            awaitReady(a);
            awaitReady(b);
        }
    }

    private void ended(TestServer one, TestServer other, String id) {
        TestServer.await(
                "it has ended",
                () -> Stream.of(one, other)
                        .anyMatch(node -> node.get("/streams/" + id, "Accept", "application/json", "Authorization", bob)
                                .body()
                                .contains("\"done\"")));
    }

    private int beginUntilRefused(TestServer one, TestServer other) {
        int begun = 0;
        HttpResponse<String> last = begin(one, bob, QUICK);
        while (last.statusCode() == 201 && begun < 100) {
            begun++;
            ended(one, other, id(last));
            last = begin(begun % 2 == 0 ? one : other, bob, QUICK);
        }
        assertEquals("requests_per_minute", code(last));
        return begun;
    }

    @Test
    void theDaysTokensAreCountedTogether() {
        String chat = "{\"kind\":\"chat\",\"message\":\"x\"}";
        for (TestServer node : new TestServer[] {a, b, a}) {
            assertEquals(200, node.post("/streams", chat, "Authorization", ann).statusCode());
        }
        for (TestServer node : new TestServer[] {a, b}) {
            TestServer.await(
                    "they are counted",
                    () -> code(node.post("/streams", chat, "Accept", "application/json", "Authorization", ann))
                            .equals("output_tokens_per_day"));
        }
    }
}
