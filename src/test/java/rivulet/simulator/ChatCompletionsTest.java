package rivulet.simulator;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import okhttp3.Response;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class ChatCompletionsTest {
    private final SimulatorServer server = new SimulatorServer();

    @AfterEach
    void close() {
        server.close();
    }

    private static ObjectNode chat(String model) {
        return SimulatorServer.chat(model, "What is SSE?");
    }

    private static String joined(ArrayNode events, String member) {
        StringBuilder text = new StringBuilder();
        for (JsonNode event : events) {
            text.append(event.at("/choices/0/delta/" + member).asText(""));
        }
        return text.toString();
    }

    @Test
    void streamReadsAsOpenAisDoes() throws IOException {
        ObjectNode body = SimulatorServer.chat("sim-fast-echo", "a b\n").put("stream", true);
        body.putObject("stream_options").put("include_usage", true);
        String text = server.text(body).replaceAll("chatcmpl-[0-9a-f]+", "chatcmpl-1");
        String head =
                "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1767225600,\"model\":\"sim-fast-echo\",\"service_tier\":\"default\",\"system_fingerprint\":\"fp_simulator\",\"choices\":[";
        String tail = ",\"logprobs\":null,\"finish_reason\":null}],\"usage\":null}\n\n";
        assertEquals(
                head + "{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\",\"refusal\":null}" + tail
                        + head + "{\"index\":0,\"delta\":{\"content\":\"a\"}" + tail
                        + head + "{\"index\":0,\"delta\":{\"content\":\" b\"}" + tail
                        + head + "{\"index\":0,\"delta\":{\"content\":\"\\n\"}" + tail
                        + head
                        + "{\"index\":0,\"delta\":{},\"logprobs\":null,\"finish_reason\":\"stop\"}],\"usage\":null}\n\n"
                        + head
                        + "],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":3,\"total_tokens\":6,\"prompt_tokens_details\":{\"cached_tokens\":0,\"audio_tokens\":0},\"completion_tokens_details\":{\"reasoning_tokens\":0,\"audio_tokens\":0,\"accepted_prediction_tokens\":0,\"rejected_prediction_tokens\":0}}}\n\n"
                        + "data: [DONE]\n\n",
                text);
    }

    @Test
    void headIsOfAnEventStream() throws IOException {
        try (Response response =
                server.post(chat("sim-fast").put("stream", true)).execute()) {
            assertEquals("text/event-stream; charset=utf-8", response.header("Content-Type"));
            assertEquals("chunked", response.header("Transfer-Encoding"));
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            "ree"           | one two th
            ["zwei","two"]  | 'one '
            ["t","o"]       | ''
            []              | one two three
            ""              | one two three
            null            | one two three
            "null"          | one two three
            """)
    void endsBeforeAStop(String stop, String text) throws IOException {
        ObjectNode body = SimulatorServer.chat("sim-fast-echo", "one two three");
        body.set("stop", Json.read(("{\"stop\":" + stop + "}").getBytes(UTF_8)).path("stop"));
        JsonNode choice = server.json(body).at("/choices/0");
        assertEquals(text, choice.at("/message/content").asText());
        assertEquals("stop", choice.path("finish_reason").asText());
    }

    @Test
    void wholeAnswerEqualsTheStreamedOne() throws IOException {
        JsonNode whole = server.json(chat("sim-fast"));
        assertEquals("chat.completion", whole.path("object").asText());
        assertEquals("stop", whole.at("/choices/0/finish_reason").asText());
        String content = whole.at("/choices/0/message/content").asText();
        assertTrue(content.contains("simulator") && content.contains("“What is SSE?”"), content);
        assertEquals(joined(server.events(chat("sim-fast")), "content"), content);
        assertEquals(Tokens.count(content), whole.at("/usage/completion_tokens").asInt());
    }

    @Test
    void usageComesOnlyWhenAsked() throws IOException {
        assertFalse(server.text(chat("sim-fast").put("stream", true)).contains("usage"));
        ObjectNode asking = chat("sim-fast-no-usage");
        asking.putObject("stream_options").put("include_usage", true);
        assertFalse(server.text(asking.put("stream", true)).contains("usage\":"));
        assertFalse(server.json(chat("sim-fast-no-usage")).has("usage"));
    }

    @Test
    void sameRequestSameBytes() throws IOException {
        ObjectNode body = chat("sim-fast-markdown-300tokens").put("stream", true);
        assertEquals(server.text(body), server.text(body));
    }

    @Test
    void limitsCutTheAnswer() throws IOException {
        for (String name : new String[] {"max_tokens", "max_completion_tokens"}) {
            JsonNode cut = server.json(chat("sim-fast").put(name, 3));
            assertEquals("length", cut.at("/choices/0/finish_reason").asText());
            assertEquals(
                    "This is Rivulet's", cut.at("/choices/0/message/content").asText());
            ArrayNode events = server.events(chat("sim-fast").put(name, 3));
            assertEquals(
                    "length",
                    events.get(events.size() - 1).at("/choices/0/finish_reason").asText());
        }
        assertEquals(
                "stop",
                server.json(chat("sim-fast").put("max_tokens", (1L << 32) + 2))
                        .at("/choices/0/finish_reason")
                        .asText());
    }

    @Test
    void finishCanBeScripted() throws IOException {
        assertEquals(
                "length",
                server.json(chat("sim-fast-length"))
                        .at("/choices/0/finish_reason")
                        .asText());
        assertEquals(
                "content_filter",
                server.json(chat("sim-fast-filter"))
                        .at("/choices/0/finish_reason")
                        .asText());
    }

    @Test
    void reasoningComesFirst() throws IOException {
        ArrayNode events = server.events(chat("sim-fast-reasoning"));
        assertTrue(joined(events, "reasoning_content").startsWith("The user asked"));
        assertTrue(joined(events, "content").startsWith("This is"));
        JsonNode whole = server.json(chat("sim-fast-reasoning"));
        assertEquals(
                joined(events, "reasoning_content"),
                whole.at("/choices/0/message/reasoning_content").asText());
        assertTrue(whole.at("/usage/completion_tokens_details/reasoning_tokens").asInt() > 5);
    }

    @Test
    void refusalIsNoContent() throws IOException {
        ArrayNode events = server.events(chat("sim-fast-refusal"));
        assertEquals("", joined(events, "content").replace("null", ""));
        assertEquals(
                "nullI'm sorry, but I can't help with that.",
                "null" + joined(events, "refusal").replace("null", ""));
        assertTrue(server.json(chat("sim-fast-refusal"))
                .at("/choices/0/message/content")
                .isNull());
    }

    @Test
    void firstToolIsCalledWithArgumentsOfItsSchema() throws IOException {
        ObjectNode body = chat("sim-fast-tools");
        ObjectNode function =
                body.putArray("tools").addObject().put("type", "function").putObject("function");
        function.put("name", "look_up")
                .putObject("parameters")
                .putObject("properties")
                .putObject("n")
                .put("type", "integer");
        ArrayNode events = server.events(body.deepCopy());
        StringBuilder arguments = new StringBuilder();
        events.forEach(event -> arguments.append(
                event.at("/choices/0/delta/tool_calls/0/function/arguments").asText("")));
        assertEquals("{\"n\":3}", arguments.toString());
        assertEquals(
                "look_up",
                events.get(1).at("/choices/0/delta/tool_calls/0/function/name").asText());
        JsonNode whole = server.json(body);
        assertEquals("tool_calls", whole.at("/choices/0/finish_reason").asText());
        assertEquals(
                "{\"n\":3}",
                whole.at("/choices/0/message/tool_calls/0/function/arguments").asText());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", ",'parameters':null", ",'parameters':{}", ",'parameters':{'type':'object','properties':{}}"})
    void aToolWithoutParametersIsCalledWithNone(String parameters) throws IOException {
        ObjectNode body = chat("sim-fast-tools");
        String tools = "[{'type':'function','function':{'name':'ping'%s}}]".formatted(parameters);
        body.set("tools", SimulatorServer.MAPPER.readTree(tools.replace('\'', '"')));
        assertEquals(
                "{\"name\":\"ping\",\"arguments\":\"{}\"}",
                server.json(body).at("/choices/0/message/tool_calls/0/function").toString());
    }

    @Test
    void weatherIsAskedForWithoutATool() throws IOException {
        JsonNode call = server.json(chat("sim-fast-tools")).at("/choices/0/message/tool_calls/0/function");
        assertEquals(
                "{\"name\":\"get_weather\",\"arguments\":\"{\\\"location\\\":\\\"Seoul\\\",\\\"unit\\\":\\\"celsius\\\"}\"}",
                call.toString());
    }

    @Test
    void toolIsNotCalledAgainOnceItHasAnswered() throws IOException {
        ObjectNode body = chat("sim-fast-tools");
        body.withArray("messages")
                .addObject()
                .put("role", "tool")
                .put("tool_call_id", "call_1")
                .put("content", "21 °C");
        assertEquals("stop", server.json(body).at("/choices/0/finish_reason").asText());
    }

    @Test
    void schemaMakesTheAnswerADocument() throws IOException {
        ObjectNode body = chat("sim-fast");
        ObjectNode format = body.putObject("response_format").put("type", "json_schema");
        format.putObject("json_schema")
                .put("name", "x")
                .putObject("schema")
                .put("type", "object")
                .putObject("properties")
                .putObject("title")
                .put("type", "string");
        assertEquals(
                "{\"title\":\"About “What is SSE?”\"}",
                server.json(body.deepCopy()).at("/choices/0/message/content").asText());
        assertEquals("{\"title\":\"About “What is SSE?”\"}", joined(server.events(body), "content"));
        ObjectNode any = chat("sim-fast");
        any.putObject("response_format").put("type", "json_object");
        assertTrue(server.json(any).at("/choices/0/message/content").asText().startsWith("{\"answer\":\"This is"));
    }

    @Test
    void contentMayBeParts() throws IOException {
        ObjectNode body = SimulatorServer.MAPPER.createObjectNode().put("model", "sim-fast-echo");
        ArrayNode messages = body.putArray("messages");
        messages.addObject().put("role", "system").put("content", "Be brief.");
        ArrayNode parts = messages.addObject().put("role", "user").putArray("content");
        parts.addObject().put("type", "text").put("text", "What is this?");
        parts.addObject().put("type", "image_url").putObject("image_url").put("url", "data:image/png;base64,AA==");
        assertEquals(
                "What is this?",
                server.json(body).at("/choices/0/message/content").asText());
    }

    @Test
    void loneSurrogateSurvives() throws IOException {
        String body = "{\"model\":\"sim-fast-echo\",\"messages\":[{\"role\":\"user\",\"content\":\"a\\ud83d\"}]}";
        try (Response response = server.call("/chat/completions", body).execute()) {
            assertTrue(response.body().string().contains("\"content\":\"a\\uD83D\""));
        }
    }

    @Test
    void errorsAreOpenAis() throws IOException {
        assertError("{\"model\":\"x\"", 400, "");
        assertError("", 400, "");
        assertError("[]", 400, "");
        assertError("{}", 400, "missing_required_parameter");
        assertError("{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}", 400, "missing_required_parameter");
        assertError("{\"model\":\"x\"}", 400, "missing_required_parameter");
        assertError("{\"model\":1,\"messages\":[]}", 400, "invalid_type");
        assertError("{\"model\":\"x\",\"messages\":\"hi\"}", 400, "invalid_type");
        assertError("{\"model\":\"x\",\"messages\":[]}", 400, "empty_array");
        assertError("{\"model\":\"x\",\"messages\":[{}],\"max_tokens\":0}", 400, "integer_below_min_value");
        assertError("{\"model\":\"x\",\"messages\":[{}],\"max_tokens\":-4000000000}", 400, "integer_below_min_value");
        assertError("{\"model\":\"x\",\"messages\":[{}],\"max_tokens\":2.7}", 400, "invalid_type");
        assertError("{\"model\":\"sim-faster\",\"messages\":[{}]}", 400, "model_not_found");
    }

    private void assertError(String body, int status, String code) throws IOException {
        try (Response response = server.call("/chat/completions", body).execute()) {
            assertEquals(status, response.code(), body);
            assertEquals("application/json", response.header("Content-Type"));
            JsonNode error =
                    SimulatorServer.MAPPER.readTree(response.body().string()).path("error");
            assertEquals(
                    "[message, type, param, code]",
                    error.properties().stream()
                            .map(java.util.Map.Entry::getKey)
                            .toList()
                            .toString());
            assertEquals(code, error.path("code").asText("").replace("null", ""), body);
            assertEquals("invalid_request_error", error.path("type").asText());
        }
    }
}
