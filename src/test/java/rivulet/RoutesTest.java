package rivulet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.javalin.util.JavalinBindException;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import rivulet.SseParser.SseEvent;

/** Each route with its defaults, down to the bytes, before the built-in simulator. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class RoutesTest {
    private static TestServer server;

    @BeforeAll
    static void start() {
        server = TestServer.with("CORS_ORIGINS", "https://a.example,null", "OPENAI_MODEL", "sim-fast");
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static String body(String path, String... headers) {
        HttpResponse<String> response = server.get(path, headers);
        assertEquals(200, response.statusCode(), response.body());
        return response.body();
    }

    @Test
    void countdownCountsDownToALaunch() {
        String body = body("/sse/countdown?interval=1ms");
        List<SseEvent> events = SseParser.parse(body);
        String id = TestServer.json(events.get(0).data()).path("stream").asText();

        assertTrue(
                body.matches("(?s)event: start\nretry: 1\\d{3}\ndata: \\{\"stream\":\"" + id
                        + "\",\"kind\":\"countdown\"}\nid: " + id + "\\.0\n\n.*"),
                body);
        assertTrue(body.contains("data: 5\nid: " + id + ".1\n\ndata: 4\nid: " + id + ".2\n\n"), body);
        assertTrue(
                body.contains(
                        "data: 발사!\nid: " + id + ".6\n\nevent: done\ndata: {\"finish_reason\":\"stop\",\"events\":8,"),
                body);
        assertEquals(1, body.split("retry:", -1).length - 1);
        assertEquals("54321발사!", SseParser.messages(body));
    }

    @Test
    void countdownTakesItsStart() {
        assertEquals("321발사!", SseParser.messages(body("/sse/countdown?from=3&interval=0ms")));
    }

    @Test
    void fakeLlmSaysOneCharacterAtATime() {
        String body = body("/sse/fake-llm?delay=0ms");
        List<String> data = SseParser.parse(body).stream()
                .filter(e -> e.name().equals("message"))
                .map(SseEvent::data)
                .toList();
        assertEquals("안", data.get(0));
        assertEquals("안녕하세요! 저는 AI 어시스턴트입니다.[DONE]", String.join("", data));
        assertTrue(body.contains("data: [DONE]\nid: "), body);
        assertFalse(body.contains("event: done"), body);
    }

    @Test
    void fakeLlmNeverCutsWhatAReaderSeesAsOne() {
        String family = "👨‍👩‍👧‍👦";
        String syllable = "각";
        List<JsonNode> lines = TestServer.ndjson(
                body("/sse/fake-llm?delay=0ms&format=ndjson&text=" + encode(family + syllable + "é")));
        assertEquals(family, lines.get(1).path("delta").asText());
        assertEquals(syllable, lines.get(2).path("delta").asText());
        assertEquals("é", lines.get(3).path("delta").asText());
    }

    @Test
    void fakeLlmOfNothingEndsAtOnce() {
        assertEquals("[DONE]", SseParser.messages(body("/sse/fake-llm?text=")));
    }

    @Test
    void chatStreamsAnAnswerThatEndsInDone() {
        String text = SseParser.messages(body("/sse/chat?message=hi&model=sim-fast-echo"));
        assertEquals("hi[DONE]", text);
    }

    @Test
    void chatAsksTheTutorialsQuestionByDefault() {
        assertEquals("안녕하세요, 자기소개 해주세요.[DONE]", SseParser.messages(body("/sse/chat?model=sim-fast-echo")));
    }

    @Test
    void chatTakesAConversationByPost() {
        HttpResponse<String> response = server.post(
                "/sse/chat",
                "{\"model\":\"sim-fast-echo\",\"messages\":[{\"role\":\"user\",\"content\":\"a\"},{\"role\":\"assistant\",\"content\":\"b\"},{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"last\"}]}]}",
                "Content-Type",
                "application/json");
        assertEquals("last[DONE]", SseParser.messages(response.body()));
    }

    @Test
    void chatNormalAnswersAtOnce() {
        assertEquals("{\"message\":\"hi\"}", body("/sse/chat-normal?message=hi&model=sim-fast-echo"));
    }

    @Test
    void streamTakesThePromptFromThePath() {
        assertEquals("What is SSE? a/b 100%", raw("/stream/What%20is%20SSE?%20a/b%20100%"));
        assertEquals("100%", raw("/stream/100%"));
        assertEquals("a//b/../c;d", raw("/stream/a//b/../c;d"));
        assertEquals("x y", SseParser.messages(body("/stream/x%20y?model=sim-fast-echo")));
        assertFalse(body("/stream/hi?model=sim-fast-echo").contains("[DONE]"));
    }

    /** The text of an echoed prompt, asked for in the bytes that a browser sends. */
    private static String raw(String target) {
        try (TestServer echo = TestServer.with("OPENAI_MODEL", "sim-fast-echo")) {
            return SseParser.messages(RawHttp.get(echo.port(), target).body());
        }
    }

    @Test
    void generateAnswersInNdjson() {
        HttpResponse<String> response = server.post(
                "/generate",
                "{\"query\":\"hi\",\"model\":\"sim-fast-echo\"}",
                "Content-Type",
                "text/plain;charset=UTF-8");
        assertEquals(
                "application/x-ndjson",
                response.headers().firstValue("Content-Type").orElse(""));
        List<JsonNode> lines = TestServer.ndjson(response.body());
        assertEquals("start", lines.get(0).path("event").asText());
        assertEquals("{\"n\":1,\"delta\":\"hi\"}", lines.get(1).toString());
        assertEquals("done", lines.get(2).path("event").asText());
    }

    @Test
    void helloWorldSpeaksTheTutorialsEnvelope() {
        List<SseEvent> events = SseParser.parse(body("/helloworld"));
        assertEquals(
                "{\"status\":\"start\",\"message\":\"开始生成响应...\"}",
                events.get(0).data());
        assertEquals(
                "{\"status\":\"chunk\",\"data\":{\"title\":\"\"}}",
                events.get(1).data());
        assertEquals(
                "{\"status\":\"end\",\"message\":\"响应生成完成\"}",
                events.get(events.size() - 1).data());
        StringBuilder title = new StringBuilder();
        StringBuilder summary = new StringBuilder();
        for (SseEvent event : events) {
            assertEquals("message", event.name());
            JsonNode data = TestServer.json(event.data()).path("data");
            title.append(data.path("title").asText(""));
            summary.append(data.path("summary").asText(""));
        }
        assertTrue(title.length() > 3 && summary.length() > 10, title + " / " + summary);
    }

    @Test
    void streamsGeneratesInTheBackground() {
        HttpResponse<String> created = server.post(
                "/streams",
                "{\"kind\":\"chat\",\"message\":\"hi\",\"model\":\"sim-fast-echo\"}",
                "Accept",
                "application/json");
        assertEquals(201, created.statusCode());
        String location = created.headers().firstValue("Location").orElse("");
        assertEquals(
                "/streams/" + TestServer.json(created.body()).path("stream").asText(), location);
        String events = body(location);
        assertTrue(events.contains("data: {\"delta\":\"hi\"}\n"), events);
        JsonNode state = TestServer.json(body(location, "Accept", "application/json"));
        assertEquals("done", state.path("status").asText());
        assertEquals("hi", state.path("text").asText());
        assertEquals(2, state.path("index").asInt());
    }

    @Test
    void structuredBuildsADocument() {
        HttpResponse<String> response =
                server.post("/streams", "{\"kind\":\"structured\",\"message\":\"tea\",\"fields\":[\"name\",\"note\"]}");
        assertTrue(response.body().contains("event: field\ndata: {\"path\":\"\",\"value\":{}}\n"), response.body());
        assertTrue(response.body().contains("data: {\"path\":\"/name\",\"value\":\"\"}\n"), response.body());
        assertTrue(response.body().contains("\"finish_reason\":\"stop\""), response.body());
    }

    @Test
    void healthIsAsTheTutorialsAndMore() {
        String health = body("/health");
        assertTrue(health.startsWith("{\"status\":\"ok\",\"message\":\"Server is running\",\"version\":"), health);
        assertEquals("{\"status\":\"ready\"}", body("/health/ready"));
    }

    @Test
    void curlWithoutAnyHeaderStreams() {
        RawHttp.Answer answer = RawHttp.get(server.port(), "/sse/countdown?interval=0ms");
        assertEquals("54321발사!", SseParser.messages(answer.body()));
    }

    @Test
    void theHeadIsThatOfAnEventStream() {
        HttpResponse<String> response = server.get("/sse/countdown?interval=0ms");
        assertEquals(
                "text/event-stream",
                response.headers().firstValue("Content-Type").orElse(""));
        assertEquals(
                "no-cache, no-transform",
                response.headers().firstValue("Cache-Control").orElse(""));
        assertEquals("no", response.headers().firstValue("X-Accel-Buffering").orElse(""));
        assertEquals(
                "nosniff",
                response.headers().firstValue("X-Content-Type-Options").orElse(""));
        assertTrue(response.headers().firstValue("Connection").isEmpty());
        assertTrue(response.headers().firstValue("Server").isEmpty());
        String id = response.headers().firstValue("Stream-Id").orElse("");
        assertTrue(id.matches("[A-Za-z0-9_-]{22}"), id);
        assertEquals("/streams/" + id, response.headers().firstValue("Location").orElse(""));
    }

    @Test
    void theFormatComesFromTheQueryThenAccept() {
        String path = "/sse/countdown?interval=0ms";
        assertTrue(body(path + "&format=json").contains("data: {\"delta\":\"5\"}\n"));
        assertTrue(body(path, "Accept", "application/x-ndjson").startsWith("{\"n\":0,"));
        assertTrue(body(path + "&format=text", "Accept", "application/x-ndjson").contains("data: 5\n"));
        assertTrue(body(path, "Accept", "*/*").contains("data: 5\n"));
        assertTrue(body(path, "Accept", "text/html").contains("data: 5\n"));
        // RFC 9110, sections 5.3 and 12.4.2.
        assertTrue(body(path, "Accept", "text/html", "Accept", "application/x-ndjson;v=1")
                .startsWith("{\"n\":0,"));
        for (String weight : List.of("0.0", "0.9")) {
            assertTrue(body(path, "Accept", "text/event-stream, application/x-ndjson; Q=" + weight)
                    .contains("data: 5\n"));
        }
        assertTrue(body(path, "Accept", "text/event-stream;q=0.8, application/x-ndjson;q=0.9")
                .startsWith("{\"n\":0,"));
    }

    @Test
    void theFormatInTheQueryIsStrongerThanTheWishForTheState() {
        String[] json = {"Accept", "application/json"};
        HttpResponse<String> streamed =
                server.post("/streams?format=ndjson", "{\"kind\":\"fake-llm\",\"delay\":\"0s\"}", json);
        assertEquals(200, streamed.statusCode(), streamed.body());
        assertTrue(streamed.body().startsWith("{\"n\":0,"), streamed.body());
        String path = "/streams/" + streamed.headers().firstValue("Stream-Id").orElseThrow();
        assertTrue(body(path, json).startsWith("{\"stream\":"));
        assertTrue(body(path + "?format=ndjson", json).startsWith("{\"n\":0,"));
        assertTrue(body(path + "?format=text&after=1", json).startsWith("retry: "));
    }

    @Test
    void whoWantsTheStateOfAStreamThatItNamesBeginsNoOther() {
        HttpResponse<String> first = server.post("/streams", "{\"kind\":\"fake-llm\"}", "Accept", "application/json");
        String id = TestServer.json(first.body()).path("stream").asText();
        HttpResponse<String> again = server.post(
                "/streams", "{\"kind\":\"fake-llm\"}", "Accept", "application/json", "Last-Event-ID", id + ".0");
        assertEquals(200, again.statusCode());
        assertEquals(id, TestServer.json(again.body()).path("stream").asText());
    }

    @Test
    void corsLetsInWhomItIsToldTo() {
        HttpResponse<String> allowed = server.get("/nope", "Origin", "https://a.example");
        assertEquals(
                "https://a.example",
                allowed.headers().firstValue("Access-Control-Allow-Origin").orElse(""));
        assertEquals(
                "Stream-Id, Location, Retry-After",
                allowed.headers().firstValue("Access-Control-Expose-Headers").orElse(""));
        assertEquals(
                "null",
                server.get("/health", "Origin", "null")
                        .headers()
                        .firstValue("Access-Control-Allow-Origin")
                        .orElse(""));
        assertTrue(server.get("/health", "Origin", "https://b.example")
                .headers()
                .firstValue("Access-Control-Allow-Origin")
                .isEmpty());
        HttpResponse<String> preflight =
                server.options("/streams/x", "Origin", "https://a.example", "Access-Control-Request-Method", "DELETE");
        assertEquals(204, preflight.statusCode());
        assertTrue(preflight
                .headers()
                .firstValue("Access-Control-Allow-Methods")
                .orElse("")
                .contains("DELETE"));
        assertEquals(
                "Content-Type, Authorization, Last-Event-ID, Idempotency-Key",
                preflight.headers().firstValue("Access-Control-Allow-Headers").orElse(""));
    }

    @Test
    void whatCannotBeListenedOnIsToldApart() {
        // An address for documentation (RFC 5737), which no machine has.
        App elsewhere = new App(Config.of(Map.of(Setting.HOST, "192.0.2.1", Setting.PORT, "0")));
        SettingError host = assertThrows(SettingError.class, elsewhere::start);
        assertTrue(
                String.valueOf(host.getMessage()).startsWith("HOST is \"192.0.2.1\", but must be"), host.getMessage());
        elsewhere.stop();
        App second = new App(Config.of(Map.of(Setting.PORT, String.valueOf(server.port()))));
        JavalinBindException port = assertThrows(JavalinBindException.class, second::start);
        assertTrue(String.valueOf(port.getMessage()).startsWith("port " + server.port() + ": "), port.getMessage());
        second.stop();
    }

    /** As who means never may write it. */
    @ParameterizedTest
    @ValueSource(strings = {"RETENTION", "DRAIN_TIMEOUT", "CONNECT_TIMEOUT", "STREAM_TIMEOUT"})
    void aTimeThatIsTooLongToBeCountedHasNoEnd(String setting) {
        CompletableFuture<String> live;
        try (TestServer server = TestServer.with(setting, "999999999h")) {
            String chat = server.get("/sse/chat?message=hi&model=sim-fast-echo").body();
            assertEquals("hi[DONE]", SseParser.messages(chat));
            live = server.getAsync("/sse/fake-llm?format=json&text=hi&delay=400ms");
            TestServer.await("the stream's start", () -> server.liveStreams() == 1);
        }
        // It waits for its end, or is told why not.
        assertTrue(live.join().matches("(?s).*(event: done|shutting_down).*"), live.join());
    }

    @Test
    void twoHundredChatsAtOnceAllComplete() {
        List<CompletableFuture<String>> answers = IntStream.range(0, 200)
                .mapToObj(i -> server.getAsync("/sse/chat?message=n" + i + "&model=sim-echo-wait-500ms"))
                .toList();
        for (int i = 0; i < answers.size(); i++) {
            assertEquals("n" + i + "[DONE]", SseParser.messages(answers.get(i).join()));
        }
    }

    private static String encode(String text) {
        return java.net.URLEncoder.encode(text, java.nio.charset.StandardCharsets.UTF_8);
    }

    @Test
    void whoHasSeenTheEndMayAskForTheNext() {
        try (TestServer narrow = TestServer.with("MAX_STREAMS", "1")) {
            for (int i = 0; i < 300; i++) {
                assertEquals(200, narrow.get("/sse/fake-llm?text=a&delay=0ms").statusCode(), "stream " + i);
            }
        }
    }
}
