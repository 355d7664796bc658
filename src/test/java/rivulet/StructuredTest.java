package rivulet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.flipkart.zjsonpatch.JsonPatch;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import rivulet.SseParser.SseEvent;
import rivulet.log.Document;

/** Structured answers, from the request to what a client can build of them. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class StructuredTest {
    private static final String SCHEMA = """
            {"type":"object","required":["t"],"properties":{"t":{"type":"string"},"n":{"type":"number","maximum":9},
             "list":{"type":"array","items":{"type":"object"}}}}""".replace("\n", "");

    private static TestServer server;

    @BeforeAll
    static void start() {
        server = TestServer.with("OPENAI_MODEL", "sim-fast-echo", "MAX_DOCUMENT_DEPTH", "5", "MAX_NUMBER_LENGTH", "30");
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    /** The request whose answer is the text itself. */
    private static String request(String answer) {
        return request(answer, SCHEMA);
    }

    private static String request(String answer, String schema) {
        return JsonNodeFactory.instance
                .objectNode()
                .put("kind", "structured")
                .put("message", answer)
                .set("schema", TestServer.json(schema))
                .toString();
    }

    private static JsonNode built(List<JsonNode> events) {
        Document document = new Document();
        for (JsonNode event : events) {
            if (event.path("event").asText().equals("field")) {
                if (event.has("value")) {
                    document.set(
                            event.path("path").asText(), event.path("value").toString());
                } else {
                    document.append(
                            event.path("path").asText(), event.path("delta").asText());
                }
            }
        }
        return TestServer.json(document.json());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            {"t":"a"}                                        | {"t":"a"}
            Sure! Here you are: {"t":"b","n":4.0} Enjoy.     | {"t":"b","n":4.0}
            {"t":"x","list":[{},{"k":[1,2]}],"n":-1e2}       | {"t":"x","list":[{},{"k":[1,2]}],"n":-1e2}
            {"t":"a","t":"b"}                                | {"t":"b"}
            {"t":"{\\"a\\":1}","__proto__":null,"a/b~c":""}  | {"t":"{\\"a\\":1}","__proto__":null,"a/b~c":""}
            """)
    void theStepsBuildTheDocument(String answer, String document) {
        List<JsonNode> events = server.chat(request(answer));
        assertEquals("done", events.get(events.size() - 1).path("event").asText(), events.toString());
        assertEquals(TestServer.json(document), built(events));
    }

    @Test
    void theStateHoldsTheDocumentAsFarAsItIsBuilt() {
        HttpResponse<String> created =
                server.post("/streams", request("{\"t\":\"a\",\"n\":4.00}"), "Accept", "application/json");
        String location = created.headers().firstValue("Location").orElseThrow();
        server.get(location);
        String state = server.get(location, "Accept", "application/json").body();
        assertTrue(state.contains("\"document\":{\"t\":\"a\",\"n\":4.00}"), state);
        assertTrue(state.contains("\"status\":\"done\""), state);
    }

    @ParameterizedTest
    @CsvSource({"1000, done", "1001, failed"})
    void theDeepestDocumentThatIsTakenHasAState(int depth, String status) {
        String answer = "[".repeat(depth) + "]".repeat(depth);
        try (TestServer deep = TestServer.with("OPENAI_MODEL", "sim-fast-echo")) {
            HttpResponse<String> told = deep.post(
                    "/streams",
                    "{\"kind\":\"structured\",\"message\":\"" + answer + "\",\"schema\":{\"type\":\"array\"}}");
            String path = "/streams/" + told.headers().firstValue("Stream-Id").orElseThrow();
            HttpResponse<String> state = deep.get(path, "Accept", "application/json");
            assertEquals(200, state.statusCode(), state.body());
            assertTrue(state.body().contains("\"status\":\"" + status + "\""));
            assertTrue(state.body().contains("\"document\":" + "[".repeat(1000) + "]".repeat(1000)));
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            {"t":1}                    | schema_mismatch | /t
            {"n":1}                    | schema_mismatch | the document
            {"t":"a","n":10}           | schema_mismatch | /n
            {"t":"a","list":[{},5]}    | schema_mismatch | /list/1
            {"t":"a"                   | invalid_json    | t
            {"t":tru}                  | invalid_json    | /t
            [1]                        | schema_mismatch | the document
            no document here           | invalid_json    | no JSON
            {"t":[[[[[[1]]]]]]}        | invalid_json    | 5
            {"n":1234567890123456789012345678901} | invalid_json | 30
            {"n":123e99999999}         | invalid_json    | exponent
            {"n":1e9999999999}         | invalid_json    | exponent
            """)
    void anAnswerThatDoesNotFitFailsWithItsPlace(String answer, String code, String hint) {
        List<JsonNode> events = TestServer.ndjson(
                server.post("/streams?format=ndjson", request(answer)).body());
        JsonNode last = events.get(events.size() - 1);
        assertEquals(code, last.path("error").path("code").asText(), last.toString());
        assertTrue(last.path("error").path("message").asText().contains(hint), last.toString());
    }

    @Test
    void whatWasBuiltIsKeptWhenTheRestIsInvalid() {
        HttpResponse<String> response = server.post("/streams?format=ndjson", request("{\"t\":\"kept\",\"n\":oops}"));
        String id = response.headers().firstValue("Stream-Id").orElseThrow();
        JsonNode state = TestServer.json(
                server.get("/streams/" + id, "Accept", "application/json").body());
        assertEquals("{\"t\":\"kept\"}", state.path("document").toString());
        assertEquals("failed", state.path("status").asText());
    }

    @Test
    void aRefusalIsDone() {
        List<JsonNode> events = server.chat(
                "{\"kind\":\"structured\",\"message\":\"x\",\"fields\":[\"a\"],\"model\":\"sim-fast-refusal\"}");
        assertEquals(
                "refusal", events.get(events.size() - 1).path("finish_reason").asText());
    }

    /** The tutorial's clients take {@code end} for success. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            sim-fast         | end   | 响应生成完成
            sim-fast-refusal | error | I'm sorry, but I can't help with that.
            sim-fast-tools   | error | The model asks for tools to be called, and gives no document.
            sim-fast-length  | error | The answer is no JSON document
            """)
    void theStatusIsEndOnlyWhenTheDocumentIsComplete(String model, String status, String message) {
        HttpResponse<String> response = server.get("/helloworld?topic=SSE&model=" + model);
        JsonNode last = lastData(response);
        assertEquals(status, last.path("status").asText(), last.toString());
        assertTrue(last.path("message").asText().startsWith(message), last.toString());
        // Whoever comes back for the end alone is told the same.
        String id = response.headers().firstValue("Stream-Id").orElseThrow();
        List<JsonNode> log = TestServer.ndjson(
                server.get("/streams/" + id + "?format=ndjson").body());
        assertEquals(last, lastData(server.get("/streams/" + id + "?format=status&after=" + (log.size() - 2))));
    }

    @Test
    void theStatusOfACancelledDocumentIsAnError() {
        HttpResponse<String> created = server.post(
                "/streams",
                "{\"kind\":\"structured\",\"message\":\"x\",\"fields\":[\"a\"],\"model\":\"sim-wait-60s\"}",
                "Accept",
                "application/json");
        String location = created.headers().firstValue("Location").orElseThrow();
        server.delete(location);
        assertEquals(
                "{\"status\":\"error\",\"message\":\"The answer was cancelled before it was complete.\"}",
                lastData(server.get(location + "?format=status")).toString());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            {"type":"object","properties":{"k":{"type":"integer"},"o":{"type":"string"}}}
            {"type":"object","properties":{"n":{"type":"object"}}}
            {"type":"object","properties":{"n":{"type":["number","null"]}}}
            {"type":"array"}
            """)
    void aSchemaOfOtherThanStringsHasNoStatusFormat(String schema) {
        HttpResponse<String> response = server.post("/streams?format=status", request("{}", schema));
        assertEquals(400, response.statusCode(), response.body());
        assertTrue(response.body().contains("take json, ndjson or patch"), response.body());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            {"o":"y","m":{"x":"z"}} | The member m
            {"k":7,"o":"y"}         | The member k
            {"a/b":null,"o":"y"}    | The member a/b
            ["o"]                   | The document
            """)
    void whatTheStatusFormatCannotShowIsNotDroppedInSilence(String answer, String what) {
        String location = server.post("/streams", request(answer, "{}"), "Accept", "application/json")
                .headers()
                .firstValue("Location")
                .orElseThrow();
        int last = TestServer.ndjson(server.get(location + "?format=ndjson").body())
                        .size()
                - 1;
        for (int after : List.of(-1, last - 1)) {
            assertEquals(
                    "{\"status\":\"error\",\"message\":\"" + what
                            + " is not what the format status can show; take json or ndjson.\"}",
                    lastData(server.get(location + "?format=status&after=" + after))
                            .toString());
        }
    }

    private static JsonNode lastData(HttpResponse<String> response) {
        List<SseEvent> events = SseParser.parse(response.body());
        return TestServer.json(events.get(events.size() - 1).data());
    }

    @Test
    void aSchemaThatCannotBeUsedIsRefused() {
        for (String schema : List.of(
                "{\"type\":\"poem\"}",
                "{\"$ref\":\"http://127.0.0.1:1/x\"}",
                "{\"$ref\":\"#/nowhere\"}",
                "{\"pattern\":\"(\"}")) {
            HttpResponse<String> response =
                    server.post("/streams", "{\"kind\":\"structured\",\"message\":\"{}\",\"schema\":" + schema + "}");
            assertTrue(response.statusCode() == 400, schema + " " + response.body());
        }
    }

    @Test
    void aDeepDocumentIsCheckedAgainstASchemaThatContainsItself() {
        String schema = "{\"anyOf\":[{\"type\":\"integer\"},{\"properties\":{\"a\":{\"$ref\":\"#\"}}}]}";
        String document = "{\"a\":".repeat(900) + "1" + "}".repeat(900);
        ObjectNode request =
                JsonNodeFactory.instance.objectNode().put("kind", "structured").put("message", document);
        try (TestServer deep = TestServer.with("OPENAI_MODEL", "sim-fast-echo")) {
            List<JsonNode> events =
                    deep.chat(request.set("schema", TestServer.json(schema)).toString());
            JsonNode last = events.get(events.size() - 1);
            assertEquals("done", last.path("event").asText(), last.toString());
        }
    }

    @Test
    void patchesApplyInOrderAndFromAnyPlace() {
        String answer = "{\"t\":\"hello, wide world\",\"list\":[{\"a\":\"b\"},{}],\"t\":\"again\",\"n\":1}";
        HttpResponse<String> response = server.post("/streams?format=patch", request(answer));
        String id = response.headers().firstValue("Stream-Id").orElseThrow();
        List<SseEvent> events = SseParser.parse(response.body());
        JsonNode document = JsonNodeFactory.instance.objectNode();
        for (SseEvent event : events) {
            if (event.name().equals("message")) {
                assertEquals(1, TestServer.json(event.data()).size());
                document = JsonPatch.apply(TestServer.json(event.data()), document);
            }
        }
        assertEquals(TestServer.json("{\"t\":\"again\",\"list\":[{\"a\":\"b\"},{}],\"n\":1}"), document);
        for (int after = 0; after < events.size() - 1; after++) {
            String rest = server.get("/streams/" + id + "?format=patch&after=" + after)
                    .body();
            assertEquals(events.subList(after + 1, events.size()), SseParser.parse(rest));
        }
    }

    @Test
    void aDocumentResumedInTheMiddleIsTheSame() {
        String answer = "{\"t\":\"hello, wide world\",\"list\":[{\"a\":\"b\"},{}],\"n\":1}";
        HttpResponse<String> response = server.post("/streams?format=ndjson", request(answer));
        String id = response.headers().firstValue("Stream-Id").orElseThrow();
        List<JsonNode> events = TestServer.ndjson(response.body());
        for (int after = 0; after < events.size() - 1; after++) {
            List<JsonNode> rest = TestServer.ndjson(server.get("/streams/" + id + "?format=ndjson&after=" + after)
                    .body());
            assertEquals(events.subList(after + 1, events.size()), rest);
        }
    }

    @Test
    void providersThatKnowNoSchemaAreAskedInWords() throws Exception {
        try (RawUpstream upstream = RawUpstream.saying(new byte[0])) {
            for (String api : List.of("chat", "responses")) {
                for (String way : List.of("json_object", "instructions")) {
                    try (TestServer asking = TestServer.before(
                            upstream, "OPENAI_MODEL", "m", "UPSTREAM_API", api, "STRUCTURED_OUTPUT", way)) {
                        asking.chat(request("x"));
                        String body = upstream.takeRequest().body();
                        assertTrue(body.contains("satisfies this JSON Schema: {\\\"type\\\":\\\"object\\\""), body);
                        assertEquals(way.equals("json_object"), body.contains("{\"type\":\"json_object\"}"), body);
                    }
                }
            }
        }
    }
}
