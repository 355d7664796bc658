package rivulet;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.FieldSource;
import rivulet.SseParser.SseEvent;

/** Deltas that other relays lose or change arrive as they were sent, through either API, in each format. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class DeltasTest {
    static final List<String> DELTAS = List.of(
            "\n",
            "a\n",
            "\n\n",
            " b",
            "  ",
            "{",
            "[DONE]",
            "👨‍👩‍👧‍👦",
            "x".repeat(100_000),
            "\t",
            "\"",
            "\\",
            "\u2028",
            "\u0000",
            "data: x\n\nevent: evil\ndata: y",
            "id: 1\n",
            ": c",
            "\uFEFF",
            "é",
            "\u001b[31m",
            "</script>");

    private static volatile String delta = "";
    private static RawUpstream upstream;
    private static TestServer chat;
    private static TestServer responses;

    enum Api {
        CHAT,
        RESPONSES
    }

    @BeforeAll
    static void start() {
        upstream = new RawUpstream((request, connection) -> {
            connection.sendStreamHead();
            String quoted = TestServer.JSON.writeValueAsString(delta);
            connection.send(
                    request.line().contains("/responses")
                            ? "data: {\"type\":\"response.output_text.delta\",\"delta\":" + quoted + "}\n\n"
                                    + "data: {\"type\":\"response.completed\",\"response\":{\"status\":\"completed\"}}\n\n"
                            : "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":" + quoted
                                    + "}}]}\n\ndata: [DONE]\n\n");
        });
        chat = TestServer.before(upstream, "OPENAI_MODEL", "m", "UPSTREAM_API", "chat");
        responses = TestServer.before(upstream, "OPENAI_MODEL", "m", "UPSTREAM_API", "responses");
    }

    @AfterAll
    static void stop() throws Exception {
        chat.close();
        responses.close();
        upstream.close();
    }

    @ParameterizedTest
    @FieldSource("DELTAS")
    void aDeltaArrivesUnchanged(String sent) {
        delta = sent;
        for (TestServer server : List.of(chat, responses)) {
            List<SseEvent> json =
                    SseParser.parse(server.get("/sse/chat?format=json").body());
            assertEquals(sent, TestServer.json(json.get(1).data()).path("delta").asText());
            List<SseEvent> text = SseParser.parse(server.get("/sse/chat").body());
            assertEquals(sent, text.get(1).data());
            assertEquals("[DONE]", text.get(2).data());
            List<JsonNode> lines = TestServer.ndjson(
                    server.post("/generate", "{\"query\":\"x\"}").body());
            assertEquals(sent, lines.get(1).path("delta").asText());
            JsonNode whole = TestServer.json(server.get("/sse/chat-normal").body());
            assertEquals(sent, whole.path("message").asText());
        }
    }

    @ParameterizedTest
    @EnumSource(Api.class)
    void carriageReturnsArriveAsLineFeedsInTextAndUnchangedInJson(Api api) {
        delta = "a\r\nb\rc\n";
        TestServer server = api == Api.CHAT ? chat : responses;
        assertEquals(
                "a\nb\nc\n",
                SseParser.parse(server.get("/sse/chat").body()).get(1).data());
        String json = SseParser.parse(server.get("/sse/chat?format=json").body())
                .get(1)
                .data();
        assertEquals(delta, TestServer.json(json).path("delta").asText());
    }

    @ParameterizedTest
    @FieldSource("DELTAS")
    void theFakeLlmSaysTheSameText(String text) {
        if (text.length() > 1000) {
            return;
        }
        String encoded = java.net.URLEncoder.encode(text, StandardCharsets.UTF_8);
        List<JsonNode> lines = TestServer.ndjson(chat.get("/sse/fake-llm?delay=0ms&format=ndjson&text=" + encoded)
                .body());
        assertEquals(text, TestServer.text(lines));
    }
}
