package rivulet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.http.HttpResponse;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The built-in simulator as the upstream, over HTTP like any other, on both APIs. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class SimulatorUpstreamTest {
    private static String end(TestServer server, String model) {
        HttpResponse<String> response = server.get("/sse/chat?format=ndjson&message=hello+there&model=" + model);
        var events = TestServer.ndjson(response.body());
        var last = events.get(events.size() - 1);
        return last.has("error")
                ? last.path("error").path("code").asText()
                : last.path("finish_reason").asText();
    }

    @ParameterizedTest
    @ValueSource(strings = {"chat", "responses"})
    void answersOnEachApi(String api) {
        try (TestServer server = TestServer.with("UPSTREAM_API", api)) {
            assertEquals(
                    "{\"message\":\"hi\"}",
                    server.get("/sse/chat-normal?message=hi&model=sim-fast-echo")
                            .body());
            assertTrue(server.get("/sse/chat?message=hi&model=sim-fast-reasoning&format=json")
                    .body()
                    .contains("event: reasoning\n"));
            assertTrue(server.get("/sse/chat?message=hi&model=sim-fast-tools&format=json")
                    .body()
                    .contains("event: tool_call\n"));
            assertTrue(server.get("/helloworld?model=sim-fast").body().contains("\"status\":\"end\""));
        }
    }

    /** As large as MAX_BODY_BYTES lets it be: Javalin itself takes a megabyte. */
    @ParameterizedTest
    @ValueSource(strings = {"chat", "responses"})
    void aLongQuestionIsAnswered(String api) {
        try (TestServer server = TestServer.with("UPSTREAM_API", api)) {
            String body = "{\"model\":\"sim-fast-1tokens\",\"message\":\"%s\"}".formatted("a".repeat(8_388_550));
            HttpResponse<String> response = server.post("/sse/chat", body);
            assertEquals(200, response.statusCode(), response.body());
        }
    }

    @ParameterizedTest
    @CsvSource({
        "sim-fast, stop",
        "sim-fast-length, length",
        "sim-fast-filter, content_filter",
        "sim-fast-refusal, refusal",
        "sim-fast-tools, tool_calls",
        "sim-fast-cut-after-3, upstream_truncated",
        "sim-fast-end-after-3, upstream_truncated",
        "sim-fast-bad-json, upstream_error",
        "sim-fast-error-mid-stream, upstream_error",
        "sim-fast-not-sse, upstream_error",
        "sim-400, upstream_rejected",
        "sim-401, upstream_auth",
        "sim-quota, upstream_quota",
        "sim-429-retry-30s, upstream_rate_limited",
        "sim-500, upstream_error",
        "sim-502-html, upstream_error",
        "sim-fast-drip, stop",
        "sim-fast-comments, stop",
        "sim-fast-no-usage, stop",
        "sim-nonsense, upstream_rejected"
    })
    void eachScriptEndsAsItSays(String model, String end) {
        for (String api : List.of("chat", "responses")) {
            try (TestServer server = TestServer.with("UPSTREAM_API", api)) {
                assertEquals(end, end(server, model), api);
            }
        }
    }

    @Test
    void aSimulatorThatIsNotPublicStillAnswers() {
        try (TestServer server = TestServer.with("SIMULATOR", "off", "OPENAI_MODEL", "sim-fast-echo")) {
            assertEquals(404, server.get("/simulator/v1/models").statusCode());
            assertEquals(
                    "{\"message\":\"hi\"}",
                    server.get("/sse/chat-normal?message=hi").body());
        }
        try (TestServer server = TestServer.with()) {
            assertEquals(200, server.get("/simulator/v1/models").statusCode());
        }
    }
}
