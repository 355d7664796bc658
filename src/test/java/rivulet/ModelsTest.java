package rivulet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The models that a page can offer. */
@Timeout(value = 30, unit = TimeUnit.SECONDS)
final class ModelsTest {
    @Test
    void modelsAreListed() {
        try (TestServer server = TestServer.with()) {
            JsonNode answer = TestServer.json(server.get("/models").body());
            assertEquals("gpt-4o-mini", answer.path("default").asText());
            assertTrue(answer.path("models").toString().contains("\"sim-fast\""), answer.toString());
        }
    }

    @Test
    void modelsThatTheUpstreamIsNotAskedForAreLeftOut() throws Exception {
        RawUpstream.Script catalogue = (request, connection) -> {
            String list = "{\"data\":[{\"id\":\"whisper-1\"},{\"id\":\"gpt-9\"}]}";
            connection.send("HTTP/1.1 " + (request.line().startsWith("GET") ? "200 OK" : "400 Bad Request")
                    + "\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n" + list);
        };
        try (RawUpstream upstream = new RawUpstream(catalogue);
                TestServer before = TestServer.with(
                        "UPSTREAMS", "[{\"base_url\":\"%s\",\"models\":[\"gpt-*\"]}]".formatted(upstream.url()))) {
            assertEquals(
                    "{\"default\":\"gpt-9\",\"models\":[\"gpt-9\"]}",
                    before.get("/models").body());
            upstream.takeRequest();
            assertEquals(400, before.get("/sse/chat").statusCode());
            assertEquals(
                    "gpt-9",
                    TestServer.json(upstream.takeRequest().body()).path("model").asText());
        }
    }

    @Test
    void upstreamWithoutAListHasNoModels() throws IOException {
        try (RawUpstream upstream = RawUpstream.saying(
                        "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".getBytes(StandardCharsets.UTF_8));
                TestServer before = TestServer.before(upstream)) {
            assertEquals(
                    "{\"default\":\"\",\"models\":[]}", before.get("/models").body());
        }
    }
}
