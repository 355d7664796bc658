package rivulet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What is not text has an event of its own: reasoning, refusals, tool calls, usage. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class UpstreamEventsTest {
    private static final String CHAT = "{\"kind\":\"chat\",\"message\":\"hi\"}";
    private static final String HEAD = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n";

    /** The events that follow the start, without their index and times. */
    private static List<String> events(String api, String... sent) throws IOException {
        String body = HEAD + "\r\n" + "data: " + String.join("\n\ndata: ", sent) + "\n\n";
        try (RawUpstream upstream = RawUpstream.saying(body.getBytes(StandardCharsets.UTF_8));
                TestServer server = TestServer.before(upstream, "UPSTREAM_API", api, "OPENAI_MODEL", "m")) {
            return server.chat(CHAT).stream()
                    .skip(1)
                    .map(event -> event.toString()
                            .replaceAll("\\{\"n\":\\d+,", "{")
                            .replaceAll(",\"events\":\\d+(,\"ttft_ms\":\\d+)?,\"elapsed_ms\":\\d+", ""))
                    .toList();
        }
    }

    @Test
    void chatReasoningAndRefusalAreEventsOfTheirOwn() throws IOException {
        assertEquals(
                List.of(
                        "{\"event\":\"reasoning\",\"delta\":\"hm\"}",
                        "{\"event\":\"reasoning\",\"delta\":\"so\"}",
                        "{\"delta\":\"a\"}",
                        "{\"event\":\"refusal\",\"delta\":\"no\"}",
                        "{\"event\":\"done\",\"finish_reason\":\"refusal\",\"provider_finish_reason\":\"stop\"}"),
                events(
                        "chat",
                        "{\"choices\":[{\"delta\":{\"reasoning_content\":\"hm\",\"reasoning\":\"hm\"}}]}",
                        "{\"choices\":[{\"delta\":{\"reasoning\":\"so\",\"content\":\"\"}}]}",
                        "{\"choices\":[{\"delta\":{\"content\":\"a\"}}]}",
                        "{\"choices\":[{\"delta\":{\"refusal\":\"no\"}}]}",
                        "{\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}",
                        "[DONE]"));
    }

    @Test
    void responsesReasoningAndRefusalAreEventsOfTheirOwn() throws IOException {
        assertEquals(
                List.of(
                        "{\"event\":\"reasoning\",\"delta\":\"hm\"}",
                        "{\"event\":\"reasoning\",\"delta\":\"so\"}",
                        "{\"event\":\"refusal\",\"delta\":\"no\"}",
                        "{\"event\":\"done\",\"finish_reason\":\"refusal\"}"),
                events(
                        "responses",
                        "{\"type\":\"response.reasoning_text.delta\",\"delta\":\"hm\"}",
                        "{\"type\":\"response.reasoning_summary_text.delta\",\"delta\":\"so\"}",
                        "{\"type\":\"response.refusal.delta\",\"delta\":\"no\"}",
                        "{\"type\":\"response.completed\",\"response\":{}}"));
    }

    @Test
    void chatToolCallsAreToldPieceByPiece() throws IOException {
        assertEquals(
                List.of(
                        "{\"event\":\"tool_call\",\"index\":0,\"id\":\"c0\",\"name\":\"f\",\"arguments\":\"\"}",
                        "{\"event\":\"tool_call\",\"index\":0,\"arguments\":\"{\\\"a\\\"\"}",
                        "{\"event\":\"tool_call\",\"index\":1,\"id\":\"c1\",\"name\":\"g\",\"arguments\":\"{}\"}",
                        "{\"event\":\"tool_call\",\"index\":0,\"arguments\":\":1}\"}",
                        "{\"event\":\"done\",\"finish_reason\":\"tool_calls\",\"provider_finish_reason\":\"tool_calls\"}"),
                events(
                        "chat",
                        "{\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"c0\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"\"}}]}}]}",
                        "{\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"{\\\"a\\\"\"}}]}}]}",
                        "{\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":1,\"id\":\"c1\",\"function\":{\"name\":\"g\",\"arguments\":\"{}\"}}]}}]}",
                        "{\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"\",\"function\":{\"name\":null,\"arguments\":\":1}\"}}]}}]}",
                        "{\"choices\":[{\"delta\":{},\"finish_reason\":\"tool_calls\"}]}"));
    }

    @Test
    void responsesToolCallsAreToldPieceByPiece() throws IOException {
        assertEquals(
                List.of(
                        "{\"event\":\"tool_call\",\"index\":0,\"id\":\"c0\",\"name\":\"f\",\"arguments\":\"\"}",
                        "{\"event\":\"tool_call\",\"index\":0,\"arguments\":\"{}\"}",
                        "{\"event\":\"tool_call\",\"index\":1,\"id\":\"c1\",\"name\":\"g\",\"arguments\":\"{\\\"b\\\":2}\"}",
                        "{\"event\":\"done\",\"finish_reason\":\"tool_calls\"}"),
                events(
                        "responses",
                        "{\"type\":\"response.output_item.added\",\"output_index\":1,\"item\":{\"id\":\"i0\",\"type\":\"function_call\",\"call_id\":\"c0\",\"name\":\"f\",\"arguments\":\"\"}}",
                        "{\"type\":\"response.function_call_arguments.delta\",\"output_index\":1,\"item_id\":\"other\",\"delta\":\"{}\"}",
                        "{\"type\":\"response.function_call_arguments.done\",\"output_index\":1,\"arguments\":\"{}\"}",
                        "{\"type\":\"response.output_item.done\",\"output_index\":1,\"item\":{\"type\":\"function_call\",\"call_id\":\"c0\",\"name\":\"f\",\"arguments\":\"{}\"}}",
                        "{\"type\":\"response.output_item.done\",\"output_index\":2,\"item\":{\"type\":\"function_call\",\"call_id\":\"c1\",\"name\":\"g\",\"arguments\":\"{\\\"b\\\":2}\"}}",
                        "{\"type\":\"response.completed\",\"response\":{\"status\":\"completed\"}}"));
    }

    @Test
    void usageHasOneShapeAndKeepsWhatTheProviderAdds() throws IOException {
        String done =
                "{\"event\":\"done\",\"finish_reason\":\"stop\",\"provider_finish_reason\":\"stop\",\"usage\":%s}";
        String stop = "{\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]%s}";
        assertEquals(
                done.formatted(
                        "{\"input_tokens\":3,\"output_tokens\":4,\"total_tokens\":7,\"details\":{\"prompt_tokens_details\":{\"cached_tokens\":2}}}"),
                events(
                                "chat",
                                stop.formatted(""),
                                "{\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4,\"total_tokens\":7,\"prompt_tokens_details\":{\"cached_tokens\":2}}}",
                                "[DONE]")
                        .get(1));
        assertEquals(
                done.formatted("{\"input_tokens\":1,\"output_tokens\":2,\"total_tokens\":3}"),
                events(
                                "chat",
                                "{\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1}}",
                                stop.formatted(",\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2}"),
                                "{\"choices\":[],\"usage\":null}")
                        .get(1));
        assertEquals(
                done.formatted(
                        "{\"input_tokens\":1,\"output_tokens\":2,\"total_tokens\":3,\"details\":{\"queue_time\":0.5}}"),
                events(
                                "chat",
                                stop.formatted(
                                        ",\"x_groq\":{\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2,\"queue_time\":0.5}}"))
                        .get(1));
        assertTrue(
                events(
                                "responses",
                                "{\"type\":\"response.output_text.delta\",\"delta\":\"a\"}",
                                "{\"type\":\"response.completed\",\"response\":{\"usage\":{\"input_tokens\":1,\"output_tokens\":2,\"total_tokens\":3,\"output_tokens_details\":{\"reasoning_tokens\":1}}}}")
                        .get(1)
                        .contains(
                                "\"usage\":{\"input_tokens\":1,\"output_tokens\":2,\"total_tokens\":3,\"details\":{\"output_tokens_details\":{\"reasoning_tokens\":1}}}"));
    }

    @Test
    void usageThatComesTwoSecondsLateIsNotWaitedFor() throws Exception {
        try (RawUpstream upstream = new RawUpstream((request, connection) -> {
                    connection.sendStreamHead();
                    connection.send(
                            "data: {\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]}\n\n");
                    connection.awaitPeerClose();
                });
                TestServer server = TestServer.before(upstream, "OPENAI_MODEL", "m")) {
            List<JsonNode> events = server.chat(CHAT);
            assertEquals("stop", events.get(2).path("finish_reason").asText());
            long elapsed = events.get(2).path("elapsed_ms").asLong();
            assertTrue(elapsed >= 1900 && elapsed < 4000, "after " + elapsed + " ms");
        }
    }

    @Test
    void aStreamThatIsStillOpenAfterItsEndIsLeft() throws Exception {
        try (RawUpstream upstream = new RawUpstream((request, connection) -> {
                    connection.sendStreamHead();
                    connection.send(
                            "data: {\"type\":\"response.output_text.delta\",\"delta\":\"a\"}\n\ndata: {\"type\":\"response.completed\",\"response\":{}}\n\n");
                    connection.awaitPeerClose();
                });
                TestServer server = TestServer.before(upstream, "OPENAI_MODEL", "m", "UPSTREAM_API", "responses")) {
            List<JsonNode> events = server.chat(CHAT);
            assertEquals("done", events.get(2).path("event").asText());
            upstream.takeClosedNanos();
        }
    }

    @Test
    void aCompressedStreamIsReadToo() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.writeBytes(
                (HEAD + "Content-Encoding: gzip\r\nConnection: close\r\n\r\n").getBytes(StandardCharsets.UTF_8));
        try (GZIPOutputStream gzip = new GZIPOutputStream(bytes)) {
            gzip.write("data: {\"choices\":[{\"delta\":{\"content\":\"zip\"}}]}\n\ndata: [DONE]\n\n"
                    .getBytes(StandardCharsets.UTF_8));
        }
        try (RawUpstream upstream = RawUpstream.saying(bytes.toByteArray());
                TestServer server = TestServer.before(upstream, "OPENAI_MODEL", "m")) {
            assertEquals("zip", TestServer.text(server.chat(CHAT)));
        }
    }

    @Test
    void aCompressedAnswerThatIsNoStreamIsQuoted() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.writeBytes(
                (HEAD.replace("text/event-stream", "text/html") + "Content-Encoding: gzip\r\nConnection: close\r\n\r\n")
                        .getBytes(StandardCharsets.UTF_8));
        try (GZIPOutputStream gzip = new GZIPOutputStream(bytes)) {
            gzip.write("<h1>Please log in</h1>".getBytes(StandardCharsets.UTF_8));
        }
        try (RawUpstream upstream = RawUpstream.saying(bytes.toByteArray());
                TestServer server = TestServer.before(upstream, "OPENAI_MODEL", "m")) {
            List<JsonNode> events = server.chat(CHAT);
            String message =
                    events.get(events.size() - 1).path("error").path("message").asText();
            assertTrue(message.contains("Please log in"), message);
        }
    }

    @Test
    void aLineOfFifteenMebibytesIsRead() throws IOException {
        int length = 15 * 1024 * 1024;
        String line =
                "data: {\"choices\":[{\"delta\":{\"content\":\"" + "x".repeat(length) + "\"}}]}\n\ndata: [DONE]\n\n";
        try (RawUpstream upstream = RawUpstream.saying((HEAD + "\r\n" + line).getBytes(StandardCharsets.UTF_8));
                TestServer server = TestServer.before(upstream, "OPENAI_MODEL", "m", "MAX_ANSWER_BYTES", "100000000")) {
            assertEquals(length, TestServer.text(server.chat(CHAT)).length());
        }
    }

    @Test
    void anEventStreamUnderAnotherNameIsRead() throws IOException {
        for (String type : List.of("", "Content-Type: text/plain\r\n", "Content-Type: application/octet-stream\r\n")) {
            for (String mark : List.of("", "\uFEFF")) {
                String answer = "HTTP/1.1 200 OK\r\n" + type + "Connection: close\r\n\r\n" + mark
                        + "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\ndata: [DONE]\n\n";
                try (RawUpstream upstream = RawUpstream.saying(answer.getBytes(StandardCharsets.UTF_8));
                        TestServer server = TestServer.before(upstream, "OPENAI_MODEL", "m")) {
                    assertEquals("a", TestServer.text(server.chat(CHAT)));
                }
            }
        }
    }
}
