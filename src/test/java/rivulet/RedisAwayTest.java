package rivulet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.http.HttpResponse;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Redis goes away, empty-handed, and comes back: what lives here goes on, what lives elsewhere is to be asked for again. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class RedisAwayTest {
    private RedisProcess redis;
    private TestServer a;
    private TestServer b;

    @BeforeEach
    void start() {
        redis = new RedisProcess();
        a = TestServer.with("REDIS_URL", redis.url());
        b = TestServer.with("REDIS_URL", redis.url());
        awaitReady(a);
        awaitReady(b);
    }

    @AfterEach
    void stop() {
        a.close();
        b.close();
        redis.close();
    }

    private static void awaitReady(TestServer node) {
        TestServer.await("ready", () -> node.get("/health/ready").body().equals("{\"status\":\"ready\"}"));
    }

    private static void awaitAway(TestServer node) {
        TestServer.await("away", () -> node.get("/health/ready").body().contains("unreachable"));
    }

    private static PlainViewer begin(TestServer node) {
        PlainViewer viewer = new PlainViewer();
        viewer.view(node.port(), "/sse/countdown?from=60&interval=50ms&format=json", 300);
        return viewer;
    }

    private static CompletableFuture<PlainViewer.End> follow(PlainViewer viewer, TestServer node) {
        return TestServer.meanwhile(() -> viewer.view(node.port(), "/sse/countdown?format=json", Long.MAX_VALUE));
    }

    @Test
    void whatLivesHereGoesOnAndWhatLivesElsewhereIsBrokenOffAndFoundAgain() throws Exception {
        PlainViewer here = begin(a);
        String id = here.lastEventId().substring(0, 22);
        TestServer.await(
                "found",
                () -> b.get("/streams/" + id, "Accept", "application/json").statusCode() == 200);
        PlainViewer elsewhere = new PlainViewer();
        CompletableFuture<PlainViewer.End> undisturbed = follow(here, a);
        CompletableFuture<PlainViewer.End> broken =
                TestServer.meanwhile(() -> elsewhere.view(b.port(), "/streams/" + id, Long.MAX_VALUE));
        TestServer.await("it is watched", () -> b.viewers() == 1);
        redis.stop();
        awaitAway(a);
        awaitAway(b);
        assertEquals(200, a.get("/health/ready").statusCode());
        assertEquals(PlainViewer.End.BROKEN, broken.get(10, TimeUnit.SECONDS));
        redis.restart();
        awaitReady(b);
        TestServer.await(
                "the live stream is in Redis again",
                () -> b.get("/streams/" + id, "Accept", "application/json").statusCode() == 200);
        PlainViewer.End end = elsewhere.view(b.port(), "/streams/" + id, Long.MAX_VALUE);
        assertEquals(PlainViewer.End.CLEAN, end);
        assertEquals(PlainViewer.End.CLEAN, undisturbed.get(10, TimeUnit.SECONDS));
        assertNull(here.disorder());
        assertNull(elsewhere.disorder());
        assertEquals(here.text(), elsewhere.text());
        assertTrue(here.text().endsWith("발사!"));
    }

    @Test
    void streamsBeginWhileRedisIsAwayAndReachItLater() {
        redis.stop();
        awaitAway(a);
        HttpResponse<String> whole = a.get("/sse/fake-llm?text=hello&delay=1ms&format=json");
        assertEquals(200, whole.statusCode());
        String id = whole.headers().firstValue("Stream-Id").orElseThrow();
        assertTrue(whole.body().contains("event: done"));
        redis.restart();
        awaitReady(a);
        awaitReady(b);
        TestServer.await(
                "it is in Redis",
                () -> b.get("/streams/" + id, "Accept", "application/json").statusCode() == 200);
        assertEquals(
                a.get("/streams/" + id).body().replaceAll("retry: \\d+\n", ""),
                b.get("/streams/" + id).body().replaceAll("retry: \\d+\n", ""));
    }

    @Test
    void aResumeThatCannotBeServedIsBrokenOffAndNotRefused() {
        PlainViewer viewer = begin(a);
        redis.stop();
        awaitAway(b);
        String answer = RawHttp.send(
                        b.port(),
                        "GET /sse/countdown HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: " + viewer.lastEventId()
                                + "\r\n\r\n")
                .head();
        assertTrue(answer.startsWith("HTTP/1.1 200") && answer.contains("text/event-stream"), answer);
        assertEquals(PlainViewer.End.BROKEN, viewer.view(b.port(), "/sse/countdown", Long.MAX_VALUE));
        assertEquals(200, viewer.status());
        // Its own node needs no Redis.
        assertEquals(PlainViewer.End.CLEAN, viewer.view(a.port(), "/sse/countdown?format=json", Long.MAX_VALUE));
        String id = viewer.lastEventId().substring(0, 22);
        assertEquals(503, b.get("/streams/" + id, "Accept", "application/json").statusCode());
        assertEquals(503, b.delete("/streams/" + id).statusCode());
    }

    @Test
    void aNodeThatNeverReachedItsStoreIsNotReadyButServes() {
        redis.stop();
        try (TestServer lone = TestServer.with("REDIS_URL", redis.url())) {
            HttpResponse<String> ready = lone.get("/health/ready");
            assertEquals(503, ready.statusCode());
            assertEquals("{\"status\":\"starting\",\"store\":\"unreachable\"}", ready.body());
            assertTrue(lone.get("/sse/countdown?from=1&interval=0s").body().contains("발사!"));
            redis.restart();
            awaitReady(lone);
        }
    }
}
