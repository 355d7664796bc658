package rivulet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.resps.StreamEntry;

/**
 * Background mode on several nodes: where a node dies in mid-answer another goes on with it, and no viewer can tell. The
 * upstream is a simulator on a server of its own, behind a relay that counts what it is asked. With more streams:
 *
 * <pre>
 * mvn test -Dtest=TakeOverTest -Dtakeover.streams=100
 * </pre>
 */
@Timeout(value = 90, unit = TimeUnit.SECONDS)
// They wait most of the time, for leases that run out.
@Execution(ExecutionMode.CONCURRENT)
class TakeOverTest {
    private static final int STREAMS = Integer.getInteger("takeover.streams", 8);

    private final RedisProcess redis = new RedisProcess();
    private final TestServer upstream = TestServer.with();
    private final UpstreamRelay relay = new UpstreamRelay(upstream.port());
    private final List<AutoCloseable> nodes = new ArrayList<>();

    @AfterEach
    void stop() throws Exception {
        for (AutoCloseable node : nodes) {
            node.close();
        }
        relay.close();
        upstream.close();
        redis.close();
    }

    private String[] settings(String... more) {
        List<String> all = new ArrayList<>(List.of(
                "REDIS_URL",
                redis.url(),
                "OPENAI_BASE_URL",
                relay.url(),
                "UPSTREAM_API",
                "responses",
                "BACKGROUND",
                "on"));
        all.addAll(List.of(more));
        return all.toArray(String[]::new);
    }

    private TestServer node(String... more) {
        TestServer node = TestServer.with(settings(more));
        nodes.add(node);
        return node;
    }

    private ChildNode child(String... more) {
        ChildNode child = new ChildNode(settings(more));
        nodes.add(child);
        return child;
    }

    private static String path(String model) {
        return "/sse/chat?format=json&message=What+is+SSE%3F&model=" + model;
    }

    /** A viewer that has seen the start and some deltas of what it has begun. */
    private static PlainViewer begin(int port, String path) {
        PlainViewer viewer = new PlainViewer();
        viewer.view(port, path, 500);
        return viewer;
    }

    private static String id(PlainViewer viewer) {
        return viewer.lastEventId().substring(0, 22);
    }

    /** What the model says, asked without a hurry. */
    private String text(String model) {
        return TestServer.text(upstream.chat("{\"kind\":\"chat\",\"message\":\"What is SSE?\",\"model\":\""
                + model.replaceAll("\\d+tps", "fast") + "\"}"));
    }

    private static JsonNode state(TestServer node, String id) {
        return TestServer.json(
                node.get("/streams/" + id, "Accept", "application/json").body());
    }

    private List<StreamEntry> inRedis(String id) {
        try (RedisClient client = RedisClient.create("127.0.0.1", redis.port())) {
            return client.xrange("rivulet:stream:" + id, "-", "+");
        }
    }

    private List<String> keys(String pattern) {
        try (RedisClient client = RedisClient.create("127.0.0.1", redis.port())) {
            return List.copyOf(client.keys(pattern));
        }
    }

    /** Has the lease of whoever owns a stream be over, as it would be some seconds later. */
    private void endLease(String id) {
        try (RedisClient client = RedisClient.create("127.0.0.1", redis.port())) {
            String owner = client.get("rivulet:stream:" + id + ":owner");
            assertEquals(1, client.del("rivulet:node:" + owner.replaceAll(":.*", "")));
        }
    }

    /** The node dies while the viewer's stream is in full flow, and its lease ends. */
    private void killInMidAnswer(ChildNode node, PlainViewer viewer) {
        TestServer.await("it is in the store", () -> inRedis(id(viewer)).size() > 10);
        node.kill();
        endLease(id(viewer));
    }

    /** Each index once, one end, and nothing after it. */
    private void assertWhole(String id) {
        List<StreamEntry> entries = inRedis(id);
        for (int i = 0; i < entries.size(); i++) {
            assertEquals((i + 1) + "-0", entries.get(i).getID().toString());
            String event = entries.get(i).getFields().getOrDefault("event", "");
            assertEquals(i == entries.size() - 1, event.equals("done") || event.equals("failed"));
        }
    }

    /** Views until the stream ends, at one node after the other, as a client does behind a balancer. */
    private static void viewToTheEnd(PlainViewer viewer, int... ports) {
        for (int i = 0; !viewer.ended(); i++) {
            viewer.view(ports[i % ports.length], "/sse/chat?format=json", Long.MAX_VALUE);
            assertTrue(viewer.status() == 200 || viewer.status() == 0, "status " + viewer.status());
        }
    }

