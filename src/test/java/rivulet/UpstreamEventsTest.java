package rivulet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is not text has an event of its own: reasoning, refusals, tool calls, usage. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class UpstreamEventsTest {
    private static final String CHAT = "{\"kind\":\"chat\",\"message\":\"hi\"}";
    /** Two seconds are waited for what may follow a finish reason. */
    private static final Duration LONGER_THAN_IT_SETTLES = Duration.ofMillis(2200);

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
    void whatIsNoNumberCountsNothing() throws IOException {
        assertEquals(
                List.of("{\"event\":\"done\",\"finish_reason\":\"stop\",\"usage\":{\"input_tokens\":1}}"),
                events(
                        "chat",
                        "{\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":NaN,\"total_tokens\":Infinity}}",
                        "[DONE]"));
    }

    @Test
    void anErrorIsToldInWholeCharacters() throws IOException {
        List<String> events = events(
                "chat", "{\"choices\":[{\"delta\":{\"content\":\"a\"}}]}", "{\"error\":{\"message\":\"b\\ud83d\"}}");
        String last = events.get(events.size() - 1);
        assertTrue(last.contains("b\uFFFD\""), last);
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
    void reasoningUnderItsFirstNameIsTold() throws IOException {
        assertEquals(
                List.of(
                        "{\"event\":\"reasoning\",\"delta\":\"We\"}",
                        "{\"event\":\"reasoning\",\"delta\":\" think\"}",
                        "{\"delta\":\"Hi\"}",
                        "{\"event\":\"done\",\"finish_reason\":\"stop\"}"),
                events(
                        "responses",
                        "{\"type\":\"response.output_item.added\",\"output_index\":0,\"item\":{\"type\":\"reasoning\",\"id\":\"rs_1\",\"summary\":[]}}",
                        "{\"type\":\"response.reasoning.delta\",\"sequence_number\":3,\"item_id\":\"rs_1\",\"output_index\":0,\"content_index\":0,\"delta\":\"We\"}",
                        "{\"type\":\"response.reasoning.delta\",\"sequence_number\":4,\"item_id\":\"rs_1\",\"output_index\":0,\"content_index\":0,\"delta\":\" think\"}",
                        "{\"type\":\"response.reasoning.done\",\"sequence_number\":5,\"item_id\":\"rs_1\",\"output_index\":0,\"content_index\":0,\"text\":\"We think\"}",
                        "{\"type\":\"response.output_item.done\",\"output_index\":0,\"item\":{\"type\":\"reasoning\",\"id\":\"rs_1\",\"summary\":[]}}",
                        "{\"type\":\"response.output_text.delta\",\"item_id\":\"msg_1\",\"output_index\":1,\"content_index\":0,\"delta\":\"Hi\"}",
                        "{\"type\":\"response.completed\",\"response\":{\"status\":\"completed\"}}"));
    }

    @Test
    void aThoughtThatIsToldOnBothChannelsIsToldOnce() throws IOException {
        assertEquals(
                List.of(
                        "{\"event\":\"reasoning\",\"delta\":\"The\"}",
                        "{\"event\":\"reasoning\",\"delta\":\" user\"}",
                        "{\"delta\":\"Hi\"}",
                        "{\"event\":\"done\",\"finish_reason\":\"stop\"}"),
                events(
                        "responses",
                        "{\"type\":\"response.reasoning_text.delta\",\"item_id\":\"rs_1\",\"output_index\":0,\"content_index\":0,\"delta\":\"The\"}",
                        "{\"type\":\"response.reasoning_summary_text.delta\",\"item_id\":\"rs_1\",\"output_index\":0,\"summary_index\":0,\"delta\":\"The\"}",
                        "{\"type\":\"response.reasoning_text.delta\",\"item_id\":\"rs_1\",\"output_index\":0,\"content_index\":0,\"delta\":\" user\"}",
                        "{\"type\":\"response.reasoning_summary_text.delta\",\"item_id\":\"rs_1\",\"output_index\":0,\"summary_index\":0,\"delta\":\" user\"}",
                        "{\"type\":\"response.output_text.delta\",\"item_id\":\"msg_1\",\"output_index\":1,\"content_index\":0,\"delta\":\"Hi\"}",
                        "{\"type\":\"response.completed\",\"response\":{\"status\":\"completed\"}}"));
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
    void whatEachBlockOfAnAnswerHasAsAChoiceOfItsOwnIsOneAnswer() throws IOException {
        // Higress: the choice's index is that of Claude's block.
        assertEquals(
                List.of(
                        "{\"event\":\"reasoning\",\"delta\":\"hm\"}",
                        "{\"delta\":\"a\"}",
                        "{\"delta\":\"b\"}",
                        "{\"event\":\"tool_call\",\"index\":2,\"id\":\"c0\",\"name\":\"f\",\"arguments\":\"\"}",
                        "{\"event\":\"tool_call\",\"index\":2,\"arguments\":\"{}\"}",
                        "{\"event\":\"done\",\"finish_reason\":\"tool_calls\",\"provider_finish_reason\":\"tool_calls\"}"),
                events(
                        "chat",
                        "{\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}",
                        "{\"choices\":[{\"index\":0,\"delta\":{\"reasoning\":\"hm\"}}]}",
                        "{\"choices\":[{\"index\":1,\"delta\":{\"content\":\"a\"}}]}",
                        "{\"choices\":[{\"index\":1,\"delta\":{\"content\":\"b\"}}]}",
                        "{\"choices\":[{\"index\":2,\"delta\":{\"tool_calls\":[{\"index\":2,\"id\":\"c0\",\"function\":{\"name\":\"f\",\"arguments\":\"\"}}]}}]}",
                        "{\"choices\":[{\"index\":2,\"delta\":{\"tool_calls\":[{\"index\":2,\"function\":{\"arguments\":\"{}\"}}]}}]}",
                        "{\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"tool_calls\"}]}",
                        "[DONE]"));
    }

    @Test
    void otherAnswersBesideTheFirstAreNotRead() throws IOException {
        assertEquals(
                List.of(
                        "{\"delta\":\"a\"}",
                        "{\"delta\":\"b\"}",
                        "{\"event\":\"done\",\"finish_reason\":\"stop\",\"provider_finish_reason\":\"stop\"}"),
                events(
                        "chat",
                        "{\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}",
                        "{\"choices\":[{\"index\":1,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}",
                        "{\"choices\":[{\"index\":1,\"delta\":{\"content\":\"x\"}}]}",
                        "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}",
                        "{\"choices\":[{\"index\":1,\"delta\":{},\"finish_reason\":\"length\"}]}",
                        "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"b\"}}]}",
                        "{\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}",
                        "[DONE]"));
    }

    @Test
    void whatOtherAnswersSayWithoutARoleIsNotReadEither() throws IOException {
        assertEquals(
                List.of(
                        "{\"delta\":\"a\"}",
                        "{\"event\":\"done\",\"finish_reason\":\"stop\",\"provider_finish_reason\":\"stop\"}"),
                events(
                        "chat",
                        "{\"choices\":[{\"index\":1,\"delta\":{\"content\":\"x\"}}]}",
                        "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}",
                        "{\"choices\":[{\"index\":1,\"delta\":{},\"finish_reason\":\"length\"}]}",
                        "{\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}",
                        "[DONE]"));
    }

    @Test
    void aCallIsNeverBeforeTheFirst() throws IOException {
        assertEquals(
                List.of(
                        "{\"event\":\"tool_call\",\"index\":0,\"id\":\"c0\",\"name\":\"f\",\"arguments\":\"\"}",
                        "{\"event\":\"tool_call\",\"index\":0,\"arguments\":\"{}\"}",
                        "{\"event\":\"tool_call\",\"index\":1,\"id\":\"c1\",\"name\":\"g\",\"arguments\":\"\"}",
                        "{\"event\":\"tool_call\",\"index\":1,\"arguments\":\"[]\"}",
                        "{\"event\":\"done\",\"finish_reason\":\"tool_calls\",\"provider_finish_reason\":\"tool_calls\"}"),
                events(
                        "chat",
                        "{\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":-1,\"id\":\"c0\",\"function\":{\"name\":\"f\",\"arguments\":\"\"}}]}}]}",
                        "{\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":-1,\"function\":{\"arguments\":\"{}\"}}]}}]}",
                        "{\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"c1\",\"function\":{\"name\":\"g\",\"arguments\":\"\"}}]}}]}",
                        "{\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"[]\"}}]}}]}",
                        "{\"choices\":[{\"delta\":{},\"finish_reason\":\"tool_calls\"}]}",
                        "[DONE]"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"type\":\"response.error\",\"error\":{\"code\":\"rate_limit_exceeded\",\"message\":\"too fast\"}}",
                "{\"type\":\"response.failed\",\"error\":{\"code\":\"rate_limit_exceeded\",\"message\":\"too fast\"}}",
                "{\"type\":\"response.failed\",\"response\":{\"status\":\"failed\",\"error\":{\"code\":\"rate_limit_exceeded\",\"message\":\"too fast\"}}}",
            })
    void aFailedResponseSaysWhyWhereverThatStands(String failure) throws IOException {
        List<String> events = events("responses", "{\"type\":\"response.output_text.delta\",\"delta\":\"a\"}", failure);
        assertEquals(
                "{\"event\":\"failed\",\"error\":{\"code\":\"upstream_rate_limited\",\"message\":\"The upstream failed: too fast\"},\"retryable\":true}",
                events.get(events.size() - 1));
    }

    @Test
    void thatThereIsAnErrorIsNotWhatItSays() throws IOException {
        List<String> events = events(
                "chat",
                "{\"choices\":[{\"delta\":{\"content\":\"a\"}}]}",
                "{\"error\":true,\"message\":\"nothing came\"}");
        String last = events.get(events.size() - 1);
        assertTrue(last.contains("The upstream failed: nothing came"), last);
    }

    @Test
    void aRefusalsBodyBehindTheEventsSaysWhyTheyEnd() throws IOException {
        String behind =
                "{\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n{\"error\":{\"code\":\"invalid_request_error\",\"message\":\"too long\"}}";
        assertEquals(
                "{\"event\":\"failed\",\"error\":{\"code\":\"upstream_rejected\",\"message\":\"The upstream failed: too long\"},\"retryable\":false}",
                events("chat", behind).get(1));
        String end = events("chat", behind, "[DONE]").get(1);
        assertTrue(end.startsWith("{\"event\":\"done\""), end);
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
    void aCallThatTheUpstreamHasMadeItselfIsNotTheAnswersEnd() throws IOException {
        // xAI's search of X: a custom tool's call, and then the answer.
        String search =
                "{\"type\":\"response.output_item.%s\",\"output_index\":0,\"item\":{\"type\":\"custom_tool_call\",\"id\":\"i0\",\"call_id\":\"c0\",\"name\":\"x_keyword_search\",\"input\":\"%s\"}}";
        String text = "{\"type\":\"response.output_text.delta\",\"output_index\":1,\"item_id\":\"i1\",\"delta\":\"a\"}";
        String function =
                "{\"type\":\"response.output_item.done\",\"output_index\":2,\"item\":{\"type\":\"function_call\",\"call_id\":\"c2\",\"name\":\"f\",\"arguments\":\"{}\"}}";
        String begins = search.formatted("added", "");
        String input =
                "{\"type\":\"response.custom_tool_call_input.delta\",\"output_index\":0,\"item_id\":\"i0\",\"delta\":\"q\"}";
        String ends = search.formatted("done", "q");
        String completed = "{\"type\":\"response.completed\",\"response\":{\"status\":\"completed\"}}";
        assertEquals(
                List.of(
                        "{\"event\":\"tool_call\",\"index\":0,\"id\":\"c0\",\"name\":\"x_keyword_search\",\"arguments\":\"\"}",
                        "{\"event\":\"tool_call\",\"index\":0,\"arguments\":\"q\"}",
                        "{\"delta\":\"a\"}",
                        "{\"event\":\"done\",\"finish_reason\":\"stop\"}"),
                events("responses", begins, input, ends, text, completed));
        // What waits for the caller does.
        String waits = "{\"event\":\"done\",\"finish_reason\":\"tool_calls\"}";
        assertEquals(waits, last(events("responses", text, begins, input, ends, completed)));
        assertEquals(waits, last(events("responses", begins, input, ends, text, function, completed)));
        assertEquals(waits, last(events("responses", function, text, completed)));
    }

    private static String last(List<String> events) {
        return events.get(events.size() - 1);
    }

    @Test
    void whatResponsesTellOnlyWholeIsToldOnce() throws IOException {
        String arguments =
                "{\"type\":\"response.function_call_arguments.done\",\"output_index\":1,\"arguments\":\"{}\"}";
        String item =
                "\"output_index\":1,\"item\":{\"type\":\"function_call\",\"call_id\":\"c0\",\"name\":\"f\",\"arguments\":\"%s\"}}";
        String added = "{\"type\":\"response.output_item.added\"," + item.formatted("");
        String done = "{\"type\":\"response.output_item.done\"," + item.formatted("{}");
        String completed = "{\"type\":\"response.completed\",\"response\":{\"output\":[]}}";
        String call = "{\"event\":\"tool_call\",\"index\":0,\"id\":\"c0\",\"name\":\"f\",\"arguments\":\"%s\"}";
        String piece = "{\"event\":\"tool_call\",\"index\":0,\"arguments\":\"{}\"}";
        String end = "{\"event\":\"done\",\"finish_reason\":\"tool_calls\"}";
        List<String> announced = List.of(call.formatted(""), piece, end);
        assertEquals(announced, events("responses", added, arguments, done, completed));
        assertEquals(announced, events("responses", added, arguments, completed));
        assertEquals(announced, events("responses", added, done, completed));
        assertEquals(List.of(call.formatted("{}"), end), events("responses", done, completed));
        assertEquals(List.of(piece, call.formatted(""), end), events("responses", arguments, done, completed));
        String delta = "{\"type\":\"response.function_call_arguments.delta\",\"output_index\":1,\"delta\":\"{}\"}";
        assertEquals(announced, events("responses", added, delta, arguments, done, completed));
        assertEquals(
                announced,
                events(
                        "responses",
                        added,
                        delta,
                        arguments.replace("\"output_index\":1", "\"item_id\":\"x\""),
                        completed));
        assertEquals(
                List.of(
                        "{\"event\":\"reasoning\",\"delta\":\"hm\"}",
                        "{\"event\":\"refusal\",\"delta\":\"no\"}",
                        "{\"event\":\"done\",\"finish_reason\":\"refusal\"}"),
                events(
                        "responses",
                        "{\"type\":\"response.reasoning_summary_text.done\",\"text\":\"hm\"}",
                        "{\"type\":\"response.output_item.done\",\"item\":{\"type\":\"reasoning\",\"summary\":[{\"type\":\"summary_text\",\"text\":\"hm\"}]}}",
                        "{\"type\":\"response.refusal.done\",\"refusal\":\"no\"}",
                        "{\"type\":\"response.output_item.done\",\"item\":{\"type\":\"message\",\"content\":[{\"type\":\"refusal\",\"refusal\":\"no\"}]}}",
                        completed));
        assertEquals(
                List.of(
                        "{\"event\":\"reasoning\",\"delta\":\"hm\"}",
                        "{\"event\":\"done\",\"finish_reason\":\"stop\"}"),
                events(
                        "responses",
                        "{\"type\":\"response.output_item.done\",\"item\":{\"type\":\"reasoning\",\"summary\":[],\"content\":[{\"type\":\"reasoning_text\",\"text\":\"hm\"}]}}",
                        completed));
    }

    @Test
    void whatTheWholeResponseHoldsBeyondWhatWasToldIsToldInTheEnd() throws IOException {
        String delta = "{\"type\":\"response.output_text.delta\",\"delta\":\"ab\"}";
        String completed =
                "{\"type\":\"response.completed\",\"response\":{\"status\":\"completed\",\"output\":[{\"type\":\"message\",\"content\":[%s]}]}}";
        String text = "{\"type\":\"output_text\",\"text\":\"%s\"}";
        String refusal = "{\"type\":\"refusal\",\"refusal\":\"no\"}";
        String stop = "{\"event\":\"done\",\"finish_reason\":\"stop\"}";
        // A second message, of which no event tells.
        assertEquals(
                List.of("{\"delta\":\"ab\"}", "{\"delta\":\"c\"}", "{\"delta\":\"de\"}", stop),
                events("responses", delta, completed.formatted(text.formatted("abc") + "," + text.formatted("de"))));
        assertEquals(
                List.of(
                        "{\"delta\":\"ab\"}",
                        "{\"event\":\"refusal\",\"delta\":\"no\"}",
                        "{\"event\":\"done\",\"finish_reason\":\"refusal\"}"),
                events("responses", delta, completed.formatted(text.formatted("ab") + "," + refusal)));
        // What differs would say the same twice.
        for (String whole : List.of("", "a", "ab", "xbc", "aBc")) {
            assertEquals(
                    List.of("{\"delta\":\"ab\"}", stop),
                    events("responses", delta, completed.formatted(text.formatted(whole))));
        }
        String call = "{\"type\":\"function_call\",\"call_id\":\"c\",\"name\":\"f\",\"arguments\":\"%s\"}";
        assertEquals(
                List.of(
                        toldCall(0, "c", ""),
                        toldArguments(0, "[1]"),
                        "{\"event\":\"done\",\"finish_reason\":\"tool_calls\"}"),
                events(
                        "responses",
                        "{\"type\":\"response.output_item.added\",\"item\":" + call.formatted("") + "}",
                        "{\"type\":\"response.completed\",\"response\":{\"output\":[" + call.formatted("[1]") + "]}}"));
    }

    @Test
    void aThoughtThatResponsesTellAsATextIsNoText() throws IOException {
        String added =
                "{\"type\":\"response.output_item.added\",\"output_index\":%1$d,\"item\":{\"type\":\"%2$s\",\"id\":\"%3$s\",\"status\":\"in_progress\"}}";
        String delta =
                "{\"type\":\"response.output_text.delta\",\"item_id\":\"%s\",\"output_index\":0,\"content_index\":0,\"delta\":\"%s\",\"logprobs\":[]}";
        String text =
                "{\"type\":\"response.output_text.done\",\"item_id\":\"%s\",\"output_index\":1,\"content_index\":0,\"text\":\"%s\"}";
        String part =
                "{\"type\":\"response.content_part.done\",\"item_id\":\"%s\",\"output_index\":1,\"part\":{\"type\":\"output_text\",\"text\":\"%s\"}}";
        String item = "{\"type\":\"%s\",\"id\":\"%s\",\"content\":[{\"type\":\"output_text\",\"text\":\"%s\"}]}";
        String done = "{\"type\":\"response.output_item.done\",\"output_index\":1,\"item\":" + item + "}";
        String completed = "{\"type\":\"response.completed\",\"response\":{\"status\":\"completed\",\"output\":[%s]}}";
        String thought = "{\"event\":\"reasoning\",\"delta\":\"%s\"}";
        String end = "{\"event\":\"done\",\"finish_reason\":\"stop\"}";
        assertEquals(
                List.of(
                        thought.formatted("hm"),
                        thought.formatted("so"),
                        "{\"delta\":\"a\"}",
                        thought.formatted("oh"),
                        "{\"delta\":\"b\"}",
                        end),
                events(
                        "responses",
                        added.formatted(0, "reasoning", "reasoning_1"),
                        delta.formatted("reasoning_1", "hm"),
                        delta.formatted("reasoning_1", "so"),
                        added.formatted(1, "message", "msg_1"),
                        delta.formatted("msg_1", "a"),
                        delta.formatted("reasoning_1", "oh"),
                        delta.formatted("msg_1", "b"),
                        text.formatted("reasoning_1", "hmsooh"),
                        part.formatted("reasoning_1", "hmsooh"),
                        done.formatted("reasoning", "reasoning_1", "hmsooh"),
                        text.formatted("msg_1", "ab"),
                        done.formatted("message", "msg_1", "ab"),
                        completed.formatted(item.formatted("reasoning", "reasoning_1", "hmsooh") + ","
                                + item.formatted("message", "msg_1", "ab"))));
        List<String> whole = List.of(thought.formatted("hm"), "{\"delta\":\"a\"}", end);
        String thoughtItem = item.formatted("reasoning", "r", "hm");
        assertEquals(
                whole,
                events("responses", completed.formatted(thoughtItem + "," + item.formatted("message", "m", "a"))));
        assertEquals(
                whole,
                events(
                        "responses",
                        added.formatted(0, "reasoning", "r"),
                        delta.formatted("r", "hm"),
                        text.formatted("r", "hm"),
                        part.formatted("r", "hm"),
                        done.formatted("reasoning", "r", "hm"),
                        text.formatted("m", "a"),
                        completed.formatted(thoughtItem)));
    }

    @Test
    void responsesCallsOfItemsWithoutAnIdAreToldApart() throws IOException {
        String item =
                "{\"type\":\"response.output_item.%s\",\"item\":{\"type\":\"function_call\",\"call_id\":\"%s\",\"name\":\"f\",\"arguments\":\"%s\"}}";
        String delta = "{\"type\":\"response.function_call_arguments.delta\",\"item_id\":\"%s\",\"delta\":\"%s\"}";
        String completed = "{\"type\":\"response.completed\",\"response\":{}}";
        String end = "{\"event\":\"done\",\"finish_reason\":\"tool_calls\"}";
        assertEquals(
                List.of(
                        toldCall(0, "fc_a", ""),
                        toldArguments(0, "[1"),
                        toldArguments(0, "]"),
                        toldCall(1, "fc_b", ""),
                        toldArguments(1, "[2]"),
                        end),
                events(
                        "responses",
                        item.formatted("added", "fc_a", ""),
                        delta.formatted("fc_a", "[1"),
                        delta.formatted("fc_a", "]"),
                        item.formatted("added", "fc_b", ""),
                        delta.formatted("fc_b", "[2]"),
                        item.formatted("done", "fc_a", "[1]"),
                        item.formatted("done", "fc_b", "[2]"),
                        completed));
        assertEquals(
                List.of(toldCall(0, "fc_a", "[1]"), toldCall(1, "fc_b", "[2]"), end),
                events(
                        "responses",
                        item.formatted("done", "fc_a", "[1]"),
                        item.formatted("done", "fc_b", "[2]"),
                        completed));
    }

    /** At a place in the output, and of an item. */
    private static String argumentsDelta(int place, String item, String piece) {
        return "{\"type\":\"response.function_call_arguments.delta\",\"output_index\":%d,\"item_id\":\"%s\",\"delta\":\"%s\"}"
                .formatted(place, item, piece);
    }

    private static String argumentsDone(int place, String item, String all) {
        return "{\"type\":\"response.function_call_arguments.done\",\"output_index\":%d,\"item_id\":\"%s\",\"arguments\":\"%s\"}"
                .formatted(place, item, all);
    }

    /** What a viewer is told. */
    private static String toldCall(int index, String id, String arguments) {
        return "{\"event\":\"tool_call\",\"index\":%d,\"id\":\"%s\",\"name\":\"f\",\"arguments\":\"%s\"}"
                .formatted(index, id, arguments);
    }

    private static String toldArguments(int index, String piece) {
        return "{\"event\":\"tool_call\",\"index\":%d,\"arguments\":\"%s\"}".formatted(index, piece);
    }

    @Test
    void responsesCallsAtOnePlaceAreToldApart() throws IOException {
        String item =
                "{\"type\":\"response.output_item.%s\",\"output_index\":0,\"item\":{\"id\":\"%s\",\"type\":\"function_call\",\"call_id\":\"%s\",\"name\":\"f\",\"arguments\":\"%s\"}}";
        assertEquals(
                List.of(
                        toldCall(0, "a", ""),
                        toldArguments(0, "[1]"),
                        toldCall(1, "b", ""),
                        toldArguments(1, "[2]"),
                        toldCall(2, "c", ""),
                        toldArguments(2, "[3]"),
                        "{\"event\":\"done\",\"finish_reason\":\"tool_calls\"}"),
                events(
                        "responses",
                        item.formatted("added", "i", "a", ""),
                        argumentsDelta(0, "i", "[1]"),
                        argumentsDone(0, "i", "[1]"),
                        item.formatted("done", "i", "a", "[1]"),
                        item.formatted("added", "j", "b", ""),
                        argumentsDone(0, "j", "[2]"),
                        item.formatted("done", "j", "b", "[2]"),
                        item.formatted("added", "k", "c", ""),
                        item.formatted("added", "other", "c", ""),
                        argumentsDelta(0, "k", "[3]"),
                        item.formatted("done", "k", "other", "[3]"),
                        "{\"type\":\"response.completed\",\"response\":{}}"));
    }

    @Test
    void aResponsesCallThatEndsAtTheNextOnesPlaceIsToldOnce() throws IOException {
        String added =
                "{\"type\":\"response.output_item.added\",\"output_index\":%d,\"item\":{\"id\":\"%s\",\"type\":\"function_call\",\"call_id\":\"%s\",\"name\":\"f\",\"arguments\":\"\"}}";
        String done =
                "{\"type\":\"response.output_item.done\",\"output_index\":%d,\"item\":{\"id\":null,\"item_id\":\"%s\",\"type\":\"function_call\",\"call_id\":\"other\",\"name\":\"f\",\"arguments\":\"%s\"}}";
        assertEquals(
                List.of(
                        toldCall(0, "a", ""),
                        toldArguments(0, "[1]"),
                        toldCall(1, "b", ""),
                        toldArguments(1, "[2]"),
                        "{\"event\":\"done\",\"finish_reason\":\"tool_calls\"}"),
                events(
                        "responses",
                        added.formatted(1, "i", "a"),
                        argumentsDelta(1, "i", "[1]"),
                        argumentsDone(2, "i", "[1]"),
                        done.formatted(2, "i", "[1]"),
                        added.formatted(2, "j", "b"),
                        argumentsDelta(2, "j", "[2]"),
                        argumentsDone(3, "j", "[2]"),
                        done.formatted(3, "j", "[2]"),
                        "{\"type\":\"response.completed\",\"response\":{}}"));
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
    void callsThatShareAnIndexAreToldApart() throws IOException {
        assertEquals(
                List.of(
                        "{\"event\":\"tool_call\",\"index\":0,\"id\":\"a\",\"name\":\"f\",\"arguments\":\"{\\\"x\\\":1}\"}",
                        "{\"event\":\"tool_call\",\"index\":1,\"id\":\"b\",\"name\":\"g\",\"arguments\":\"{\"}",
                        "{\"event\":\"tool_call\",\"index\":1,\"arguments\":\"}\"}",
                        "{\"event\":\"tool_call\",\"index\":2,\"id\":\"c\",\"name\":\"f\",\"arguments\":\"{}\"}"),
                events(
                                "chat",
                                call("\"index\":0,\"id\":\"a\"", "\"name\":\"f\",\"arguments\":\"{\\\"x\\\":1}\""),
                                call("\"index\":0,\"id\":\"b\"", "\"name\":\"g\",\"arguments\":\"{\""),
                                call("\"index\":0", "\"arguments\":\"}\""),
                                call("\"index\":1,\"id\":\"c\"", "\"name\":\"f\",\"arguments\":\"{}\""),
                                "[DONE]")
                        .subList(0, 4));
    }

    @Test
    void callsThatShareAnIndexAndHaveNoIdAreToldApart() throws IOException {
        String paris = "\"name\":\"f\",\"arguments\":\"{\\\"x\\\":\\\"}\\\\\\\"\\\"}\"";
        assertEquals(
                List.of(
                        "{\"event\":\"tool_call\",\"index\":0,\"name\":\"f\",\"arguments\":\"{\\\"x\\\":\\\"}\\\\\\\"\\\"}\"}",
                        "{\"event\":\"tool_call\",\"index\":1,\"name\":\"f\",\"arguments\":\"{\"}",
                        "{\"event\":\"tool_call\",\"index\":1,\"arguments\":\"}\"}",
                        "{\"event\":\"tool_call\",\"index\":2,\"name\":\"g\",\"arguments\":\"\"}",
                        "{\"event\":\"tool_call\",\"index\":2,\"arguments\":\"{}\"}",
                        "{\"event\":\"tool_call\",\"index\":3,\"name\":\"h\",\"arguments\":\"{}\"}"),
                events(
                                "chat",
                                call("\"index\":0", paris),
                                call("\"index\":0", "\"name\":\"f\",\"arguments\":\"{\""),
                                call("\"index\":0", "\"name\":\"f\",\"arguments\":\"}\""),
                                call("\"index\":0,\"id\":\"\"", "\"name\":\"g\""),
                                call("\"index\":0,\"id\":null", "\"name\":\"g\",\"arguments\":\"{}\""),
                                call("\"index\":0", "\"name\":\"h\",\"arguments\":{}"),
                                "[DONE]")
                        .subList(0, 6));
    }

    @Test
    void callsThatShareAnIndexAndAnIdAreToldApart() throws IOException {
        assertEquals(
                List.of(
                        toldCall(0, "a", "{}"),
                        toldCall(1, "a", "{"),
                        toldArguments(1, " }"),
                        "{\"event\":\"tool_call\",\"index\":2,\"id\":\"a\",\"name\":\"g\",\"arguments\":\"{}\"}",
                        "{\"event\":\"done\",\"finish_reason\":\"stop\"}"),
                events(
                        "chat",
                        call("\"index\":0,\"id\":\"a\"", "\"name\":\"f\",\"arguments\":\"{}\""),
                        // Once more the same, which is no other call.
                        call("\"index\":0,\"id\":\"a\"", "\"name\":\"f\",\"arguments\":\"{}\""),
                        call("\"index\":0,\"id\":\"a\"", "\"name\":\"f\",\"arguments\":\"{\""),
                        call("\"index\":0,\"id\":\"a\"", "\"name\":\"f\",\"arguments\":\" }\""),
                        call("\"index\":0,\"id\":\"a\"", "\"name\":\"g\",\"arguments\":\"{}\""),
                        "[DONE]"));
    }

    @Test
    void aCallThatStandsInNoListIsTold() throws IOException {
        String call =
                "{\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"tool_calls\":{\"index\":0,\"id\":\"\",\"type\":\"function\",\"function\":{\"name\":%s,\"arguments\":\"%s\"}}},\"finish_reason\":%s}]}";
        assertEquals(
                List.of(
                        "{\"event\":\"tool_call\",\"index\":0,\"name\":\"f\",\"arguments\":\"{\"}",
                        "{\"event\":\"tool_call\",\"index\":0,\"arguments\":\"}\"}",
                        "{\"event\":\"done\",\"finish_reason\":\"stop\",\"provider_finish_reason\":\"eos_token\"}"),
                events(
                        "chat",
                        call.formatted("\"f\"", "{", null),
                        call.formatted(null, "}", "\"eos_token\""),
                        "[DONE]"));
    }

    @Test
    void aCallThatIsToldInBothFormsIsToldOnce() throws IOException {
        String call =
                "{\"choices\":[{\"index\":0,\"delta\":{\"content\":null,\"function_call\":{\"name\":\"%1$s\",\"arguments\":\"%3$s\"},\"tool_calls\":[{\"index\":%4$d,\"id\":\"%2$s\",\"type\":\"function\",\"function\":{\"name\":\"%1$s\",\"arguments\":\"%3$s\"}}]}}]}";
        assertEquals(
                List.of(
                        "{\"event\":\"tool_call\",\"index\":0,\"id\":\"a\",\"name\":\"f\",\"arguments\":\"{\"}",
                        "{\"event\":\"tool_call\",\"index\":0,\"arguments\":\"}\"}",
                        "{\"event\":\"tool_call\",\"index\":1,\"id\":\"b\",\"name\":\"g\",\"arguments\":\"{}\"}",
                        "{\"event\":\"done\",\"finish_reason\":\"stop\"}"),
                events(
                        "chat",
                        call.formatted("f", "a", "{", 0),
                        call.formatted("f", "a", "}", 0),
                        call.formatted("g", "b", "{}", 1),
                        "[DONE]"));
        assertEquals(
                List.of(
                        "{\"event\":\"tool_call\",\"index\":0,\"name\":\"f\",\"arguments\":\"{}\"}",
                        "{\"event\":\"done\",\"finish_reason\":\"stop\"}"),
                events(
                        "chat",
                        "{\"choices\":[{\"delta\":{\"tool_calls\":null,\"function_call\":{\"name\":\"f\",\"arguments\":\"{}\"}}}]}",
                        "[DONE]"));
    }

    @Test
    void aCallWhoseIdChangesWithEachPieceIsOne() throws IOException {
        assertEquals(
                List.of(
                        "{\"event\":\"tool_call\",\"index\":0,\"id\":\"a\",\"name\":\"f\",\"arguments\":\"{\"}",
                        "{\"event\":\"tool_call\",\"index\":0,\"arguments\":\"\\\"x\\\":\"}",
                        "{\"event\":\"tool_call\",\"index\":0,\"arguments\":\"1}\"}",
                        "{\"event\":\"done\",\"finish_reason\":\"stop\",\"provider_finish_reason\":\"stop\"}"),
                events(
                        "chat",
                        call("\"index\":0,\"id\":\"a\"", "\"name\":\"f\",\"arguments\":\"{\""),
                        call("\"index\":0,\"id\":\"b\"", "\"name\":\"f\",\"arguments\":\"\\\"x\\\":\""),
                        call("\"index\":0,\"id\":\"c\"", "\"name\":\"f\",\"arguments\":\"1}\""),
                        call("\"index\":0,\"id\":\"d\"", "\"name\":\"f\",\"arguments\":\"\""),
                        "{\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}",
                        "[DONE]"));
    }

    @Test
    void aCallsArgumentsAreNotCutInsideASurrogatePair() throws IOException {
        assertEquals(
                List.of(
                        "{\"event\":\"tool_call\",\"index\":0,\"id\":\"a\",\"name\":\"f\",\"arguments\":\"x\"}",
                        "{\"event\":\"tool_call\",\"index\":1,\"id\":\"b\",\"name\":\"g\",\"arguments\":\"\"}",
                        "{\"event\":\"tool_call\",\"index\":0,\"arguments\":\"\uD83D\uDE00\"}",
                        "{\"event\":\"tool_call\",\"index\":1,\"arguments\":\"\uFFFD\"}",
                        "{\"event\":\"done\",\"finish_reason\":\"stop\"}"),
                events(
                        "chat",
                        call("\"index\":0,\"id\":\"a\"", "\"name\":\"f\",\"arguments\":\"x\\ud83d\""),
                        call("\"index\":1,\"id\":\"b\"", "\"name\":\"g\",\"arguments\":\"\\ud83d\""),
                        call("\"index\":0", "\"arguments\":\"\\ude00\""),
                        "[DONE]"));
    }

    @Test
    void argumentsThatAreSaidOnceMoreWithoutAnIdAreToldOnce() throws IOException {
        assertEquals(
                List.of(
                        "{\"event\":\"tool_call\",\"index\":0,\"id\":\"c1\",\"name\":\"shell\",\"arguments\":\"\"}",
                        "{\"event\":\"tool_call\",\"index\":0,\"arguments\":\"{\\\"a\\\":1}\"}",
                        "{\"event\":\"done\",\"finish_reason\":\"tool_calls\",\"provider_finish_reason\":\"tool_calls\"}"),
                events(
                        "chat",
                        "{\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"c1\",\"function\":{\"name\":\"shell\",\"arguments\":\"\"}}]}}]}",
                        "{\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"{\\\"a\\\":1}\"}}]}}]}",
                        "{\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"{\\\"a\\\":1}\"}}]}}]}",
                        "{\"choices\":[{\"delta\":{},\"finish_reason\":\"tool_calls\"}]}",
                        "[DONE]"));
    }

    @Test
    void callsThatComeWholeAreToldApart() throws IOException {
        assertEquals(
                List.of(
                        "{\"event\":\"tool_call\",\"index\":0,\"id\":\"a\",\"name\":\"f\",\"arguments\":\"1\"}",
                        "{\"event\":\"tool_call\",\"index\":1,\"id\":\"b\",\"name\":\"f\",\"arguments\":\"2\"}"),
                events(
                                "responses",
                                "{\"type\":\"response.completed\",\"response\":{\"output\":[{\"type\":\"function_call\",\"call_id\":\"a\",\"name\":\"f\",\"arguments\":\"1\"},{\"type\":\"function_call\",\"call_id\":\"b\",\"name\":\"f\",\"arguments\":\"2\"}]}}")
                        .subList(0, 2));
        String done =
                "{\"type\":\"response.output_item.done\",\"output_index\":%d,\"item\":{\"type\":\"function_call\",\"call_id\":\"f\",\"name\":\"f\",\"arguments\":\"%d\"}}";
        String call = "{\"event\":\"tool_call\",\"index\":%d,\"id\":\"f\",\"name\":\"f\",\"arguments\":\"%d\"}";
        assertEquals(
                List.of(call.formatted(0, 1), call.formatted(1, 2)),
                events(
                                "responses",
                                done.formatted(0, 1),
                                done.formatted(1, 2),
                                "{\"type\":\"response.completed\",\"response\":{}}")
                        .subList(0, 2));
    }

    @Test
    void idAndNameAreToldOnce() throws IOException {
        String again = call("\"index\":0,\"id\":\"a\"", "\"name\":\"f\",\"arguments\":\"1\"");
        assertEquals(
                List.of(
                        "{\"event\":\"tool_call\",\"index\":0,\"id\":\"a\",\"name\":\"f\",\"arguments\":\"1\"}",
                        "{\"event\":\"tool_call\",\"index\":0,\"arguments\":\"1\"}",
                        "{\"event\":\"tool_call\",\"index\":0,\"arguments\":\"1\"}"),
                events("chat", again, again, again.replace("\"a\"", "\"\""), "[DONE]")
                        .subList(0, 3));
    }

    @Test
    void aMessageBehindDeltasRepeatsNothing() throws IOException {
        String said =
                "\"content\":\"\",\"reasoning_content\":\"hm\",\"refusal\":\"no\",\"tool_calls\":[{\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]";
        assertEquals(
                List.of("reasoning", "refusal", "tool_call", "done"),
                events(
                                "chat",
                                "{\"choices\":[{\"delta\":{" + said + "}}]}",
                                "{\"choices\":[{\"finish_reason\":\"tool_calls\",\"message\":{" + said + "}}]}",
                                "[DONE]")
                        .stream()
                        .map(event -> TestServer.json(event).path("event").asText())
                        .toList());
    }

    // Vertex AI does that, before its first event, too.
    @Test
    void aCommentThatIsSentAsDataIsNone() throws IOException {
        assertEquals(
                List.of(
                        "{\"delta\":\"Hel\"}",
                        "{\"delta\":\"lo\"}",
                        "{\"event\":\"done\",\"finish_reason\":\"stop\",\"provider_finish_reason\":\"stop\"}"),
                events(
                        "chat",
                        ": keepalive",
                        "{\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"Hel\"}}]}",
                        ": keepalive",
                        "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"lo\"}}]}",
                        "{\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}",
                        "[DONE]"));
    }

    @Test
    void reasoningHasManyNames() throws IOException {
        List<String> deltas = List.of(
                "\"reasoning_content\":{\"text\":\"hm\"}",
                "\"reasoning\":\"hm\",\"reasoning_details\":[{\"type\":\"reasoning.text\",\"text\":\"hm\"}]",
                "\"content\":\"\",\"reasoning_details\":[{\"type\":\"reasoning.summary\",\"summary\":\"hm\"}]",
                "\"reasoning_text\":\"hm\"",
                "\"tensorzero_extra_content\":[{\"type\":\"thought\",\"insert_index\":0,\"id\":\"0\",\"text\":\"hm\",\"signature\":null}]",
                "\"tensorzero_extra_content\":[{\"type\":\"thought\",\"insert_index\":0,\"id\":\"0\",\"text\":null,\"summary_text\":\"hm\"}]",
                "\"content\":[{\"type\":\"reasoning\",\"summary\":[{\"type\":\"summary_text\",\"text\":\"hm\"}]}]",
                "\"content\":[{\"type\":\"reasoning\",\"text\":\"hm\"}]");
        for (String delta : deltas) {
            assertEquals(
                    "{\"event\":\"reasoning\",\"delta\":\"hm\"}",
                    events("chat", "{\"choices\":[{\"delta\":{" + delta + "}}]}", "[DONE]")
                            .get(0),
                    delta);
        }
    }

    @Test
    void aPieceThatIsWrittenAsANumberIsToldAsItReads() throws IOException {
        for (String number : List.of("1", "0", "-2", "0.005", "0.0001", "12345678901234567890")) {
            assertEquals(number, toldOf("content", number));
            assertEquals(number, toldOf("reasoning_content", number));
        }
        assertEquals("true", toldOf("content", "true"));
        assertEquals("false", toldOf("content", "false"));
        assertEquals("", toldOf("thinking", "true"), "that is no thought");
        assertEquals(
                List.of("{\"event\":\"done\",\"finish_reason\":\"stop\",\"provider_finish_reason\":\"stop\"}"),
                events(
                        "chat",
                        "{\"choices\":[{\"delta\":{\"content\":null,\"reasoning\":null},\"finish_reason\":\"stop\"}]}"));
    }

    /** The first piece that is told of a delta's member. */
    private String toldOf(String member, String json) throws IOException {
        String event = "{\"choices\":[{\"index\":0,\"delta\":{\"" + member + "\":" + json + "}}]}";
        return TestServer.json(events("chat", event, "[DONE]").get(0))
                .path("delta")
                .asText();
    }

    @Test
    void aThoughtInTheContentsPlaceIsReasoning() throws IOException {
        String thought =
                "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"%s\",\"extra_content\":{\"google\":{\"thought\":true}}}}]}";
        String answer = "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"%s\"}}]}";
        assertEquals(
                List.of(
                        "{\"event\":\"reasoning\",\"delta\":\"hm\"}",
                        "{\"event\":\"reasoning\",\"delta\":\" so\"}",
                        "{\"delta\":\"a\"}",
                        "{\"delta\":\"</thought>\"}"),
                events(
                                "chat",
                                thought.formatted("<thought>hm"),
                                thought.formatted(" so"),
                                answer.formatted("</thought>a"),
                                answer.formatted("</thought>"),
                                "[DONE]")
                        .subList(0, 4));
    }

    @Test
    void aCustomToolsInputIsItsArguments() throws IOException {
        assertEquals(
                "{\"event\":\"tool_call\",\"index\":0,\"id\":\"a\",\"name\":\"sql\",\"arguments\":\"SELECT 1\"}",
                events(
                                "chat",
                                "{\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"type\":\"custom\",\"custom\":{\"name\":\"sql\",\"input\":\"SELECT 1\"}}]}}]}",
                                "[DONE]")
                        .get(0));
    }

    @Test
    void usageIsFoundWhereverItStands() throws IOException {
        String usage = "\"usage\":{\"input_tokens\":9,\"output_tokens\":12,\"total_tokens\":21";
        String stop = "{\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"%s}]%s}";
        List<List<String>> told = List.of(
                List.of(
                        stop.formatted(
                                "",
                                ",\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":12,\"total_tokens\":21,\"input_tokens\":0,\"output_tokens\":0}")),
                List.of(stop.formatted(",\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":12}", "")),
                List.of(stop.formatted("", ",\"usage\":{\"prompt_tokens\":\"9\",\"completion_tokens\":\"12\"}")),
                List.of(
                        stop.formatted("", ",\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":12}"),
                        "{\"choices\":[],\"usage\":{\"cost\":0.5}}"));
        for (List<String> sent : told) {
            String done = events("chat", sent.toArray(String[]::new)).get(1);
            assertTrue(done.contains(usage), done);
        }
    }

    private static String call(String members, String function) {
        return "{\"choices\":[{\"delta\":{\"tool_calls\":[{" + members + ",\"function\":{" + function + "}}]}}]}";
    }

    @Test
    void anAnswerThatGoesOnBehindItsFinishReasonIsReadOn() throws Exception {
        try (RawUpstream upstream = new RawUpstream((request, connection) -> {
                    connection.sendStreamHead();
                    connection.send(
                            "data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"hm\"},\"finish_reason\":\"stop\"}]}\n\n");
                    LockSupport.parkNanos(LONGER_THAN_IT_SETTLES.toNanos());
                    String piece =
                            "data: {\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]}\n\n";
                    connection.send(piece + piece);
                    LockSupport.parkNanos(LONGER_THAN_IT_SETTLES.toNanos());
                    connection.send(piece + "data: [DONE]\n\n");
                });
                TestServer server = TestServer.before(upstream, "OPENAI_MODEL", "m")) {
            List<JsonNode> events = server.chat(CHAT);
            assertEquals("aaa", TestServer.text(events));
            assertEquals("done", events.get(events.size() - 1).path("event").asText());
        }
    }

    @Test
    void anAnswerWithAFinishReasonInEachPieceIsNotWholeWhereItsConnectionBreaks() throws IOException {
        String piece = "data: {\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]}\n\n";
        String head = HEAD + "Connection: close\r\n";
        assertEquals("done", end(head + "\r\n" + piece + piece));
        assertEquals("failed", end(head + "Content-Length: 1000\r\n\r\n" + piece + piece));
        assertEquals("done", end(head + "Content-Length: 1000\r\n\r\n" + piece));
    }

    private static String end(String answer) throws IOException {
        try (RawUpstream upstream = RawUpstream.saying(answer.getBytes(StandardCharsets.UTF_8));
                TestServer server = TestServer.before(upstream, "OPENAI_MODEL", "m")) {
            List<JsonNode> events = server.chat(CHAT);
            return events.get(events.size() - 1).path("event").asText();
        }
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
            assertTrue(elapsed >= 1900 && elapsed < 20_000, "after " + elapsed + " ms");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"IDLE_TIMEOUT", "STREAM_TIMEOUT"})
    void aLimitThatIsReachedBehindTheFinishReasonIsNoFailure(String limit) throws Exception {
        try (RawUpstream upstream = new RawUpstream((request, connection) -> {
                    connection.sendStreamHead();
                    connection.send(
                            "data: {\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]}\n\n");
                    connection.awaitPeerClose();
                });
                TestServer server = TestServer.before(upstream, "OPENAI_MODEL", "m", limit, "1s")) {
            assertEquals("stop", server.chat(CHAT).get(2).path("finish_reason").asText());
            upstream.takeClosedNanos();
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
    void aCompressedRefusalIsRead() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.writeBytes("HTTP/1.1 429 No\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n"
                .getBytes(StandardCharsets.UTF_8));
        try (GZIPOutputStream gzip = new GZIPOutputStream(bytes)) {
            gzip.write("{\"error\":{\"code\":\"insufficient_quota\",\"message\":\"no credit\"}}"
                    .getBytes(StandardCharsets.UTF_8));
        }
        try (RawUpstream upstream = RawUpstream.saying(bytes.toByteArray());
                TestServer server = TestServer.before(upstream, "OPENAI_MODEL", "m")) {
            String body = server.post("/streams", CHAT).body();
            assertTrue(body.contains("upstream_quota") && body.contains("no credit"), body);
            assertEquals(1, upstream.requestCount());
        }
    }

    @Test
    void aTransferCodingThatNobodyAskedForIsAnErrorAtOnce() throws IOException {
        try (RawUpstream upstream = new RawUpstream((request, connection) -> {
                    connection.send(HEAD + "Transfer-Encoding: gzip, chunked\r\n\r\n1\r\n\u001f\r\n");
                    connection.awaitPeerClose();
                });
                TestServer server = TestServer.before(upstream, "OPENAI_MODEL", "m", "FIRST_EVENT_TIMEOUT", "5s")) {
            String body = server.post("/streams", CHAT).body();
            assertTrue(body.contains("upstream_error") && body.contains("Transfer-Encoding: gzip, chunked"), body);
            assertEquals(1, upstream.requestCount());
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
            for (String mark : List.of("", "\uFEFF", "\r\n\n")) {
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
