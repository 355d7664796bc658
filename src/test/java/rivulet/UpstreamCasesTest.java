package rivulet;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** What real upstreams send, on real sockets: each case whole, byte by byte, in CRLF, in CR, and behind a mark. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class UpstreamCasesTest {
    private static final String CHUNK = "{\"choices\":[{\"index\":0,\"delta\":%s}]}";
    private static final String STOP = data("{\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}");
    private static final String DONE = data("[DONE]");
    private static final String CREATED = typed("response.created", "\"response\":{\"status\":\"in_progress\"}");
    private static final String COMPLETED = typed("response.completed", "\"response\":{\"status\":\"completed\"}");
    private static final List<String> REPORT = new ArrayList<>();

    /** One case: the events that come, and what a viewer must be shown. */
    record Case(String name, String api, String events, String text, String end) {
        @Override
        public String toString() {
            return api + ": " + name;
        }
    }

    static final List<Case> CASES = cases();

    private static List<Case> cases() {
        List<Case> cases = new ArrayList<>();
        chatCases(cases);
        chatErrorCases(cases);
        oddChatCases(cases);
        responsesCases(cases);
        oddResponsesCases(cases);
        return cases;
    }

    private static void chatCases(List<Case> cases) {
        chat(cases, "plain", delta("Hel") + delta("lo") + STOP + DONE, "Hello", "done stop");
        chat(
                cases,
                "comments everywhere",
                ": keep-alive\n\n" + ": \n" + delta("a") + ": OPENROUTER PROCESSING\n\n" + delta("b") + STOP + ":\n"
                        + DONE,
                "ab",
                "done stop");
        chat(
                cases,
                "data over several lines",
                "data: {\"choices\":[{\"index\":0,\ndata: \"delta\":{\"content\":\"x\"}}]}\n\n" + STOP + DONE,
                "x",
                "done stop");
        chat(
                cases,
                "no space after the colon",
                "data:" + CHUNK.formatted("{\"content\":\" y\"}") + "\n\n" + STOP + DONE,
                " y",
                "done stop");
        chat(cases, "blank data", "data:\n\ndata: \n\ndata\n\n" + delta("a") + STOP + DONE, "a", "done stop");
        chat(
                cases,
                "empty choices",
                data("{\"choices\":[],\"prompt_filter_results\":[]}")
                        + delta("a")
                        + STOP
                        + data("{\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2}}")
                        + DONE,
                "a",
                "done stop");
        chat(
                cases,
                "other choices",
                data(
                                "{\"choices\":[{\"index\":1,\"delta\":{\"content\":\"no\"}},{\"index\":0,\"delta\":{\"content\":\"yes\"}}]}")
                        + data("{\"choices\":[{\"index\":1,\"delta\":{},\"finish_reason\":\"stop\"}]}")
                        + delta("!")
                        + STOP
                        + DONE,
                "yes!",
                "done stop");
        chat(
                cases,
                "text in the last chunk",
                delta("a")
                        + data("{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"b\"},\"finish_reason\":\"stop\"}]}")
                        + DONE,
                "ab",
                "done stop");
        chat(cases, "no finish reason", delta("a") + DONE, "a", "done stop");
        chat(cases, "no done marker", delta("a") + STOP, "a", "done stop");
        chat(cases, "done marker without a line end", delta("a") + STOP + "data: [DONE]", "a", "done stop");
        chat(cases, "neither marker", delta("a"), "a", "failed upstream_truncated");
        chat(cases, "nothing at all", "", "", "failed upstream_truncated");
        chat(cases, "comments alone", ": hi\n\n: hi\n\n", "", "failed upstream_truncated");
        chat(cases, "cut in an event", delta("a") + "data: {\"choices\":[{\"ind", "a", "failed upstream_truncated");
        chat(
                cases,
                "cut in an event after the end",
                delta("a") + STOP + "data: {\"choices\":[],\"usa",
                "a",
                "done stop");
        chat(
                cases,
                "null, absent and empty content",
                data(CHUNK.formatted("{\"role\":\"assistant\",\"content\":null}"))
                        + data(CHUNK.formatted("{}"))
                        + delta("")
                        + delta("a")
                        + STOP
                        + DONE,
                "a",
                "done stop");
        chat(
                cases,
                "null delta",
                data("{\"choices\":[{\"index\":0,\"delta\":null}]}") + delta("a") + STOP + DONE,
                "a",
                "done stop");
        chat(
                cases,
                "content in parts",
                data(
                                CHUNK.formatted(
                                        "{\"content\":[{\"type\":\"thinking\",\"thinking\":[{\"type\":\"text\",\"text\":\"hm\"}]}]}"))
                        + data(CHUNK.formatted("{\"content\":[{\"type\":\"text\",\"text\":\"ok\"}]}"))
                        + STOP
                        + DONE,
                "ok",
                "done stop");
        chat(
                cases,
                "white space",
                delta("\\n") + delta(" ") + delta("\\n\\n") + delta("  b") + delta("\\t") + STOP + DONE,
                "\n \n\n  b\t",
                "done stop");
        chat(
                cases,
                "reasoning is not text",
                data(CHUNK.formatted("{\"reasoning_content\":\"hm\",\"content\":null}"))
                        + data(CHUNK.formatted("{\"reasoning\":\"hm\"}"))
                        + delta("a")
                        + STOP
                        + DONE,
                "a",
                "done stop");
        chat(
                cases,
                "message beside delta",
                data("{\"choices\":[{\"index\":0,\"message\":{\"content\":\"Hel\"},\"delta\":{\"content\":\"Hel\"}}]}")
                        + data(
                                "{\"choices\":[{\"index\":0,\"message\":{\"content\":\"Hello\"},\"delta\":{\"content\":\"lo\"},\"finish_reason\":\"stop\"}]}"),
                "Hello",
                "done stop");
        chat(
                cases,
                "split surrogates",
                delta("\\ud83d") + delta("\\ude00") + delta("x\\ud83d") + delta("y") + STOP + DONE,
                "😀x\uFFFDy",
                "done stop");
        chat(cases, "half a surrogate at the end", delta("a\\ud83d") + STOP + DONE, "a\uFFFD", "done stop");
        chat(
                cases,
                "tool calls",
                data(
                                CHUNK.formatted(
                                        "{\"tool_calls\":[{\"index\":0,\"id\":\"c1\",\"function\":{\"name\":\"f\",\"arguments\":\"\"}}]}"))
                        + data(CHUNK.formatted("{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"{}\"}}]}"))
                        + data("{\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"tool_calls\"}]}")
                        + DONE,
                "",
                "done tool_calls");
        chat(
                cases,
                "length",
                delta("a") + data("{\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"length\"}]}") + DONE,
                "a",
                "done length");
        chat(
                cases,
                "content filter",
                delta("a")
                        + data("{\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"content_filter\"}]}")
                        + DONE,
                "a",
                "done content_filter");
        chat(cases, "refusal", data(CHUNK.formatted("{\"refusal\":\"No.\"}")) + STOP + DONE, "", "done refusal");
        chat(
                cases,
                "unknown finish reason",
                delta("a") + data("{\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"eos\"}]}") + DONE,
                "a",
                "done stop");
        chat(cases, "text that is the marker", delta("[DONE]") + STOP + DONE, "[DONE]", "done stop");
        chat(
                cases,
                "other fields of SSE",
                "id: 7\nretry: 5\nevent: message\n" + delta("a") + "foo: bar\n\n" + STOP + DONE,
                "a",
                "done stop");
        chat(cases, "anything after the marker", delta("a") + STOP + DONE + delta("b"), "a", "done stop");
        chat(cases, "large delta", delta("x".repeat(100_000)) + STOP + DONE, "x".repeat(100_000), "done stop");
    }

    private static void chatErrorCases(List<Case> cases) {
        chat(
                cases,
                "Groq's word for why it stopped early",
                delta("a")
                        + data("{\"choices\":[],\"x_groq\":{\"id\":\"r\",\"error\":null}}")
                        + data("{\"choices\":[],\"x_groq\":{\"id\":\"r\",\"error\":\"over capacity\"}}")
                        + DONE,
                "a",
                "failed upstream_error");
        chat(
                cases,
                "error event",
                delta("a") + data("{\"error\":{\"message\":\"boom\"}}"),
                "a",
                "failed upstream_error");
        chat(
                cases,
                "a filter's error",
                delta("a")
                        + data(
                                "{\"error\":{\"message\":\"boom\",\"type\":\"data_inspection_failed\",\"code\":\"data_inspection_failed\"}}"),
                "a",
                "failed upstream_rejected");
        chat(
                cases,
                "error in a chunk, then the marker",
                delta("a")
                        + data(
                                "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\"},\"finish_reason\":\"error\"}],\"error\":{\"code\":502,\"message\":\"boom\"}}")
                        + DONE,
                "a",
                "failed upstream_error");
        chat(
                cases,
                "error after finish reason",
                delta("a") + STOP + data("{\"error\":{\"message\":\"boom\"}}") + DONE,
                "a",
                "failed upstream_error");
        chat(cases, "error as a text", delta("a") + data("{\"error\":\"boom\"}") + DONE, "a", "failed upstream_error");
        chat(
                cases,
                "error that is null",
                data("{\"error\":null,\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}") + STOP + DONE,
                "a",
                "done stop");
        chat(cases, "detail", delta("a") + data("{\"detail\":\"boom\"}"), "a", "failed upstream_error");
        chat(
                cases,
                "named error event",
                delta("a") + "event: error\n"
                        + data("{\"error\":{\"message\":\"boom\",\"code\":\"rate_limit_exceeded\"}}"),
                "a",
                "failed upstream_rate_limited");
        chat(
                cases,
                "named error event in words",
                delta("a") + "event: error\ndata: boom\n\n",
                "a",
                "failed upstream_error");
        chat(
                cases,
                "error as a field",
                delta("a") + "error: {\"message\":\"boom\"}\n\n",
                "a",
                "failed upstream_truncated");
        chat(
                cases,
                "quota",
                data("{\"error\":{\"message\":\"no credit\",\"code\":\"insufficient_quota\"}}"),
                "",
                "failed upstream_quota");
        chat(
                cases,
                "a number that is none",
                data("{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"},\"logprobs\":{\"content\":"
                                + "[{\"token\":\"a\",\"logprob\":-Infinity},{\"token\":\"b\",\"logprob\":NaN}]}}]}")
                        + STOP
                        + DONE,
                "a",
                "done stop");
        chat(cases, "not JSON", delta("a") + data("{oops") + delta("b") + STOP + DONE, "a", "failed upstream_error");
        chat(
                cases,
                "finish reason error",
                delta("a") + data("{\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"error\"}]}") + DONE,
                "a",
                "failed upstream_error");
    }

    /** What only some providers send. */
    private static void oddChatCases(List<Case> cases) {
        chat(
                cases,
                "a finish reason with each chunk",
                finished("{\"content\":\"a\"}", "stop")
                        + finished("{\"content\":\"b\"}", "stop")
                        + finished("{\"content\":\"c\"}", "length")
                        + DONE,
                "abc",
                "done length");
        chat(
                cases,
                "no finish reason in words with each chunk",
                finished("{\"content\":\"a\"}", "NONE") + finished("{\"content\":\"b\"}", "None"),
                "ab",
                "failed upstream_truncated");
        chat(
                cases,
                "a finish reason before the answer, and none behind it",
                finished("{\"reasoning_content\":\"hm\"}", "stop") + delta("a"),
                "a",
                "failed upstream_truncated");
        chat(
                cases,
                "a finish reason before the answer, and no marker",
                finished("{\"content\":\"a\"}", "stop") + finished("{\"content\":\"b\"}", "stop"),
                "ab",
                "done stop");
        chat(
                cases,
                "nothing behind the finish reason",
                delta("a")
                        + finished("{}", "tool_calls")
                        + data(CHUNK.formatted("{\"content\":\"\",\"tool_calls\":[]}")),
                "a",
                "done tool_calls");
        Map<String, String> words = Map.ofEntries(
                Map.entry("content_filter: PROHIBITED_CONTENT", "done content_filter"),
                Map.entry("RECITATION", "done content_filter"),
                Map.entry("SAFETY", "done content_filter"),
                Map.entry("content-filter", "done content_filter"),
                Map.entry("blacklist", "done content_filter"),
                Map.entry("model_context_window_exceeded", "done length"),
                Map.entry("MAX_TOKENS", "done length"),
                Map.entry("tool_call", "done tool_calls"),
                Map.entry("network_error", "failed upstream_error"),
                Map.entry("cancelled", "failed upstream_error"),
                Map.entry("function_call_filter: MALFORMED_FUNCTION_CALL", "failed upstream_error"),
                Map.entry("image_safety", "done content_filter"),
                Map.entry("unexpected_tool_call", "failed upstream_error"),
                Map.entry("repetition_truncation", "done length"),
                Map.entry("malformed_tool_use", "failed upstream_error"));
        words.forEach((word, end) ->
                chat(cases, "finish reason " + word, delta("a") + finished("{}", word) + DONE, "a", end));
        List<String> failures = List.of(
                "{\"text\":\"CUDA out of memory\",\"error_code\":50002}",
                "{\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":null,\"error\":{\"code\":502,\"message\":\"boom\"}}]}",
                "[{\"error\":{\"code\":503,\"message\":\"overloaded\"}}]",
                "{\"choices\":null,\"base_resp\":{\"status_code\":1008,\"status_msg\":\"boom\"}}",
                "{\"error_code\":336100,\"error_msg\":\"boom\"}",
                "{\"errors\":[{\"message\":\"boom\"}],\"success\":false}",
                "{\"error_message\":\"boom\"}",
                "{\"message\":\"Internal Server Error\"}",
                "{\"message\":\"boom\",\"type\":\"server_error\",\"code\":null}");
        failures.forEach(
                told -> chat(cases, "failure " + told, delta("a") + data(told) + DONE, "a", "failed upstream_error"));
        chat(
                cases,
                "what tells of a success",
                delta("a")
                        + data("{\"code\":0,\"message\":\"Success\",\"usage\":{\"prompt_tokens\":1}}")
                        + data("{\"error_code\":0,\"error_msg\":\"\",\"choices\":[]}")
                        + data("{\"base_resp\":{\"status_code\":0,\"status_msg\":\"\"},\"choices\":[]}")
                        + data("{\"type\":\"status\",\"message\":\"queued\"}")
                        + data("{\"code\":\"\",\"message\":\"\",\"choices\":[]}")
                        + data(
                                "{\"error\":{\"message\":\"\",\"type\":\"\",\"param\":\"\",\"code\":null},\"choices\":[]}")
                        + STOP
                        + DONE,
                "a",
                "done stop");
        chat(
                cases,
                "two in one event",
                (delta("Hel") + finished("{\"content\":\"lo\"}", "length")).replaceFirst("\n\n", "\n") + DONE,
                "Hello",
                "done length");
        chat(
                cases,
                "two on one line, and the marker behind them",
                (delta("Hel") + delta("lo") + DONE).replaceAll("\n\ndata:", ""),
                "Hello",
                "done stop");
        chat(
                cases,
                "cut behind what looks like the marker",
                delta("a") + "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"[DONE]",
                "a",
                "failed upstream_truncated");
        chat(
                cases,
                "something behind the JSON",
                (delta("a") + DONE).replaceFirst("\n\n", " oops\n\n"),
                "a",
                "failed upstream_error");
        chat(
                cases,
                "the whole message at the end",
                delta("a")
                        + data(
                                "{\"object\":\"chat.completion\",\"choices\":[{\"index\":0,\"finish_reason\":\"stop\",\"message\":{\"content\":\"a\"}}]}"),
                "a",
                "done stop");
        chat(
                cases,
                "the whole message alone",
                data("{\"choices\":[{\"index\":0,\"finish_reason\":\"stop\",\"message\":{\"content\":\"a\"}}]}"),
                "a",
                "done stop");
        chat(
                cases,
                "thoughts in parts",
                data(
                                CHUNK.formatted(
                                        "{\"content\":[{\"type\":\"reasoning\",\"summary\":[{\"type\":\"summary_text\",\"text\":\"hm\"}]}]}"))
                        + data(CHUNK.formatted("{\"content\":[{\"type\":\"reasoning\",\"text\":\"hm\"}]}"))
                        + data(CHUNK.formatted("{\"content\":[{\"type\":\"text\",\"text\":\"a\"}]}"))
                        + STOP
                        + DONE,
                "a",
                "done stop");
        chat(
                cases,
                "a part without a list",
                delta("Hel")
                        + data(CHUNK.formatted("{\"content\":{\"type\":\"thinking\",\"thinking\":\"hm\"}}"))
                        + data(CHUNK.formatted("{\"content\":{\"type\":\"text\",\"text\":\"l\"}}"))
                        + data(CHUNK.formatted("{\"content\":{\"text\":\"o\"}}"))
                        + STOP
                        + DONE,
                "Hello",
                "done stop");
        chat(
                cases,
                "a refusal in parts",
                data(CHUNK.formatted("{\"content\":[{\"type\":\"refusal\",\"refusal\":\"No.\"}]}")) + STOP + DONE,
                "",
                "done refusal");
        chat(
                cases,
                "a keep-alive that is no JSON",
                "event: ping\ndata: 12:00\n\n" + delta("a") + STOP + DONE,
                "a",
                "done stop");
        chat(
                cases,
                "names with escapes",
                delta("a") + data("{\"e\\u0072ror\":{\"message\":\"boom\"},\"choices\":[]}") + DONE,
                "a",
                "failed upstream_error");
        chat(
                cases,
                "a body that is an error",
                "{\"error\":{\"message\":\"no credit\",\"code\":\"insufficient_quota\"}}",
                "",
                "failed upstream_quota");
        chat(
                cases,
                "a body that is an error on many lines",
                "{\n  \"error\": {\n    \"message\": \"boom\"\n  }\n}\n",
                "",
                "failed upstream_error");
        chat(cases, "a body that is a page", "<html>\n<p>Log in</p>\n", "", "failed upstream_error");
        chat(
                cases,
                "half a pair in what the usage holds",
                delta("a") + data("{\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"x\":\"\\ud83d\"}}") + STOP + DONE,
                "a",
                "done stop");
    }

    /** What only some servers send. */
    private static void oddResponsesCases(List<Case> cases) {
        String output =
                "\"output\":[{\"type\":\"message\",\"content\":[{\"type\":\"output_text\",\"text\":\"Hello\"}]}]";
        responses(
                cases,
                "the whole response alone",
                typed("response.completed", "\"response\":{\"status\":\"completed\"," + output + "}"),
                "Hello",
                "done stop");
        responses(
                cases,
                "the whole text alone",
                typed("response.output_text.done", "\"text\":\"Hello\"")
                        + typed("response.completed", "\"response\":{" + output + "}"),
                "Hello",
                "done stop");
        responses(
                cases,
                "the whole text behind its deltas",
                text("Hel") + text("lo") + typed("response.output_text.done", "\"text\":\"Hello\"") + COMPLETED,
                "Hello",
                "done stop");
        String part = "\"part\":{\"type\":\"output_text\",\"text\":\"Hello\"}";
        String item = "\"item\":{\"type\":\"message\",\"content\":[{\"type\":\"output_text\",\"text\":\"Hello\"}]}";
        String textDone = typed("response.output_text.done", "\"text\":\"Hello\"");
        String partDone = typed("response.content_part.done", part);
        String itemDone = typed("response.output_item.done", item);
        responses(cases, "the text in its own end alone", textDone + COMPLETED, "Hello", "done stop");
        responses(cases, "the text in its part's end alone", partDone + COMPLETED, "Hello", "done stop");
        responses(cases, "the text in its item's end alone", itemDone + COMPLETED, "Hello", "done stop");
        String ends = textDone + partDone + itemDone;
        String completed = typed("response.completed", "\"response\":{" + output + "}");
        responses(cases, "the text in each end", ends + completed, "Hello", "done stop");
        responses(cases, "the text in each end of two", ends + ends + completed, "HelloHello", "done stop");
        responses(
                cases,
                "the text in each end behind its deltas",
                text("Hel") + text("lo") + ends + completed,
                "Hello",
                "done stop");
        responses(
                cases, "the text in each end behind an empty delta", text("") + ends + completed, "Hello", "done stop");
        responses(
                cases,
                "the text in each end, and then in deltas",
                ends + text("Hel") + text("lo") + ends + completed,
                "HelloHello",
                "done stop");
        responses(
                cases,
                "a refusal in its part's end alone",
                typed("response.content_part.done", "\"part\":{\"type\":\"refusal\",\"refusal\":\"No.\"}") + COMPLETED,
                "",
                "done refusal");
        responses(
                cases,
                "a call in the whole response alone",
                typed(
                        "response.completed",
                        "\"response\":{\"output\":[{\"type\":\"function_call\",\"call_id\":\"c\",\"name\":\"f\",\"arguments\":\"{}\"}]}"),
                "",
                "done tool_calls");
        responses(
                cases,
                "completed, and failed",
                text("a")
                        + typed(
                                "response.completed",
                                "\"response\":{\"status\":\"failed\",\"error\":{\"message\":\"boom\"}}"),
                "a",
                "failed upstream_error");
        responses(
                cases,
                "completed, and cancelled",
                text("a") + typed("response.completed", "\"response\":{\"status\":\"cancelled\"}"),
                "a",
                "failed upstream_error");
        responses(
                cases,
                "incomplete without a word",
                text("a") + typed("response.incomplete", "\"response\":{}"),
                "a",
                "done length");
        responses(
                cases,
                "failed without a word",
                text("a") + typed("response.failed", "\"response\":{\"error\":null}"),
                "a",
                "failed upstream_error");
        responses(
                cases,
                "a flat error beside a null one",
                "event: error\n"
                        + data(
                                "{\"type\":\"error\",\"code\":\"insufficient_quota\",\"message\":\"no credit\",\"error\":null}"),
                "",
                "failed upstream_quota");
        responses(
                cases,
                "a tool's error",
                typed("response.mcp_call.failed", "\"error\":{\"message\":\"boom\"}") + text("a") + COMPLETED,
                "a",
                "done stop");
        responses(
                cases,
                "two in one event",
                (text("Hel") + text("lo")).replaceFirst("\n\nevent: [a-z._]+\n", "\n") + COMPLETED,
                "Hello",
                "done stop");
        responses(
                cases,
                "spaces before the count",
                numbered(" 1", "a") + numbered(" 2", "b") + numbered("-3", "c") + COMPLETED,
                "abc",
                "done stop");
        responses(
                cases,
                "no count where one was",
                numbered("1", "a") + numbered("1 48", "b") + COMPLETED,
                "a",
                "failed upstream_error");
    }

    private static void responsesCases(List<Case> cases) {
        responses(cases, "plain", CREATED + text("Hel") + text("lo") + COMPLETED, "Hello", "done stop");
        responses(
                cases,
                "no event names",
                (CREATED + text("a") + COMPLETED).replaceAll("(?m)^event: .*\n", ""),
                "a",
                "done stop");
        responses(
                cases,
                "types in the events' names alone",
                (CREATED + text("a") + COMPLETED).replaceAll("\"type\":\"response[a-z._]+\",", ""),
                "a",
                "done stop");
        responses(cases, "cut", CREATED + text("a"), "a", "failed upstream_truncated");
        responses(
                cases,
                "cut in the last event",
                CREATED + text("a") + "event: response.completed\ndata: {\"type\":\"response.comp",
                "a",
                "failed upstream_truncated");
        responses(cases, "marker alone is no end", CREATED + text("a") + DONE, "a", "failed upstream_truncated");
        responses(cases, "marker after the end", CREATED + text("a") + COMPLETED + DONE, "a", "done stop");
        responses(
                cases,
                "other deltas",
                CREATED
                        + typed("response.code_interpreter_call_code.delta", "\"delta\":\"no\"")
                        + typed("response.audio.transcript.delta", "\"delta\":\"no\"")
                        + typed("response.mcp_call_arguments.delta", "\"delta\":\"no\"")
                        + text("a")
                        + COMPLETED,
                "a",
                "done stop");
        responses(
                cases,
                "created again and again",
                CREATED + text("a") + CREATED.repeat(100) + text("b") + COMPLETED,
                "ab",
                "done stop");
        responses(
                cases,
                "several items",
                text("a").replace("\"delta\"", "\"output_index\":0,\"delta\"")
                        + text("b")
                                .replace(
                                        "\"delta\"",
                                        "\"output_index\":2,\"content_index\":1,\"item_id\":\"other\",\"delta\"")
                        + COMPLETED,
                "ab",
                "done stop");
        responses(
                cases,
                "other text in the end",
                text("a")
                        + typed(
                                "response.completed",
                                "\"response\":{\"status\":\"completed\",\"output\":[{\"type\":\"message\",\"content\":[{\"type\":\"output_text\",\"text\":\"other\"}]}]}"),
                "a",
                "done stop");
        responses(
                cases,
                "incomplete",
                text("a")
                        + typed(
                                "response.incomplete",
                                "\"response\":{\"status\":\"incomplete\",\"incomplete_details\":{\"reason\":\"max_output_tokens\"}}"),
                "a",
                "done length");
        responses(
                cases,
                "filtered",
                text("a")
                        + typed(
                                "response.incomplete",
                                "\"response\":{\"status\":\"incomplete\",\"incomplete_details\":{\"reason\":\"content_filter\"}}"),
                "a",
                "done content_filter");
        responses(
                cases,
                "failed",
                text("a")
                        + typed(
                                "response.failed",
                                "\"response\":{\"status\":\"failed\",\"error\":{\"code\":\"server_error\",\"message\":\"boom\"}}"),
                "a",
                "failed upstream_error");
        responses(
                cases,
                "a prompt that a filter refuses",
                CREATED
                        + typed(
                                "response.failed",
                                "\"response\":{\"status\":\"failed\",\"error\":{\"code\":\"invalid_prompt\",\"message\":\"boom\"}}"),
                "",
                "failed upstream_rejected");
        responses(
                cases,
                "flat error",
                CREATED + "event: error\n"
                        + data("{\"type\":\"error\",\"code\":\"insufficient_quota\",\"message\":\"no credit\"}")
                        + typed(
                                "response.failed",
                                "\"response\":{\"error\":{\"code\":\"insufficient_quota\",\"message\":\"no credit\"}}"),
                "",
                "failed upstream_quota");
        responses(
                cases,
                "nested error",
                CREATED + "event: error\n"
                        + data(
                                "{\"type\":\"error\",\"error\":{\"type\":\"insufficient_quota\",\"message\":\"no credit\"}}")
                        + typed("response.failed", "\"response\":{\"error\":{}}"),
                "",
                "failed upstream_quota");
        responses(
                cases,
                "bare error",
                text("a") + data("{\"error\":{\"code\":500,\"message\":\"boom\"}}"),
                "a",
                "failed upstream_error");
        responses(
                cases, "refusal", typed("response.refusal.delta", "\"delta\":\"No.\"") + COMPLETED, "", "done refusal");
        responses(
                cases,
                "reasoning",
                typed("response.reasoning_text.delta", "\"delta\":\"hm\"")
                        + typed("response.reasoning_summary_text.delta", "\"delta\":\"hm\"")
                        + text("a")
                        + COMPLETED,
                "a",
                "done stop");
        responses(
                cases,
                "function call",
                typed(
                                "response.output_item.added",
                                "\"output_index\":0,\"item\":{\"type\":\"function_call\",\"call_id\":\"c\",\"name\":\"f\",\"arguments\":\"\"}")
                        + typed("response.function_call_arguments.delta", "\"output_index\":0,\"delta\":\"{}\"")
                        + COMPLETED,
                "",
                "done tool_calls");
        responses(
                cases,
                "padding and odd types",
                typed(
                                "response.output_text.delta",
                                "\"obfuscation\":\"xx\",\"p\":\"y\",\"created_at\":1.5,\"delta\":\"a\"")
                        + COMPLETED,
                "a",
                "done stop");
        responses(cases, "comments", ": hi\n\n" + text("a") + ": hi\n" + COMPLETED, "a", "done stop");
        responses(cases, "white space", text("\\n") + text("a\\n") + text(" ") + COMPLETED, "\na\n ", "done stop");
    }

    /** How the bytes of a case are cut on their way. */
    private record Sending(String how, byte[] bytes, int cut, boolean chunked) {}

    private static final Map<String, Sending> SENDINGS = new ConcurrentHashMap<>();
    private static RawUpstream upstream;
    private static Map<String, TestServer> servers;

    @BeforeAll
    static void start() {
        upstream = new RawUpstream(UpstreamCasesTest::play);
        servers = Map.of(
                "chat", TestServer.before(upstream, "UPSTREAM_API", "chat", "OPENAI_MODEL", "m"),
                "responses", TestServer.before(upstream, "UPSTREAM_API", "responses", "OPENAI_MODEL", "m"));
    }

    @AfterAll
    static void stopAndReport() throws IOException {
        servers.values().forEach(TestServer::close);
        upstream.close();
        List<String> lines = new ArrayList<>(
                List.of("| case | API | sent | expected text | expected end | got |", "|---|---|---|---|---|---|"));
        lines.addAll(REPORT);
        Files.write(Path.of("target", "upstream-cases.md"), lines);
    }

    @ParameterizedTest
    @FieldSource("CASES")
    void showsWhatTheUpstreamSaid(Case told) {
        String events = told.events();
        check(told, new Sending("whole", utf8(events), Integer.MAX_VALUE, false));
        check(told, new Sending("chunked", utf8(events), 7, true));
        check(told, new Sending("CRLF", utf8(events.replace("\n", "\r\n")), Integer.MAX_VALUE, false));
        check(told, new Sending("CR", utf8(events.replace("\n", "\r")), Integer.MAX_VALUE, false));
        check(told, new Sending("mark", utf8("\uFEFF" + events), Integer.MAX_VALUE, false));
        if (events.length() < 4000) {
            check(told, new Sending("byte by byte", utf8("\uFEFF" + events.replace("\n", "\r\n")), 1, false));
        }
    }

    private static void check(Case told, Sending sending) {
        String key = "key" + SENDINGS.size();
        SENDINGS.put(key, sending);
        List<JsonNode> events =
                requireNonNull(servers.get(told.api())).chat("{\"kind\":\"chat\",\"message\":\"" + key + "\"}");
        String end = end(events);
        String text = TestServer.text(events);
        boolean same = text.equals(told.text()) && end.equals(told.end());
        REPORT.add("| %s | %s | %s | %s | %s | %s |"
                .formatted(
                        told.name(),
                        told.api(),
                        sending.how(),
                        shown(told.text()),
                        told.end(),
                        same ? "the same" : shown(text) + " " + end));
        assertEquals(told.text(), text, sending.how());
        assertEquals(told.end(), end, sending.how());
    }

    /** How a stream ended, as a case tells it. */
    static String end(List<JsonNode> events) {
        JsonNode last = events.get(events.size() - 1);
        return last.has("error")
                ? "failed " + last.path("error").path("code").asText()
                : last.path("event").asText() + " " + last.path("finish_reason").asText();
    }

    private static void play(RawUpstream.Request request, RawUpstream.Connection connection) throws IOException {
        Matcher key = Pattern.compile("key\\d+").matcher(request.body());
        if (!key.find()) {
            throw new IOException("no key in " + request.body());
        }
        Sending sending = requireNonNull(SENDINGS.get(key.group()));
        connection.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
                + (sending.chunked() ? "Transfer-Encoding: chunked\r\n\r\n" : "Connection: close\r\n\r\n"));
        byte[] bytes = sending.bytes();
        int at = 0;
        while (at < bytes.length) {
            int end = (int) Math.min(bytes.length, (long) at + sending.cut());
            byte[] piece = Arrays.copyOfRange(bytes, at, end);
            if (sending.chunked()) {
                connection.send(Integer.toHexString(piece.length) + "\r\n");
            }
            connection.send(piece);
            if (sending.chunked()) {
                connection.send("\r\n");
            }
            at = end;
        }
        if (sending.chunked()) {
            connection.send("0\r\n\r\n");
        }
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String shown(String text) {
        String line = text.replace("\n", "\\n").replace("|", "\\|");
        return line.length() > 40 ? line.length() + " characters" : "`" + line + "`";
    }

    private static void chat(List<Case> cases, String name, String events, String text, String end) {
        cases.add(new Case(name, "chat", events, text, end));
    }

    private static void responses(List<Case> cases, String name, String events, String text, String end) {
        cases.add(new Case(name, "responses", events, text, end));
    }

    private static String data(String data) {
        return "data: " + data + "\n\n";
    }

    private static String delta(String escaped) {
        return data(CHUNK.formatted("{\"content\":\"" + escaped + "\"}"));
    }

    private static String finished(String delta, String reason) {
        return data("{\"choices\":[{\"index\":0,\"delta\":" + delta + ",\"finish_reason\":\"" + reason + "\"}]}");
    }

    private static String numbered(String number, String escaped) {
        return typed("response.output_text.delta", "\"sequence_number\":" + number + ",\"delta\":\"" + escaped + "\"");
    }

    private static String typed(String type, String members) {
        return "event: " + type + "\n" + data("{\"type\":\"" + type + "\"," + members + "}");
    }

    private static String text(String escaped) {
        return typed("response.output_text.delta", "\"delta\":\"" + escaped + "\"");
    }
}
