package rivulet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.resps.StreamEntry;

/** A node that generates dies, or stands still and wakes: its streams end once, as lost, and nothing comes after. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class RedisOwnerTest {
    private static final Duration LOST_WITHIN = Duration.ofSeconds(10);
    /** Half as long as eight appends would wait for certainty. */
    private static final Duration ALL_TOLD_WITHIN = Duration.ofSeconds(12);

    private RedisProcess redis;
    private TestServer stays;
    private ChildNode owner;

    @BeforeEach
    void start() {
        redis = new RedisProcess();
        owner = new ChildNode("REDIS_URL", redis.url());
        stays = TestServer.with("REDIS_URL", redis.url());
    }

    @AfterEach
    void stop() {
        owner.close();
        stays.close();
        redis.close();
    }

    /** A viewer that begins a countdown on the owner, and has seen its start. */
    private PlainViewer begin() {
        PlainViewer viewer = new PlainViewer();
        viewer.view(owner.port(), "/sse/countdown?from=600&interval=50ms&format=json", 400);
        return viewer;
    }

    private JsonNode state(String id) {
        return TestServer.json(
                stays.get("/streams/" + id, "Accept", "application/json").body());
    }

    private List<StreamEntry> inRedis(String id) {
        try (RedisClient client = RedisClient.create("127.0.0.1", redis.port())) {
            return client.xrange("rivulet:stream:" + id, "-", "+");
        }
    }

    private void assertOneEndAndItIsTheLast(String id) {
        List<StreamEntry> entries = inRedis(id);
        assertEquals(
                1,
                entries.stream()
                        .filter(e -> "failed".equals(e.getFields().get("event"))
                                || "done".equals(e.getFields().get("event")))
                        .count());
        assertEquals("failed", entries.get(entries.size() - 1).getFields().get("event"));
        for (int i = 0; i < entries.size(); i++) {
            assertEquals((i + 1) + "-0", entries.get(i).getID().toString());
        }
    }

    @Test
    void theStreamsOfANodeThatDiesEndOwnerLostWithinTenSeconds() throws Exception {
        PlainViewer viewer = begin();
        String id = viewer.lastEventId().substring(0, 22);
        CompletableFuture<PlainViewer.End> following =
                TestServer.meanwhile(() -> viewer.view(stays.port(), "/sse/countdown", Long.MAX_VALUE));
        TestServer.await(
                "it is followed", () -> stays.viewers() == 1 && inRedis(id).size() > 20);
        owner.kill();
        long killed = System.nanoTime();
        assertEquals(PlainViewer.End.CLEAN, following.get(20, TimeUnit.SECONDS));
        assertTrue(System.nanoTime() - killed < LOST_WITHIN.toNanos());
        assertEquals("owner_lost", viewer.lastData().path("error").path("code").asText());
        assertTrue(viewer.lastData().path("retryable").asBoolean());
        assertOneEndAndItIsTheLast(id);
        assertEquals("failed", state(id).path("status").asText());
        // Cancelled or not: it has ended once.
        assertEquals(
                "failed",
                TestServer.json(stays.delete("/streams/" + id).body())
                        .path("status")
                        .asText());
    }

    @Test
    void aStreamThatNobodyFollowsEndsToo() {
        String id = begin().lastEventId().substring(0, 22);
        owner.kill();
        TestServer.await("lost", () -> state(id).path("status").asText().equals("failed"));
        assertOneEndAndItIsTheLast(id);
    }

    @Test
    void anEndOfALostStreamIsCountedByTheOneNodeThatWroteIt() {
        try (TestServer third = TestServer.with("REDIS_URL", redis.url())) {
            List<String> ids = List.of(
                    begin().lastEventId().substring(0, 22),
                    begin().lastEventId().substring(0, 22));
            String lost = "rivulet_streams_lost_total";
            assertEquals(0, Scrape.of(stays).sum(lost) + Scrape.of(third).sum(lost));
            owner.kill();
            for (String id : ids) {
                TestServer.await("lost", () -> state(id).path("status").asText().equals("failed"));
            }
            TestServer.await("forgotten", () -> nodes() == 2);
            TestServer.await(
                    "counted",
                    () -> Scrape.of(stays).sum(lost) + Scrape.of(third).sum(lost) >= 2);
            assertEquals(2, Scrape.of(stays).sum(lost) + Scrape.of(third).sum(lost));
            assertEquals(0, Scrape.of(stays).sum("rivulet_generations_total"), "it has generated none");
        }
    }

    /** How many nodes may have live streams, as Redis knows them. */
    private long nodes() {
        try (RedisClient client = RedisClient.create("127.0.0.1", redis.port())) {
            return client.scard("rivulet:nodes");
        }
    }

    @Test
    void whoHoldsEventsThatWereLostIsToldTheEndAndThenStopped() {
        String id = begin().lastEventId().substring(0, 22);
        owner.kill();
        TestServer.await("lost", () -> state(id).path("status").asText().equals("failed"));
        int head = state(id).path("index").asInt();
        for (int held : List.of(head, head + 1, head + 1000)) {
            PlainViewer viewer = new PlainViewer();
            String path = "/sse/countdown?format=json&last_event_id=" + id + "." + held;
            assertEquals(PlainViewer.End.CLEAN, viewer.view(stays.port(), path, Long.MAX_VALUE));
            assertEquals(200, viewer.status());
            assertEquals(1, viewer.events().size());
            assertEquals(
                    "owner_lost", viewer.lastData().path("error").path("code").asText());
            // An EventSource that does not close at the end comes again, and must stop then.
            viewer.view(stays.port(), "/sse/countdown", Long.MAX_VALUE);
            assertEquals(204, viewer.status());
        }
        assertEquals(
                200,
                stays.post("/sse/chat", "{\"message\":\"x\"}", "Last-Event-ID", id + "." + (head + 1))
                        .statusCode());
    }

    @Test
    void anOwnerThatStoodStillAppendsNothingMoreAndTellsItsViewers() throws Exception {
        PlainViewer viewer = begin();
        String id = viewer.lastEventId().substring(0, 22);
        CompletableFuture<PlainViewer.End> local =
                TestServer.meanwhile(() -> viewer.view(owner.port(), "/sse/countdown", Long.MAX_VALUE));
        TestServer.await("it is in the store", () -> inRedis(id).size() > 20);
        owner.pause();
        TestServer.await("lost", () -> state(id).path("status").asText().equals("failed"));
        int size = inRedis(id).size();
        owner.resume();
        assertEquals(PlainViewer.End.CLEAN, local.get(10, TimeUnit.SECONDS));
        assertEquals("owner_lost", viewer.lastData().path("error").path("code").asText());
        assertEquals(size, inRedis(id).size());
        assertOneEndAndItIsTheLast(id);
        // It lives on, and its next streams are as good as any.
        String next = begin().lastEventId().substring(0, 22);
        TestServer.await("found", () -> state(next).path("status").asText().equals("live"));
        stays.delete("/streams/" + next);
    }

    @Test
    void allStreamsOfAnOwnerThatStoodStillEndAtOnce() {
        List<String> ids = Stream.generate(() -> begin().lastEventId().substring(0, 22))
                .limit(8)
                .toList();
        TestServer.await(
                "they are in the store",
                () -> ids.stream().allMatch(id -> inRedis(id).size() > 1));
        owner.pause();
        for (String id : ids) {
            TestServer.await("lost", () -> state(id).path("status").asText().equals("failed"));
        }
        owner.resume();
        long resumed = System.nanoTime();
        for (String id : ids) {
            PlainViewer viewer = new PlainViewer();
            assertEquals(
                    PlainViewer.End.CLEAN,
                    viewer.view(owner.port(), "/streams/" + id + "?format=json", Long.MAX_VALUE));
            assertEquals(
                    "owner_lost", viewer.lastData().path("error").path("code").asText());
        }
        assertTrue(System.nanoTime() - resumed < ALL_TOLD_WITHIN.toNanos(), "one after the other");
    }
}