    @Test
    void aNodeThatDiesIsFollowedByAnotherAndNoViewerSeesABreak() throws Exception {
        String model = "sim-25tps-250tokens";
        TestServer stays = node();
        TestServer third = node();
        ChildNode dies = child();
        List<PlainViewer> viewers = new ArrayList<>();
        List<CompletableFuture<?>> views = new ArrayList<>();
        CountDownLatch begun = new CountDownLatch(STREAMS);
        for (int i = 0; i < STREAMS; i++) {
            PlainViewer viewer = new PlainViewer();
            viewers.add(viewer);
            // Some follow where the streams are generated, some where they will be, or will not.
            int[] ports = {new int[] {dies.port(), stays.port(), third.port()}[i % 3], stays.port(), third.port()};
            views.add(TestServer.meanwhile(() -> {
                viewer.view(dies.port(), path(model), 500);
                begun.countDown();
                viewToTheEnd(viewer, ports);
                return viewer;
            }));
        }
        assertTrue(begun.await(30, TimeUnit.SECONDS));
        PlainViewer late = begin(dies.port(), path(model));
        TestServer.await(
                "all are in the store",
                () -> viewers.stream().allMatch(v -> inRedis(id(v)).size() > 10));
        dies.kill();
        for (CompletableFuture<?> view : views) {
            view.get(60, TimeUnit.SECONDS);
        }
        // One that comes with the last id it had, long after.
        viewToTheEnd(late, third.port());
        viewers.add(late);
        String text = text(model);
        for (PlainViewer viewer : viewers) {
            assertNull(viewer.disorder());
            assertEquals(text, viewer.text());
            assertEquals("done", viewer.last().name());
            assertEquals(
                    250, viewer.lastData().path("usage").path("output_tokens").asInt());
            assertWhole(id(viewer));
        }
        assertEquals(STREAMS + 1, relay.requests(UpstreamRelay.CREATED).size());
        assertEquals(
                STREAMS + 1,
                relay.requests(UpstreamRelay.RESUMED + "&starting_after=\\d+").size());
        assertEquals(List.of(), relay.requests(UpstreamRelay.CANCELLED));
        assertEquals(List.of(), keys("*:recovery"));
        assertEquals(0, stays.liveStreams() + third.liveStreams());
    }

    @Test
    void whatHangsOnEarlierEventsIsReadAgainFromTheStartAndToldOnce() throws Exception {
        ChildNode dies = child();
        TestServer stays = node();
        List<String> bodies = List.of(
                body("chat", "sim-8tps-tools-reasoning"),
                body("structured", "sim-8tps").replace("}", ",\"fields\":[\"title\",\"summary\"]}"));
        List<String> ids = new ArrayList<>();
        List<CompletableFuture<String>> followed = new ArrayList<>();
        for (String body : bodies) {
            ids.add(create(dies.port(), body));
            followed.add(stays.getAsync("/streams/" + ids.get(ids.size() - 1) + "?format=ndjson"));
        }
        TestServer.await(
                "they are said in part",
                () -> ids.stream()
                        .allMatch(id -> inRedis(id).stream()
                                        .anyMatch(e -> !e.getFields()
                                                        .getOrDefault("data", "")
                                                        .contains("\"stream\"")
                                                && e.getFields()
                                                        .getOrDefault("event", "")
                                                        .matches("tool_call|field"))
                                && inRedis(id).size() > 8));
        dies.kill();
        endLease(ids.get(0));
        for (int i = 0; i < bodies.size(); i++) {
            List<JsonNode> events = TestServer.ndjson(followed.get(i).get(60, TimeUnit.SECONDS));
            assertEquals(said(upstream.chat(bodies.get(i).replace("8tps", "fast"))), said(events));
            assertEquals("done", events.get(events.size() - 1).path("event").asText());
            assertWhole(ids.get(i));
        }
        assertEquals(2, relay.requests(UpstreamRelay.CREATED).size());
        assertEquals(2, relay.requests(UpstreamRelay.RESUMED).size());
    }

    private static String body(String kind, String model) {
        return "{\"kind\":\"" + kind + "\",\"message\":\"What is SSE?\",\"model\":\"" + model + "\"}";
    }

