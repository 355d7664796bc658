package rivulet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A viewer that comes back misses nothing, repeats nothing, and starts no second generation. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class ResumeTest {
    private static TestServer server;

    @BeforeAll
    static void start() {
        server = TestServer.with("OPENAI_MODEL", "sim-fast-echo", "RETENTION", "5m");
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    /** An ended stream of five deltas: its events have the indices 0 to 6. */
    private static String ended() {
        HttpResponse<String> response = server.get("/sse/fake-llm?text=abcde&delay=0ms");
        return response.headers().firstValue("Stream-Id").orElseThrow();
    }

    private static String withoutRetry(String stream) {
        return stream.replaceAll("retry: \\d+\n", "");
    }

    @Test
    void aReplayIsWhatWasLiveByteForByte() {
        for (String format : List.of("json", "text", "ndjson")) {
            HttpResponse<String> live = server.get("/sse/fake-llm?text=h%C3%A9llo&delay=5ms&format=" + format);
            String id = live.headers().firstValue("Stream-Id").orElseThrow();
            String replay = server.get("/sse/fake-llm?format=" + format, "Last-Event-ID", id + ".0")
                    .body();
            String whole = server.get("/streams/" + id + "?format=" + format).body();
            assertTrue(withoutRetry(live.body()).endsWith(withoutRetry(replay)), replay);
            if (!format.equals("text")) {
                assertEquals(withoutRetry(live.body()), withoutRetry(whole));
            }
        }
    }

    @Test
    void theHeaderIsStrongerThanTheQueryAndBothThanTheRest() {
        String id = ended();
        String fromHeader = server.get(
                        "/sse/countdown?format=json&last_event_id=" + id + ".1", "Last-Event-ID", id + ".4")
                .body();
        assertTrue(
                fromHeader.startsWith("retry: ")
                        && fromHeader.contains("data: {\"delta\":\"e\"}\nid: " + id + ".5\n\nevent: done\n"),
                fromHeader);
        String fromQuery = server.get("/sse/chat?from=nonsense&format=json&last_event_id=" + id + ".3")
                .body();
        assertTrue(fromQuery.contains("{\"delta\":\"d\"}") && !fromQuery.contains("{\"delta\":\"c\"}"), fromQuery);
        String fromAfter = server.get("/streams/" + id + "?after=3").body();
        assertEquals(withoutRetry(fromQuery), withoutRetry(fromAfter));
        String fromPolyfill =
                server.get("/sse/fake-llm?format=json&lastEventId=" + id + ".3").body();
        assertEquals(withoutRetry(fromQuery), withoutRetry(fromPolyfill));
        // A page that goes on from where it was, and then by itself from where the connection was cut.
        String fromBoth = server.get("/sse/fake-llm?format=json&last_event_id=" + id + ".1&lastEventId=" + id + ".3")
                .body();
        assertEquals(withoutRetry(fromQuery), withoutRetry(fromBoth));
    }

    @Test
    void anEmptyHeaderCountsAsAbsent() {
        assertEquals(
                "1발사!",
                SseParser.messages(server.get("/sse/countdown?from=1&interval=0ms", "Last-Event-ID", "")
                        .body()));
    }

    @Test
    void theEndThatWasSeenIs204OnGetAndAgainOnPost() {
        String id = ended();
        HttpResponse<String> get = server.get("/sse/fake-llm", "Last-Event-ID", id + ".6");
        assertEquals(204, get.statusCode());
        assertEquals("", get.body());
        assertEquals(204, server.get("/streams/" + id + "?after=6").statusCode());
        HttpResponse<String> post = server.post("/sse/chat", "{\"message\":\"x\"}", "Last-Event-ID", id + ".6");
        assertEquals(200, post.statusCode());
        assertEquals("[DONE]", SseParser.messages(post.body()));
    }

    @Test
    void aPositionThatCannotBeIsRefused() {
        String id = ended();
        assertEquals(
                400, server.get("/sse/fake-llm", "Last-Event-ID", id + ".7").statusCode());
        assertEquals(400, server.get("/sse/fake-llm", "Last-Event-ID", id).statusCode());
        assertEquals(
                400, server.get("/sse/fake-llm", "Last-Event-ID", id + ".-1").statusCode());
        assertEquals(
                400,
                server.get("/sse/fake-llm", "Last-Event-ID", id + ".99999999999999999999")
                        .statusCode());
        HttpResponse<String> noIndex = server.get("/sse/fake-llm", "Last-Event-ID", id + ".4294967298");
        assertEquals(400, noIndex.statusCode());
        assertTrue(noIndex.body().contains("an id that this server sent"), noIndex.body());
        assertEquals(
                400,
                server.get("/streams/" + id, "Last-Event-ID", ended() + ".1").statusCode());
        assertEquals(400, server.get("/streams/" + id + "?after=-2").statusCode());
        String unknown = "A".repeat(22);
        assertEquals(
                404,
                server.get("/sse/fake-llm", "Last-Event-ID", unknown + ".1").statusCode());
        assertEquals(
                404,
                server.post("/sse/chat", "{\"message\":\"x\"}", "Last-Event-ID", unknown + ".1")
                        .statusCode());
    }

    @Test
    void aPositionBeyondALiveStreamWaitsAndIsGivenTheEnd() {
        String location = server.post(
                        "/streams",
                        "{\"kind\":\"fake-llm\",\"text\":\"abc\",\"delay\":\"700ms\"}",
                        "Accept",
                        "application/json")
                .headers()
                .firstValue("Location")
                .orElseThrow();
        List<JsonNode> lines = TestServer.ndjson(
                server.get(location + "?after=1000&format=ndjson").body());
        assertEquals("done", lines.get(lines.size() - 1).path("event").asText());
        assertEquals(1, lines.stream().filter(line -> line.has("n")).count());
    }

    @Test
    void manyViewersFollowOneStreamEachFromItsOwnPlace() {
        String location = server.post(
                        "/streams",
                        "{\"kind\":\"fake-llm\",\"text\":\"0123456789\",\"delay\":\"20ms\"}",
                        "Accept",
                        "application/json")
                .headers()
                .firstValue("Location")
                .orElseThrow();
        var followers = java.util.stream.IntStream.range(-1, 9)
                .mapToObj(after -> server.getAsync(location + "?format=text&after=" + (after + 1)))
                .toList();
        for (int after = 0; after < 10; after++) {
            assertEquals(
                    "0123456789".substring(after),
                    SseParser.messages(followers.get(after).join()));
        }
    }

    @Test
    void aResumedStreamComesInTheFormatThatIsAskedForNow() {
        String id = ended();
        assertTrue(
                server.get("/streams/" + id, "Last-Event-ID", id + ".4").body().contains("{\"delta\":\"e\"}"));
        assertTrue(server.get("/sse/chat", "Last-Event-ID", id + ".4").body().contains("data: e\n"));
        assertTrue(server.get("/sse/chat", "Last-Event-ID", id + ".5").body().contains("data: [DONE]\n"));
        assertTrue(
                server.get("/sse/countdown", "Last-Event-ID", id + ".5").body().contains("event: done\n"));
        assertEquals(400, server.get("/helloworld", "Last-Event-ID", id + ".4").statusCode());
    }
}
