package rivulet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Background mode on one node: a connection that breaks ends nothing, and what nobody wants is cancelled at the upstream. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
@Execution(ExecutionMode.CONCURRENT)
class BackgroundTest {

    private final TestServer upstream = TestServer.with();
    private final UpstreamRelay relay = new UpstreamRelay(upstream.port());
    private final TestServer node = node();

    @AfterEach
    void stop() throws IOException {
        node.close();
        relay.close();
        upstream.close();
    }

    private TestServer node(String... more) {
        String[] settings = {"OPENAI_BASE_URL", relay.url(), "UPSTREAM_API", "responses", "BACKGROUND", "on"};
        String[] all = java.util.Arrays.copyOf(settings, settings.length + more.length);
        System.arraycopy(more, 0, all, settings.length, more.length);
        return TestServer.with(all);
    }

    private static String chat(String model, String more) {
        return "{\"kind\":\"chat\",\"message\":\"What is SSE?\",\"model\":\"" + model + "\"" + more + "}";
    }

    /** What the model says without a fault. */
    private String text(String size) {
        return TestServer.text(upstream.chat(chat("sim-fast" + size, "")));
    }

    private String begin(String model) {
        return TestServer.json(node.post("/streams", chat(model, ""), "Accept", "application/json")
                        .body())
                .path("stream")
                .asText();
    }

    private JsonNode state(String id) {
        return TestServer.json(
                node.get("/streams/" + id, "Accept", "application/json").body());
    }

    /** The upstream's state of the only answer that was asked for. */
    private JsonNode atUpstream() {
        String cancel = relay.requests(UpstreamRelay.CANCELLED).get(0);
        String path = cancel.substring("POST ".length(), cancel.length() - "/cancel".length());
        return TestServer.json(upstream.get(path).body());
    }

    private static JsonNode last(List<JsonNode> events) {
        return events.get(events.size() - 1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"sim-fast-60tokens", "sim-fast-60tokens-cut-after-10", "sim-fast-60tokens-end-after-3"})
    void aConnectionThatEndsEarlyIsFollowedByOneThatBeginsBehindTheLastEvent(String model) {
        List<JsonNode> events = node.chat(chat(model, ""));
        assertEquals(text("-60tokens"), TestServer.text(events));
        assertEquals("done", last(events).path("event").asText());
        assertEquals(60, last(events).path("usage").path("output_tokens").asInt());
        assertEquals(1, relay.requests(UpstreamRelay.CREATED).size());
        boolean cut = model.contains("after");
        assertEquals(cut ? 1 : 0, relay.requests(UpstreamRelay.RESUMED).size());
        if (cut) {
            // created, queued, in_progress, item, part: five come before the first delta.
            int next = model.contains("cut") ? 14 : 7;
            assertTrue(relay.requests(UpstreamRelay.RESUMED).get(0).endsWith("&starting_after=" + next));
        }
        assertEquals(List.of(), relay.requests(UpstreamRelay.CANCELLED));
    }

    @Test
    void anUpstreamThatStaysAwayEndsItTruncatedAndKeepsTheText() {
        String id = begin("sim-50tps-900tokens");
        TestServer.await("some deltas", () -> state(id).path("index").asInt() > 5);
        relay.refuse(true);
        relay.cut();
        List<JsonNode> events =
                TestServer.ndjson(node.get("/streams/" + id + "?format=ndjson").body());
        assertEquals(
                "upstream_truncated", last(events).path("error").path("code").asText());
        assertTrue(text("-900tokens").startsWith(TestServer.text(events)));
        assertFalse(TestServer.text(events).isEmpty());
    }

    @Test
    void aCancelReachesTheUpstream() {
        String id = begin("sim-900tokens");
        TestServer.await("it speaks", () -> state(id).path("index").asInt() > 1);
        assertEquals(
                "cancelled",
                TestServer.json(node.delete("/streams/" + id).body())
                        .path("finish_reason")
                        .asText());
        TestServer.await("told", () -> relay.requests(UpstreamRelay.CANCELLED).size() == 1);
        TestServer.await("cancelled", () -> atUpstream().path("status").asText().equals("cancelled"));
    }

    @Test
    void aCancelBeforeTheAnswerHasAnIdReachesTheUpstreamOnceItHas() {
        String id = begin("sim-wait-1s-900tokens");
        TestServer.await("asked", () -> relay.requests(UpstreamRelay.CREATED).size() == 1);
        node.delete("/streams/" + id);
        assertEquals("cancelled", state(id).path("finish_reason").asText());
        TestServer.await(
                "cancelled",
                () -> relay.requests(UpstreamRelay.CANCELLED).size() == 1
                        && atUpstream().path("status").asText().equals("cancelled"));
    }

    @Test
    void theEndOfTheGraceCancelsAtTheUpstream() throws Exception {
        try (TestServer impatient = node("DISCONNECT_GRACE", "0s")) {
            PlainViewer viewer = new PlainViewer();
            viewer.view(impatient.port(), "/sse/chat?format=json&model=sim-900tokens&message=x", 500);
            TestServer.await(
                    "cancelled",
                    () -> relay.requests(UpstreamRelay.CANCELLED).size() == 1
                            && atUpstream().path("status").asText().equals("cancelled"));
        }
    }

    @Test
    void aLimitOfOursCancelsAtTheUpstream() {
        try (TestServer narrow = node("MAX_ANSWER_BYTES", "1024")) {
            List<JsonNode> events = narrow.chat(chat("sim-900tokens-500tps", ""));
            assertEquals(
                    "answer_too_large", last(events).path("error").path("code").asText());
            TestServer.await(
                    "cancelled", () -> relay.requests(UpstreamRelay.CANCELLED).size() == 1);
        }
    }

    @Test
    void aRequestThatWantsNothingStoredIsNotInBackground() {
        List<JsonNode> events = node.chat(chat("sim-fast-60tokens-cut-after-10", ",\"extra\":{\"store\":false}"));
        assertEquals(
                "upstream_truncated", last(events).path("error").path("code").asText());
        assertEquals(List.of(), relay.requests(UpstreamRelay.RESUMED));
    }

    @Test
    void chatCompletionsKnowNoBackground() {
        try (TestServer chat = node("UPSTREAM_API", "chat")) {
            List<JsonNode> events = chat.chat(chat("sim-fast-60tokens-cut-after-10", ""));
            assertEquals(
                    "upstream_truncated",
                    last(events).path("error").path("code").asText());
        }
    }
}
