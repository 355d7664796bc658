package rivulet;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Java's own client, which offers HTTP/2 with the first request on each connection. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class PlainHttp2Test {
    private static final byte[] QUESTION =
            "{\"query\":\"hi\",\"model\":\"sim-fast-echo\"}".getBytes(StandardCharsets.UTF_8);

    @Test
    void aFirstRequestWithoutABodyIsAnsweredInHttp2() throws Exception {
        try (TestServer server = TestServer.with()) {
            assertEquals(
                    HttpClient.Version.HTTP_2,
                    ask(HttpRequest.newBuilder(URI.create(server.url("/health"))))
                            .version());
        }
    }

    /** Of no length that is known beforehand: from a stream, or a publisher. */
    @Test
    void aFirstRequestKeepsItsBodyThatComesInChunks() throws Exception {
        try (TestServer server = TestServer.with()) {
            HttpResponse<String> answer = ask(HttpRequest.newBuilder(URI.create(server.url("/generate")))
                    .header("Content-Type", "application/json")
                    .POST(BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(QUESTION))));
            assertEquals(200, answer.statusCode(), answer.body());
            assertEquals(
                    "hi", TestServer.ndjson(answer.body()).get(1).path("delta").asText());
        }
    }

    private static HttpResponse<String> ask(HttpRequest.Builder request) throws Exception {
        return HttpClient.newHttpClient().send(request.build(), HttpResponse.BodyHandlers.ofString());
    }
}
