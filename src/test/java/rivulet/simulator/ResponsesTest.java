package rivulet.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import okhttp3.Response;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ResponsesTest {
    private final SimulatorServer server = new SimulatorServer();

    @AfterEach
    void close() {
        server.close();
    }

    private static ObjectNode responses(String model) {
        return SimulatorServer.responses(model, "What is SSE?");
    }

    /** The types in order, each run of equal ones once. */
    private static List<String> types(ArrayNode events) {
        List<String> types = new ArrayList<>();
        for (JsonNode event : events) {
            String type = event.path("type").asText();
            if (types.isEmpty() || !types.get(types.size() - 1).equals(type)) {
                types.add(type);
            }
        }
        return types;
    }

    private static String joined(ArrayNode events, String type) {
        StringBuilder text = new StringBuilder();
        for (JsonNode event : events) {
            text.append(
                    event.path("type").asText().equals(type)
                            ? event.path("delta").asText()
                            : "");
        }
        return text.toString();
    }

    @Test
    void streamHasEveryEventInOrder() throws IOException {
        ArrayNode events = server.events(responses("sim-fast"));
        assertEquals(
                List.of(
                        "response.created",
                        "response.in_progress",
                        "response.output_item.added",
                        "response.content_part.added",
                        "response.output_text.delta",
                        "response.output_text.done",
                        "response.content_part.done",
                        "response.output_item.done",
                        "response.completed"),
                types(events));
        for (int i = 0; i < events.size(); i++) {
            assertEquals(i, events.get(i).path("sequence_number").asInt(-1));
        }
        JsonNode response = events.get(events.size() - 1).path("response");
        String text = response.at("/output/0/content/0/text").asText();
        assertEquals(joined(events, "response.output_text.delta"), text);
        assertTrue(text.contains("“What is SSE?”"), text);
    }

    @Test
    void deltaReadsAsOpenAisDoes() throws IOException {
        String text =
                server.text(SimulatorServer.responses("sim-fast-echo", "a\n").put("stream", true));
        assertTrue(
                text.replaceAll("msg_[0-9a-f]+", "msg_1")
                        .contains(
                                "\n\nevent: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"sequence_number\":5,\"item_id\":\"msg_1\",\"output_index\":0,\"content_index\":0,\"delta\":\"\\n\",\"logprobs\":[]}\n\n"),
                text);
    }

    @Test
    void linesAreOnlyEventAndData() throws IOException {
        String[] blocks = server.text(responses("sim-fast-reasoning-tools").put("stream", true))
                .split("(?<=\n\n)(?=.)", -1);
        for (String block : blocks) {
            assertTrue(block.matches("event: ([a-z_.]+)\ndata: \\{\"type\":\"\\1\",.*}\n\n"), block);
        }
    }

    @Test
    void wholeAnswerHasEveryMember() throws IOException {
        ObjectNode body = responses("sim-fast")
                .put("instructions", "Be brief.")
                .put("temperature", 0.2)
                .put("store", false);
        body.putObject("metadata").put("a", "b");
        String json = server.text(body);
        assertEquals(
                "{\"id\":\"resp_1\",\"object\":\"response\",\"created_at\":1767225600,\"status\":\"completed\",\"background\":false,\"error\":null,\"incomplete_details\":null,"
                        + "\"instructions\":\"Be brief.\",\"max_output_tokens\":null,\"max_tool_calls\":null,\"model\":\"sim-fast\","
                        + "\"output\":[{\"id\":\"msg_1\",\"type\":\"message\",\"status\":\"completed\",\"content\":[{\"type\":\"output_text\",\"annotations\":[],\"logprobs\":[],\"text\":\"…\"}],\"role\":\"assistant\"}],"
                        + "\"parallel_tool_calls\":true,\"previous_response_id\":null,\"reasoning\":{\"effort\":null,\"summary\":null},\"service_tier\":\"default\",\"store\":false,\"temperature\":0.2,"
                        + "\"text\":{\"format\":{\"type\":\"text\"},\"verbosity\":\"medium\"},\"tool_choice\":\"auto\",\"tools\":[],\"top_logprobs\":0,\"top_p\":1.0,\"truncation\":\"disabled\","
                        + "\"usage\":{\"input_tokens\":7,\"input_tokens_details\":{\"cached_tokens\":0,\"cache_write_tokens\":0},\"output_tokens\":43,\"output_tokens_details\":{\"reasoning_tokens\":0},\"total_tokens\":50},\"user\":null,\"metadata\":{\"a\":\"b\"}}",
                json.replaceAll("(resp|msg)_[0-9a-f]+", "$1_1").replaceAll("\"text\":\"[^\"]+\"", "\"text\":\"…\""));
    }

    @Test
    void limitMakesItIncomplete() throws IOException {
        JsonNode cut = server.json(responses("sim-fast").put("max_output_tokens", 3));
        assertEquals("incomplete", cut.path("status").asText());
        assertEquals("max_output_tokens", cut.at("/incomplete_details/reason").asText());
        assertEquals("This is Rivulet's", cut.at("/output/0/content/0/text").asText());
        ArrayNode events = server.events(responses("sim-fast").put("max_output_tokens", 3));
        assertEquals(
                "response.incomplete",
                events.get(events.size() - 1).path("type").asText());
        ArrayNode filtered = server.events(responses("sim-fast-filter"));
        assertEquals(
                "content_filter",
                filtered.get(filtered.size() - 1)
                        .at("/response/incomplete_details/reason")
                        .asText());
    }

    @Test
    void reasoningIsAnItemOfItsOwn() throws IOException {
        ArrayNode events = server.events(responses("sim-fast-reasoning"));
        assertEquals(
                List.of(
                        "response.output_item.added",
                        "response.reasoning_summary_part.added",
                        "response.reasoning_summary_text.delta",
                        "response.reasoning_summary_text.done",
                        "response.reasoning_summary_part.done",
                        "response.output_item.done",
                        "response.output_item.added",
                        "response.content_part.added"),
                types(events).subList(2, 10));
        JsonNode output = events.get(events.size() - 1).at("/response/output");
        assertEquals("reasoning", output.at("/0/type").asText());
        assertEquals(
                joined(events, "response.reasoning_summary_text.delta"),
                output.at("/0/summary/0/text").asText());
        assertEquals("message", output.at("/1/type").asText());
    }

    @Test
    void refusalIsAPartOfItsOwn() throws IOException {
        ArrayNode events = server.events(responses("sim-fast-refusal"));
        assertTrue(types(events).containsAll(List.of("response.refusal.delta", "response.refusal.done")));
        assertEquals("", joined(events, "response.output_text.delta"));
        assertEquals("I'm sorry, but I can't help with that.", joined(events, "response.refusal.delta"));
        assertEquals(
                "refusal",
                server.json(responses("sim-fast-refusal"))
                        .at("/output/0/content/0/type")
                        .asText());
    }

    @Test
    void toolCallIsAnItemWithArguments() throws IOException {
        ObjectNode body = responses("sim-fast-tools");
        ObjectNode tool =
                body.putArray("tools").addObject().put("type", "function").put("name", "look_up");
        tool.putObject("parameters").putObject("properties").putObject("n").put("type", "integer");
        ArrayNode events = server.events(body.deepCopy());
        assertEquals("{\"n\":3}", joined(events, "response.function_call_arguments.delta"));
        JsonNode item = server.json(body).at("/output/0");
        assertEquals(
                "function_call look_up {\"n\":3} completed",
                item.path("type").asText() + " " + item.path("name").asText() + " "
                        + item.path("arguments").asText() + " "
                        + item.path("status").asText());
    }

    @Test
    void schemaMakesTheAnswerADocument() throws IOException {
        ObjectNode body = responses("sim-fast");
        ObjectNode format = body.putObject("text")
                .putObject("format")
                .put("type", "json_schema")
                .put("name", "x");
        format.putObject("schema")
                .put("type", "object")
                .putObject("properties")
                .putObject("title")
                .put("type", "string");
        JsonNode whole = server.json(body.deepCopy());
        assertEquals(
                "{\"title\":\"About “What is SSE?”\"}",
                whole.at("/output/0/content/0/text").asText());
        assertEquals("json_schema", whole.at("/text/format/type").asText());
        assertEquals("{\"title\":\"About “What is SSE?”\"}", joined(server.events(body), "response.output_text.delta"));
    }

    @Test
    void inputMayBeAListOfMessages() throws IOException {
        ObjectNode body = SimulatorServer.MAPPER.createObjectNode().put("model", "sim-fast-echo");
        ArrayNode input = body.putArray("input");
        input.addObject().put("role", "user").put("content", "hi");
        ArrayNode said = input.addObject().put("role", "assistant").putArray("content");
        said.addObject().put("type", "output_text").put("text", "hello");
        ArrayNode parts =
                input.addObject().put("type", "message").put("role", "user").putArray("content");
        parts.addObject().put("type", "input_text").put("text", "What is this?");
        parts.addObject().put("type", "input_image").put("image_url", "data:image/png;base64,AA==");
        JsonNode response = server.json(body);
        assertEquals("What is this?", response.at("/output/0/content/0/text").asText());
        assertEquals(6, response.at("/usage/input_tokens").asInt());
    }

    @Test
    void missingInputIsRefusedUnlessItGoesOn() throws IOException {
        try (Response response =
                server.call("/responses", "{\"model\":\"sim-fast\"}").execute()) {
            assertEquals(400, response.code());
            assertTrue(
                    response.body().string().contains("\"param\":\"input\",\"code\":\"missing_required_parameter\""));
        }
        String goesOn = "{\"model\":\"sim-fast\",\"previous_response_id\":\"resp_1\"}";
        try (Response response = server.call("/responses", goesOn).execute()) {
            assertEquals(200, response.code());
        }
    }
}
