package rivulet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An answer in background mode whose connection breaks after so many events, wherever that is, again and again. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class BackgroundCutsTest {
    private static final Pattern AFTER = Pattern.compile("starting_after=(\\d+)");
    /** Characters and calls that are cut in their middle. */
    private static final List<String> EVENTS = List.of(
            "\"type\":\"response.created\",\"response\":{\"id\":\"resp_1\",\"background\":true}",
            "\"type\":\"response.queued\",\"response\":{\"id\":\"resp_1\",\"background\":true}",
            "\"type\":\"response.reasoning_text.delta\",\"delta\":\"hm \\ud83d\"",
            "\"type\":\"response.reasoning_text.delta\",\"delta\":\"\\ude00\"",
            "\"type\":\"response.output_text.delta\",\"delta\":\"a\\ud83d\"",
            "\"type\":\"response.output_text.delta\",\"delta\":\"\\ude00b\\n\"",
            "\"type\":\"response.output_text.delta\",\"delta\":\"\"",
            "\"type\":\"response.output_text.delta\",\"delta\":\"발\"",
            "\"type\":\"response.output_item.added\",\"output_index\":1,\"item\":{\"type\":\"function_call\",\"call_id\":\"c\",\"name\":\"f\"}",
            "\"type\":\"response.function_call_arguments.delta\",\"output_index\":1,\"delta\":\"{\\\"x\\\":\"",
            "\"type\":\"response.function_call_arguments.delta\",\"output_index\":1,\"delta\":\"1}\"",
            "\"type\":\"response.output_item.done\",\"output_index\":1,\"item\":{\"type\":\"function_call\",\"arguments\":\"{\\\"x\\\":1}\"}",
            "\"type\":\"response.completed\",\"response\":{\"id\":\"resp_1\",\"status\":\"completed\",\"usage\":{\"output_tokens\":7}}");

    private final AtomicInteger cancels = new AtomicInteger();

    /** Sends what follows the event that is asked for, from {@code overlap} events earlier on, and breaks off. */
    private RawUpstream upstream(int eventsAConnection, int overlap) {
        return new RawUpstream((request, connection) -> {
            if (request.line().contains("/cancel")) {
                cancels.incrementAndGet();
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
                return;
            }
            Matcher after = AFTER.matcher(request.line());
            boolean resumed = after.find();
            int next = resumed ? Integer.parseInt(after.group(1)) + 1 : 0;
            int from = resumed ? Math.max(0, next - overlap) : 0;
            connection.sendStreamHead();
            for (int i = from; i < Math.min(EVENTS.size(), next + eventsAConnection); i++) {
                connection.send(event(i));
            }
        });
    }

    private static String event(int number) {
        return "data: {\"sequence_number\":" + number + "," + EVENTS.get(number) + "}\n\n";
    }

    private static TestServer before(RawUpstream upstream) {
        return TestServer.before(upstream, "UPSTREAM_API", "responses", "BACKGROUND", "on");
    }

    private static List<JsonNode> ask(TestServer node) {
        return node.chat("{\"kind\":\"chat\",\"message\":\"x\",\"model\":\"m\"}");
    }

    private static JsonNode last(List<JsonNode> events) {
        return events.get(events.size() - 1);
    }

    private static List<String> withoutTimes(List<JsonNode> events) {
        return events.stream()
                .map(event ->
                        event.toString().replaceAll("\"(stream|ttft_ms|elapsed_ms)\":(\"[^\"]*\"|\\d+)", "\"$1\":…"))
                .toList();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 5, 7, 12})
    void everyEventIsToldOnceWhereverTheConnectionsBreak(int eventsAConnection) throws IOException {
        try (RawUpstream whole = upstream(EVENTS.size(), 0);
                RawUpstream cut = upstream(eventsAConnection, 0);
                RawUpstream repeating = upstream(eventsAConnection, 2);
                TestServer uncut = before(whole);
                TestServer node = before(cut);
                TestServer other = before(repeating)) {
            List<String> expected = withoutTimes(ask(uncut));
            assertTrue(expected.get(expected.size() - 1).contains("\"finish_reason\":\"tool_calls\""));
            assertEquals(1, whole.requestCount());
            assertEquals(expected, withoutTimes(ask(node)));
            int connections = (EVENTS.size() + eventsAConnection - 1) / eventsAConnection;
            assertEquals(connections, cut.requestCount());
            // An upstream that begins a little early says nothing new with that.
            assertEquals(expected, withoutTimes(ask(other)));
            assertEquals(0, cancels.get());
        }
    }

    @Test
    void aGapIsNotPassedOver() throws IOException {
        try (RawUpstream gap = upstream(6, -2);
                TestServer node = before(gap)) {
            List<JsonNode> events = ask(node);
            assertEquals("a😀b\n", TestServer.text(events));
            assertEquals(
                    "upstream_truncated",
                    last(events).path("error").path("code").asText());
            TestServer.await("what nobody reads is cancelled", () -> cancels.get() == 1);
        }
    }

    @Test
    void anAnswerThatTheUpstreamNoLongerHasEndsTruncated() throws IOException {
        RawUpstream.Script forgetful = (request, connection) -> {
            if (request.line().startsWith("POST") && !request.line().contains("/cancel")) {
                connection.sendStreamHead();
                for (int i = 0; i < 8; i++) {
                    connection.send(event(i));
                }
            } else {
                connection.send("HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}");
            }
        };
        try (RawUpstream upstream = new RawUpstream(forgetful);
                TestServer node = before(upstream)) {
            List<JsonNode> events = ask(node);
            assertEquals("a😀b\n발", TestServer.text(events));
            assertEquals(
                    "upstream_truncated",
                    last(events).path("error").path("code").asText());
        }
    }

    /** The beginning of an answer of an upstream that says that it is not in background mode. */
    private static void beginDeaf(RawUpstream.Connection connection) throws IOException {
        connection.sendStreamHead();
        connection.send(event(0).replace("true", "false"));
        connection.send(event(5).replace("\\ude00", ""));
    }

    @Test
    void anUpstreamThatIsNotInBackgroundModeIsNotAskedAgain() throws IOException {
        try (RawUpstream upstream = new RawUpstream((request, connection) -> beginDeaf(connection));
                TestServer node = before(upstream)) {
            assertEquals(
                    "upstream_truncated",
                    last(ask(node)).path("error").path("code").asText());
            assertEquals(1, upstream.requestCount());
        }
    }

    @Test
    void anAnswerThatIsNotInBackgroundModeIsCancelledByItsConnection() throws Exception {
        RawUpstream.Script deaf = (request, connection) -> {
            beginDeaf(connection);
            connection.awaitPeerClose();
        };
        try (RawUpstream upstream = new RawUpstream(deaf);
                TestServer node = before(upstream)) {
            HttpResponse<String> begun = node.post(
                    "/streams", "{\"kind\":\"chat\",\"message\":\"x\",\"model\":\"m\"}", "Accept", "application/json");
            String path = begun.headers().firstValue("Location").orElseThrow();
            TestServer.await(
                    "it speaks",
                    () -> node.get(path, "Accept", "application/json").body().contains("\"index\":1"));
            node.delete(path);
            // Ten seconds at most, where a question waits a minute for an id that is to come.
            upstream.takeClosedNanos();
        }
    }

    @Test
    void numbersThatDoNotGrowSayNothingWhereTheUpstreamKnowsNoBackgroundMode() throws IOException {
        RawUpstream.Script counting = (request, connection) -> {
            connection.sendStreamHead();
            connection.send(event(0).replace("true", "false"));
            connection.send(data("\"type\":\"response.output_text.delta\",\"delta\":\"a\""));
            connection.send(data("\"type\":\"response.output_text.delta\",\"delta\":\"b\""));
            connection.send(data("\"type\":\"response.completed\",\"response\":{\"status\":\"completed\"}"));
        };
        try (RawUpstream upstream = new RawUpstream(counting);
                TestServer node = before(upstream)) {
            List<JsonNode> events = node.chat("{\"kind\":\"chat\",\"message\":\"x\",\"model\":\"m\"}");
            assertEquals("ab", TestServer.text(events));
            assertEquals("done", last(events).path("event").asText());
        }
    }

    private static String data(String members) {
        return "data: {\"sequence_number\":0," + members + "}\n\n";
    }

    @Test
    void anAnswerThatTheUpstreamHasEndedIsNotCancelled() throws Exception {
        List<String> ends = List.of(
                "\"type\":\"response.failed\",\"response\":{\"id\":\"resp_1\",\"error\":{\"message\":\"boom\"}}",
                "\"type\":\"response.completed\",\"response\":{\"id\":\"resp_1\",\"status\":\"failed\"}",
                "\"type\":\"response.completed\",\"response\":{\"id\":\"resp_1\",\"status\":\"completed\"}");
        for (String end : ends) {
            RawUpstream.Script failing = (request, connection) -> {
                connection.sendStreamHead();
                connection.send(event(0));
                connection.send(event(5).replace("\\ude00", ""));
                connection.send("data: {\"sequence_number\":6," + end + "}\n\n");
            };
            try (RawUpstream upstream = new RawUpstream(failing);
                    TestServer node = before(upstream)) {
                // No document: a completed answer fails here, too.
                List<JsonNode> events =
                        node.chat("{\"kind\":\"structured\",\"message\":\"x\",\"model\":\"m\",\"fields\":[\"a\"]}");
                assertTrue(last(events).has("error"), "told as an event or, before the first, by the status");
                upstream.takeRequest();
                // Cancelled in the same moment, if at all: it would be the next request but for this one.
                node.get("/models");
                assertEquals("GET /v1/models HTTP/1.1", upstream.takeRequest().line());
            }
        }
    }

    @Test
    void theQuestionAsksForBackgroundModeAndNoSecretIsInThePathOfAnyOther() throws Exception {
        try (RawUpstream upstream = upstream(4, 0);
                TestServer node = before(upstream)) {
            assertEquals("done", last(ask(node)).path("event").asText());
            JsonNode asked = TestServer.json(upstream.takeRequest().body());
            assertTrue(asked.path("background").asBoolean());
            assertTrue(asked.path("store").asBoolean());
            assertTrue(asked.path("stream").asBoolean());
            assertEquals(
                    "GET /v1/responses/resp_1?stream=true&starting_after=3 HTTP/1.1",
                    upstream.takeRequest().line());
            assertEquals(
                    "GET /v1/responses/resp_1?stream=true&starting_after=7 HTTP/1.1",
                    upstream.takeRequest().line());
        }
    }
}
