package rivulet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** One line for each request and each generation: how it went, and never what was said. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class AccessLogTest {
    private static final String KEY = "sk-secret-0123456789abcdef";
    private static final String TRACE = "0af7651916cd43dd8448eb211c80319c";
    private static final String PARENT = "00-" + TRACE + "-b7ad6b7169203331-01";

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);

    private List<String> lines() {
        return bytes.toString(StandardCharsets.UTF_8).lines().toList();
    }

    /** The lines of one sort, as soon as there are so many. */
    private List<JsonNode> events(String sort, int count) {
        TestServer.await(count + " lines of sort " + sort, () -> parsed(sort).size() >= count);
        assertEquals(count, parsed(sort).size());
        return parsed(sort);
    }

    private List<JsonNode> parsed(String sort) {
        String text = bytes.toString(StandardCharsets.UTF_8);
        return TestServer.ndjson(text.substring(0, text.lastIndexOf('\n') + 1)).stream()
                .filter(line -> line.path("event").asText().equals(sort))
                .toList();
    }

    @Test
    void aStopSaysWhatItWaitsFor() {
        PrintStream console = System.err;
        ByteArrayOutputStream logged = new ByteArrayOutputStream();
        System.setErr(new PrintStream(logged, true, StandardCharsets.UTF_8));
        try {
            TestServer server = TestServer.writing(out, "DRAIN_TIMEOUT", "1s");
            server.post("/streams", "{\"kind\":\"countdown\"}", "Accept", "application/json");
            server.close();
        } finally {
            System.setErr(console);
        }
        String all = logged.toString(StandardCharsets.UTF_8);
        assertTrue(all.contains("(1 streams), after 1 s at most (DRAIN_TIMEOUT)"), all);
    }

    @Test
    void aRequestAndItsGenerationAreTold() {
        try (TestServer server = TestServer.writing(out, "LOG_FORMAT", "json")) {
            String answer = server.get(
                            "/sse/chat?message=hi&model=sim-fast-20tokens&format=ndjson", "traceparent", PARENT)
                    .body();
            String id = TestServer.ndjson(answer).get(0).path("stream").asText();
            JsonNode request = events("request", 1).get(0);
            assertEquals("GET", request.path("method").asText());
            assertEquals("/sse/chat", request.path("route").asText());
            assertEquals(200, request.path("status").asInt());
            assertEquals(id, request.path("stream").asText());
            assertEquals(20, request.path("deltas").asInt());
            assertEquals("complete", request.path("end").asText());
            assertEquals(TRACE, request.path("trace").asText());
            assertEquals(
                    answer.getBytes(StandardCharsets.UTF_8).length,
                    request.path("bytes").asInt());
            assertTrue(
                    request.path("first_ms").asLong()
                            <= request.path("total_ms").asLong(),
                    request.toString());
            JsonNode generation = events("generation", 1).get(0);
            assertEquals(id, generation.path("stream").asText());
            assertEquals("chat", generation.path("kind").asText());
            assertEquals("sim-fast-20tokens", generation.path("model").asText());
            assertEquals("done", generation.path("end").asText());
            assertEquals("stop", generation.path("code").asText());
            assertEquals(20, generation.path("output_tokens").asInt());
            assertTrue(generation.path("time").asText().matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z"));
        }
    }

    @Test
    void eachRequestHasALineOfItsOwnAndTheGenerationOne() {
        try (TestServer server = TestServer.writing(out, "LOG_FORMAT", "json")) {
            String path = "/sse/chat?message=hi&format=json&model=sim-200tps-60tokens";
            PlainViewer viewer = new PlainViewer();
            viewer.view(server.port(), path, 500);
            viewer.view(server.port(), path, Long.MAX_VALUE);
            List<JsonNode> requests = events("request", 2);
            assertEquals(
                    List.of("complete", "left"),
                    requests.stream().map(r -> r.path("end").asText()).sorted().toList());
            assertEquals(requests.get(0).path("stream"), requests.get(1).path("stream"));
            assertEquals(60, events("generation", 1).get(0).path("deltas").asInt());
        }
    }

    @Test
    void aRefusalIsTold() {
        try (TestServer server = TestServer.writing(out, "LOG_FORMAT", "json")) {
            server.get("/nope");
            server.get("/sse/chat?mesage=a");
            server.get("/sse/chat?message=a&model=sim-401");
            server.get("/sse/chat-normal?message=a&model=sim-fast");
            List<JsonNode> requests = events("request", 4);
            assertEquals(
                    List.of("none 404", "/sse/chat 400", "/sse/chat 502", "/sse/chat-normal 200"),
                    requests.stream()
                            .map(r -> r.path("route").asText() + " "
                                    + r.path("status").asText())
                            .toList());
            assertTrue(requests.get(3).path("stream").asText().length() >= 16);
        }
    }

    @Test
    void theSimulatorsOwnCallsAreNotTold() {
        try (TestServer server = TestServer.writing(out, "LOG_FORMAT", "json")) {
            server.get("/sse/chat-normal?message=a&model=sim-fast");
            server.get("/health");
            assertEquals(
                    List.of("/sse/chat-normal", "/health"),
                    events("request", 2).stream()
                            .map(r -> r.path("route").asText())
                            .toList());
        }
    }

    @Test
    void logfmtIsTheSameInOtherClothes() {
        try (TestServer server = TestServer.writing(out, "LOG_FORMAT", "logfmt")) {
            server.get("/sse/countdown?from=1&interval=1ms");
            TestServer.await("two lines", () -> lines().size() == 2);
        }
        for (String line : lines()) {
            assertTrue(
                    line.matches(
                            "time=\\S+Z event=(request method=GET route=/sse/countdown status=200 peer=127\\.0\\.0\\.1 stream=\\S+ bytes=\\d+ deltas=2 first_ms=\\d+ total_ms=\\d+ end=complete|generation stream=\\S+ kind=countdown deltas=2 first_ms=\\d+ total_ms=\\d+ end=done code=stop)"),
                    line);
        }
    }

    @Test
    void offIsOff() {
        try (TestServer server = TestServer.writing(out, "LOG_FORMAT", "off")) {
            server.get("/sse/countdown?from=1&interval=1ms");
        }
        assertEquals(List.of(), lines());
    }

    @Test
    void neitherPromptNorAnswerNorKeyIsWrittenAnywhere() throws Exception {
        String prompt = "a-secret-prompt%0Atime=2026-01-01T00:00:00.000Z%20event=request%20route=/forged";
        PrintStream console = System.err;
        ByteArrayOutputStream logged = new ByteArrayOutputStream();
        System.setErr(new PrintStream(logged, true, StandardCharsets.UTF_8));
        try (TestServer simulator = TestServer.with("SIMULATOR", "on");
                TestServer server = TestServer.writing(
                        out,
                        "LOG_FORMAT",
                        "logfmt",
                        "OPENAI_API_KEY",
                        KEY,
                        "OPENAI_BASE_URL",
                        simulator.url("/simulator/v1"))) {
            for (String model : List.of("sim-fast-echo", "sim-fast-401", "sim-fast-bad-json", "sim-fast-not-sse")) {
                server.get("/sse/chat?message=" + prompt + "&model=" + model);
                server.get("/stream/" + prompt + "?model=" + model, "Authorization", "Bearer " + KEY);
                server.get("/sse/chat-normal?message=" + prompt + "&model=" + model);
            }
            server.get("/no/such/" + prompt);
            server.get("/sse/chat?" + prompt + "=1");
            server.post("/generate", "{\"query\":\"a-secret-prompt\" oops");
            server.delete("/stream/" + prompt);
            TestServer.await("all lines", () -> lines().size() >= 16 + 12);
        } finally {
            System.setErr(console);
        }
        String all = bytes.toString(StandardCharsets.UTF_8) + logged.toString(StandardCharsets.UTF_8);
        assertTrue(all.contains("begins: chat"), "the log was caught");
        assertFalse(all.contains("secret"), all);
        assertFalse(all.contains("forged"), all);
    }

    @Test
    void aModelsNameForgesNoLine() {
        try (TestServer server = TestServer.writing(out, "LOG_FORMAT", "logfmt")) {
            server.get("/sse/chat?message=a&model=sim-fast%0Atime=now%20event=request%22%20forged=%22yes");
            TestServer.await("two lines", () -> lines().size() == 2);
        }
        assertEquals(2, lines().size());
        assertTrue(lines().stream().allMatch(line -> line.startsWith("time=20")), lines().toString());
        assertTrue(
                lines().stream()
                        .anyMatch(line -> line.contains("model=\"sim-fast\\ntime=now event=request\\\" forged")),
                lines().toString());
    }

    @Test
    void whoDoesNotReadTheLinesHoldsUpNobody() throws Exception {
        try (java.io.PipedOutputStream pipe = new java.io.PipedOutputStream();
                java.io.PipedInputStream unread = new java.io.PipedInputStream(pipe, 16);
                TestServer server = TestServer.writing(
                        new PrintStream(pipe, true, StandardCharsets.UTF_8), "LOG_FORMAT", "logfmt")) {
            for (int i = 0; i < 50; i++) {
                assertEquals(200, server.get("/health").statusCode());
            }
            assertTrue(unread.available() > 0);
        }
    }

    @Test
    void theCallersTraceIsPassedOnToTheUpstream() throws Exception {
        try (RawUpstream upstream =
                        RawUpstream.saying("HTTP/1.1 400 Bad\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
                                .getBytes(StandardCharsets.UTF_8));
                TestServer server = TestServer.before(upstream, "OPENAI_MODEL", "m")) {
            server.get("/sse/chat?message=a", "traceparent", PARENT, "tracestate", "a=1,b=2");
            RawUpstream.Request traced = upstream.takeRequest();
            assertEquals(PARENT, traced.headers().get("traceparent"));
            assertEquals("a=1,b=2", traced.headers().get("tracestate"));
            server.post("/generate", "{\"query\":\"a\"}", "traceparent", PARENT);
            assertEquals(PARENT, upstream.takeRequest().headers().get("traceparent"));
            server.get("/stream/a", "traceparent", PARENT);
            assertEquals(PARENT, upstream.takeRequest().headers().get("traceparent"));
            server.get("/sse/chat?message=a", "traceparent", "nonsense", "tracestate", "a=1");
            RawUpstream.Request untraced = upstream.takeRequest();
            assertFalse(untraced.headers().containsKey("traceparent"));
            assertFalse(untraced.headers().containsKey("tracestate"));
        }
    }
}