    private static String create(int port, String body) {
        String head = "POST /streams HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAccept: application/json\r\n";
        String answer = RawHttp.send(port, head + "Content-Length: " + body.length() + "\r\n\r\n" + body)
                .body();
        return TestServer.json(answer).path("stream").asText();
    }

    private static List<String> said(List<JsonNode> events) {
        return events.subList(1, events.size() - 1).stream()
                .map(event -> event.path("event").asText()
                        + event.path("delta").asText()
                        + event.path("name").asText()
                        + event.path("arguments").asText()
                        + event.path("path").asText()
                        + event.path("value"))
                .toList();
    }

    @Test
    void aNodeThatStoodStillAppendsNothingAfterItsStreamWasTakenOver() throws Exception {
        String model = "sim-25tps-250tokens";
        ChildNode stands = child("DISCONNECT_GRACE", "1s");
        TestServer takes = node();
        PlainViewer viewer = begin(stands.port(), path(model));
        String id = id(viewer);
        CompletableFuture<?> view = TestServer.meanwhile(() -> {
            viewToTheEnd(viewer, stands.port());
            return viewer;
        });
        TestServer.await("it is in the store", () -> inRedis(id).size() > 20);
        stands.pause();
        endLease(id);
        TestServer.await("taken over", () -> takes.liveStreams() == 1);
        TestServer.await("gone on", () -> relay.requests(UpstreamRelay.RESUMED).size() == 1);
        stands.resume();
        // Its own viewers are sent away, come back, and are shown the other node's.
        view.get(60, TimeUnit.SECONDS);
        assertNull(viewer.disorder());
        assertEquals(text(model), viewer.text());
        assertWhole(id);
        assertEquals(1, relay.requests(UpstreamRelay.CREATED).size());
        assertEquals(List.of(), relay.requests(UpstreamRelay.CANCELLED));
    }

    @Test
    void whatWasCancelledWhileItsNodeWasDeadIsCancelledOnceItIsTakenOver() {
        TestServer stays = node();
        ChildNode first = child();
        PlainViewer viewer = begin(first.port(), path("sim-20tps-2000tokens"));
        String id = id(viewer);
        killInMidAnswer(first, viewer);
        // Said while nobody was there to hear it; whoever takes the stream over does what was asked.
        JsonNode state = TestServer.json(stays.delete("/streams/" + id).body());
        assertEquals("cancelled", state.path("finish_reason").asText());
        assertWhole(id);
        // Who was shown more by the dead node than it could pass on is told the end, and then stopped.
        HttpResponse<String> end = stays.get("/sse/chat?format=json", "Last-Event-ID", id + ".9999");
        assertEquals(200, end.statusCode());
        assertTrue(end.body().contains("\"cancelled\""));
        String told = end.body().replaceAll("(?s).*id: (\\S+).*", "$1");
        assertEquals(
                204, stays.get("/sse/chat?format=json", "Last-Event-ID", told).statusCode());
        TestServer.await(
                "at the upstream too",
                () -> relay.requests(UpstreamRelay.CANCELLED).size() == 1);
    }

    @Test
    void theGraceIsCountedByWhoeverTookTheStreamOver() {
        TestServer stays = node("DISCONNECT_GRACE", "0s");
        ChildNode dies = child("DISCONNECT_GRACE", "6s");
        PlainViewer viewer = begin(dies.port(), path("sim-20tps-2000tokens"));
        killInMidAnswer(dies, viewer);
        TestServer.await("taken over", () -> stays.liveStreams() == 1);
        TestServer.await(
                "given up",
                () -> state(stays, id(viewer)).path("status").asText().equals("done"));
        assertEquals("cancelled", state(stays, id(viewer)).path("finish_reason").asText());
        TestServer.await(
                "cancelled", () -> relay.requests(UpstreamRelay.CANCELLED).size() == 1);
    }

    @Test
    void aStopLeavesItsStreamsToTheOtherNodes() throws Exception {
        String model = "sim-50tps-150tokens";
        TestServer stops = TestServer.with(settings());
        TestServer stays = node();
        PlainViewer viewer = begin(stops.port(), path(model));
        TestServer.await("it is in the store", () -> inRedis(id(viewer)).size() > 10);
        stops.close();
        viewToTheEnd(viewer, stays.port());
        assertNull(viewer.disorder());
        assertEquals(text(model), viewer.text());
        assertEquals(1, relay.requests(UpstreamRelay.CREATED).size());
        assertEquals(List.of(), relay.requests(UpstreamRelay.CANCELLED));
    }

