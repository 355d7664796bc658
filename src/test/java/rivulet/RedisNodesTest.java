package rivulet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import redis.clients.jedis.Jedis;

/** Two nodes on one Redis: whichever a viewer comes to, it is the same stream. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class RedisNodesTest {
    private static RedisProcess redis;
    private static TestServer a;
    private static TestServer b;

    @BeforeAll
    static void start() {
        redis = new RedisProcess();
        a = node("OPENAI_MODEL", "sim-fast-echo", "DISCONNECT_GRACE", "500ms");
        b = node("OPENAI_MODEL", "sim-fast-echo");
    }

    @AfterAll
    static void stop() {
        a.close();
        b.close();
        redis.close();
    }

    private static TestServer node(String... settings) {
        String[] all = java.util.Arrays.copyOf(settings, settings.length + 2);
        all[settings.length] = "REDIS_URL";
        all[settings.length + 1] = redis.url();
        TestServer node = TestServer.with(all);
        TestServer.await("ready", () -> node.get("/health/ready").statusCode() == 200);
        return node;
    }

    /** Begins a stream in the background of a node. */
    private static String begin(TestServer node, String body) {
        HttpResponse<String> created = node.post("/streams", body, "Accept", "application/json");
        assertEquals(201, created.statusCode(), created.body());
        return TestServer.json(created.body()).path("stream").asText();
    }

    private static void awaitFound(TestServer node, String id) {
        TestServer.await("found", () -> state(node, id).path("stream").asText().equals(id));
    }

    private static JsonNode state(TestServer node, String id) {
        return TestServer.json(
                node.get("/streams/" + id, "Accept", "application/json").body());
    }

    private static String withoutRetry(String stream) {
        return stream.replaceAll("retry: \\d+\n", "");
    }

    @Test
    void aStreamIsFollowedLiveOnAnotherNodeByteForByte() throws Exception {
        String id = begin(a, "{\"kind\":\"fake-llm\",\"text\":\"héllo wörld 👩‍👩‍👧\",\"delay\":\"30ms\"}");
        CompletableFuture<String> here = a.getAsync("/streams/" + id);
        awaitFound(b, id);
        String there = b.get("/streams/" + id).body();
        assertEquals(withoutRetry(here.get(10, TimeUnit.SECONDS)), withoutRetry(there));
        for (String format : List.of("text", "ndjson")) {
            assertEquals(
                    withoutRetry(a.get("/streams/" + id + "?format=" + format).body()),
                    withoutRetry(b.get("/streams/" + id + "?format=" + format).body()));
        }
        assertEquals(state(a, id), state(b, id));
    }

    @Test
    void aViewerGoesOnAtAnotherNodeWhereItWasCut() {
        PlainViewer viewer = new PlainViewer();
        String path = "/sse/fake-llm?format=json&delay=10ms&text=" + "0123456789".repeat(8);
        viewer.view(a.port(), path, 700);
        assertNotEquals("", viewer.lastEventId());
        for (int cut = 1; !viewer.ended(); cut++) {
            TestServer node = cut % 2 == 0 ? a : b;
            viewer.view(node.port(), path, viewer.bytes() + 500);
            assertEquals(200, viewer.status());
        }
        assertNull(viewer.disorder());
        assertEquals("0123456789".repeat(8), viewer.text());
        // The other node learns of the end a few milliseconds later.
        TestServer.await(
                "204",
                () -> b.get("/sse/fake-llm", "Last-Event-ID", viewer.lastEventId())
                                .statusCode()
                        == 204);
    }

    @Test
    void whatNoNodeBeganIs404OnBoth() {
        for (TestServer node : List.of(a, b)) {
            assertEquals(404, node.get("/streams/AAAAAAAAAAAAAAAAAAAAAA").statusCode());
            assertEquals(
                    404,
                    node.get("/sse/chat", "Last-Event-ID", "AAAAAAAAAAAAAAAAAAAAAA.3")
                            .statusCode());
            assertEquals(404, node.delete("/streams/AAAAAAAAAAAAAAAAAAAAAA").statusCode());
        }
    }

    @Test
    void anyNodeCancels() throws Exception {
        String id = begin(a, "{\"kind\":\"countdown\",\"from\":100,\"interval\":\"50ms\"}");
        CompletableFuture<String> here = a.getAsync("/streams/" + id);
        awaitFound(b, id);
        JsonNode cancelled = TestServer.json(b.delete("/streams/" + id).body());
        assertEquals("done", cancelled.path("status").asText(), cancelled.toString());
        assertEquals("cancelled", cancelled.path("finish_reason").asText());
        assertEquals(cancelled, TestServer.json(a.delete("/streams/" + id).body()));
        assertEquals(cancelled, TestServer.json(b.delete("/streams/" + id).body()));
        List<SseParser.SseEvent> events = SseParser.parse(here.get(10, TimeUnit.SECONDS));
        assertEquals(1, events.stream().filter(e -> e.name().equals("done")).count());
    }

    @Test
    void aViewerOnAnotherNodeKeepsTheGenerationAliveAndItsLeavingEndsIt() {
        // The grace on this node is half a second, so only the viewer elsewhere can keep it going.
        PlainViewer starter = new PlainViewer();
        starter.view(a.port(), "/sse/countdown?from=200&interval=50ms&format=json", 300);
        String id = starter.lastEventId().substring(0, 22);
        PlainViewer elsewhere = new PlainViewer();
        elsewhere.view(b.port(), "/streams/" + id, 6000);
        int seen = PlainViewer.index(elsewhere.last());
        assertTrue(seen > 60, "it saw three seconds of it: " + seen);
        TestServer.await(
                "it is cancelled", () -> state(b, id).path("status").asText().equals("done"));
        assertEquals("cancelled", state(a, id).path("finish_reason").asText());
    }

    @Test
    void theSameKeyAtBothNodesIsOneStream() throws Exception {
        String path = "/sse/fake-llm?format=json&delay=20ms&text=once&idempotency_key=";
        for (int round = 0; round < 5; round++) {
            String key = "key-" + round;
            CompletableFuture<String> here = a.getAsync(path + key);
            CompletableFuture<String> there = b.getAsync(path + key);
            assertEquals(withoutRetry(here.get(10, TimeUnit.SECONDS)), withoutRetry(there.get(10, TimeUnit.SECONDS)));
            assertEquals(409, b.get(path.replace("once", "other") + key).statusCode());
        }
    }

    @Test
    void anyNumberOfViewersSharesOneConnectionToRedis() throws Exception {
        String id = begin(a, "{\"kind\":\"countdown\",\"from\":40,\"interval\":\"50ms\"}");
        awaitFound(b, id);
        int before = connections();
        List<CompletableFuture<String>> viewers =
                Stream.generate(() -> b.getAsync("/streams/" + id)).limit(100).toList();
        TestServer.await("all watch", () -> b.viewers() >= 100);
        assertTrue(connections() <= before + 8, before + " connections, then " + connections());
        String whole = withoutRetry(a.get("/streams/" + id).body());
        for (CompletableFuture<String> viewer : viewers) {
            assertEquals(whole, withoutRetry(viewer.get(20, TimeUnit.SECONDS)));
        }
    }

    private static int connections() {
        try (Jedis jedis = new Jedis("127.0.0.1", redis.port())) {
            return (int) jedis.clientList().lines().count();
        }
    }

    @Test
    void aStopBreaksTheViewersOfOtherNodesOffAndEndsItsOwn() throws Exception {
        TestServer c = node();
        String others = begin(a, "{\"kind\":\"countdown\",\"from\":60,\"interval\":\"100ms\"}");
        String own = begin(c, "{\"kind\":\"countdown\",\"from\":60,\"interval\":\"100ms\"}");
        awaitFound(c, others);
        awaitFound(b, own);
        PlainViewer ofOthers = new PlainViewer();
        PlainViewer ofOwn = new PlainViewer();
        CompletableFuture<PlainViewer.End> broken =
                TestServer.meanwhile(() -> ofOthers.view(c.port(), "/streams/" + others, Long.MAX_VALUE));
        CompletableFuture<PlainViewer.End> elsewhere =
                TestServer.meanwhile(() -> ofOwn.view(b.port(), "/streams/" + own, Long.MAX_VALUE));
        TestServer.await("it is watched", () -> c.viewers() == 1 && b.viewers() >= 1);
        c.close();
        assertEquals(PlainViewer.End.BROKEN, broken.get(10, TimeUnit.SECONDS));
        assertEquals(PlainViewer.End.CLEAN, elsewhere.get(10, TimeUnit.SECONDS));
        assertEquals(
                "shutting_down", ofOwn.lastData().path("error").path("code").asText());
        assertEquals("live", state(b, others).path("status").asText());
        b.delete("/streams/" + others);
    }
}