    /** The head is held back, since nothing has been said: without the id it would be asked for, and paid, again. */
    @Test
    void aStopBeforeTheFirstWordTellsTheIdOfWhatItLeaves() throws IOException {
        RawUpstream.Script script = (request, connection) -> {
            connection.sendStreamHead();
            if (request.line().startsWith("POST")) {
                connection.send("data: {\"type\":\"response.created\",\"sequence_number\":0,"
                        + "\"response\":{\"id\":\"resp_1\",\"background\":true}}\n\n");
                connection.awaitPeerClose();
            } else {
                connection.send(
                        "data: {\"type\":\"response.output_text.delta\",\"sequence_number\":1,\"delta\":\"a\"}\n\n");
                connection.send("data: {\"type\":\"response.completed\",\"sequence_number\":2,\"response\":{}}\n\n");
            }
        };
        try (RawUpstream silent = new RawUpstream(script)) {
            TestServer stops = TestServer.before(silent, settings("OPENAI_MODEL", "m"));
            TestServer stays = TestServer.before(silent, settings("OPENAI_MODEL", "m"));
            nodes.add(stays);
            PlainViewer viewer = new PlainViewer();
            CompletableFuture<PlainViewer.End> viewing =
                    TestServer.meanwhile(() -> viewer.view(stops.port(), path("m"), Long.MAX_VALUE));
            TestServer.await(
                    "it can be gone on with",
                    () -> !keys("rivulet:stream:*:recovery").isEmpty());
            stops.close();
            assertEquals(PlainViewer.End.BROKEN, viewing.join());
            assertEquals(200, viewer.status());
            viewToTheEnd(viewer, stays.port());
            assertEquals("a", viewer.text());
        }
    }

    @Test
    void theLastNodeThatStopsCancelsWhatItLeaves() {
        TestServer stops = TestServer.with(settings());
        PlainViewer viewer = begin(stops.port(), path("sim-20tps-2000tokens"));
        stops.close();
        assertEquals(1, relay.requests(UpstreamRelay.CANCELLED).size());
        List<StreamEntry> entries = inRedis(id(viewer));
        assertTrue(entries.get(entries.size() - 1)
                .getFields()
                .getOrDefault("data", "")
                .contains("shutting_down"));
    }

    @ParameterizedTest
    @CsvSource({"BACKGROUND, off", "OPENAI_BASE_URL, http://localhost:9/v1"})
    void whereNobodyCanGoOnTheStreamEndsOwnerLostOnce(String setting, String value) {
        TestServer stays = node(setting, value);
        ChildNode dies = child();
        PlainViewer viewer = begin(dies.port(), path("sim-20tps-2000tokens"));
        killInMidAnswer(dies, viewer);
        viewToTheEnd(viewer, stays.port());
        assertEquals("owner_lost", viewer.lastData().path("error").path("code").asText());
        assertWhole(id(viewer));
        assertEquals(List.of(), relay.requests(UpstreamRelay.RESUMED));
    }

    @Test
    void whatNobodyGoesOnWithIsCancelledByItsOwnNodeOnceThatIsAwake() throws Exception {
        TestServer stays = node("BACKGROUND", "off");
        ChildNode stands = child();
        PlainViewer viewer = begin(stands.port(), path("sim-20tps-2000tokens"));
        String id = id(viewer);
        TestServer.await("it is in the store", () -> inRedis(id).size() > 10);
        stands.pause();
        endLease(id);
        TestServer.await("ended", () -> state(stays, id).path("status").asText().equals("failed"));
        stands.resume();
        TestServer.await(
                "cancelled at the upstream, which else generates it to its end for nobody",
                () -> relay.requests(UpstreamRelay.CANCELLED).size() == 1);
    }

    @Test
    void anUpstreamThatNoLongerKnowsTheAnswerEndsItOwnerLost() throws IOException {
        // Another upstream of the same name, which has never heard of it.
        try (TestServer forgetful = TestServer.with();
                UpstreamRelay other = new UpstreamRelay(forgetful.port())) {
            TestServer stays = node("OPENAI_BASE_URL", other.url());
            ChildNode dies = child();
            PlainViewer viewer = begin(dies.port(), path("sim-20tps-2000tokens"));
            killInMidAnswer(dies, viewer);
            viewToTheEnd(viewer, stays.port());
            assertEquals(
                    "owner_lost", viewer.lastData().path("error").path("code").asText());
            assertWhole(id(viewer));
            assertEquals(1, other.requests(UpstreamRelay.RESUMED).size());
        }
    }
}
