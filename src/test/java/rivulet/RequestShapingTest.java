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

/** What the upstream is asked, on each API. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class RequestShapingTest {
    private static final String EVERYTHING = """
            {"kind":"chat","model":"mm","instructions":"Be kind.","temperature":0.5,"top_p":0.9,"max_output_tokens":7,
             "reasoning_effort":"low","extra":{"user":"u","stream":false,"nested":{"a":[1]}},
             "response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object"}}},
             "messages":[{"role":"system","content":"s"},{"role":"developer","content":"d"},
              {"role":"user","content":[{"type":"text","text":"what?"},{"type":"image_url","image_url":{"url":"data:x","detail":"low"}}]},
              {"role":"assistant","content":[{"type":"text","text":"that"}]}]}
            """;

    private static RawUpstream upstream;
    private static TestServer chat;
    private static TestServer responses;

    @BeforeAll
    static void start() {
        upstream = RawUpstream.saying(new byte[0]);
        chat = TestServer.before(upstream, "UPSTREAM_API", "chat", "OPENAI_MODEL", "m");
        responses = TestServer.before(upstream, "UPSTREAM_API", "responses", "OPENAI_MODEL", "m");
    }

    @AfterAll
    static void stop() throws Exception {
        chat.close();
        responses.close();
        upstream.close();
    }

    private static JsonNode asked(TestServer server, String body) throws InterruptedException {
        server.chat(body);
        RawUpstream.Request request = upstream.takeRequest();
        assertTrue(
                request.line().startsWith(server == chat ? "POST /v1/chat/completions " : "POST /v1/responses "),
                request.line());
        assertEquals("application/json", request.headers().get("content-type"));
        return TestServer.json(request.body());
    }

    @Test
    void chatCompletionsIsAskedInItsOwnWords() throws Exception {
        assertEquals(TestServer.json("""
                {"model":"mm","messages":[{"role":"system","content":"Be kind."},{"role":"system","content":"s"},{"role":"developer","content":"d"},
                  {"role":"user","content":[{"type":"text","text":"what?"},{"type":"image_url","image_url":{"url":"data:x","detail":"low"}}]},
                  {"role":"assistant","content":[{"type":"text","text":"that"}]}],
                 "stream":true,"stream_options":{"include_usage":true},"temperature":0.5,"top_p":0.9,"max_tokens":7,
                 "reasoning_effort":"low","user":"u","nested":{"a":[1]},
                 "response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object"}}}}
                """), asked(chat, EVERYTHING));
    }

    @Test
    void responsesIsAskedInItsOwnWords() throws Exception {
        assertEquals(TestServer.json("""
                {"model":"mm","instructions":"Be kind.","input":[{"role":"system","content":"s"},{"role":"developer","content":"d"},
                  {"role":"user","content":[{"type":"input_text","text":"what?"},{"type":"input_image","image_url":"data:x","detail":"low"}]},
                  {"role":"assistant","content":[{"type":"output_text","text":"that"}]}],
                 "stream":true,"temperature":0.5,"top_p":0.9,"max_output_tokens":7,"reasoning":{"effort":"low"},
                 "user":"u","nested":{"a":[1]},
                 "text":{"format":{"type":"json_schema","name":"n","schema":{"type":"object"}}}}
                """), asked(responses, EVERYTHING));
    }

    /** Else whoever turns it off has as many tokens a day as they like. */
    @Test
    void whatAnAnswerTookIsAskedForWhateverTheCallerSays() throws Exception {
        for (String options : List.of("{\"include_usage\":false,\"other\":1}", "null")) {
            String body = "{\"kind\":\"chat\",\"message\":\"x\",\"extra\":{\"stream_options\":" + options + "}}";
            JsonNode asked = asked(chat, body).path("stream_options");
            assertTrue(asked.path("include_usage").asBoolean(), asked.toString());
            assertEquals(options.contains("other"), asked.has("other"));
        }
    }

    @Test
    void stopAndSeedAreForTheApiThatKnowsThem() throws Exception {
        String body = "{\"kind\":\"chat\",\"message\":\"x\",\"stop\":[\"a\"],\"seed\":5}";
        JsonNode asked = asked(chat, body);
        assertEquals("[\"a\"]", asked.path("stop").toString());
        assertEquals(5, asked.path("seed").asInt());
        HttpResponse<String> refused = responses.post("/streams", body);
        assertEquals(400, refused.statusCode());
        assertTrue(refused.body().contains("UPSTREAM_API=chat"), refused.body());
    }

    @Test
    void aSchemaIsStrict() throws Exception {
        String body = "{\"kind\":\"structured\",\"message\":\"x\",\"fields\":[\"t\"]}";
        JsonNode schema = TestServer.json(
                "{\"type\":\"object\",\"properties\":{\"t\":{\"type\":\"string\"}},\"required\":[\"t\"],\"additionalProperties\":false}");
        JsonNode format = asked(chat, body).path("response_format");
        assertEquals("json_schema", format.path("type").asText());
        assertTrue(format.path("json_schema").path("strict").asBoolean());
        assertEquals(schema, format.path("json_schema").path("schema"));
        JsonNode flat = asked(responses, body).path("text").path("format");
        assertTrue(flat.path("strict").asBoolean());
        assertEquals(schema, flat.path("schema"));
    }

    private static String instructions(String path) throws InterruptedException {
        chat.get(path);
        JsonNode first =
                TestServer.json(upstream.takeRequest().body()).path("messages").path(0);
        return first.path("role").asText().equals("system")
                ? first.path("content").asText()
                : "";
    }

    @Test
    void theTutorialsInstructionsHoldWhereTheTutorialHasThem() throws Exception {
        assertEquals("2문장 이내로 대답해줘.", instructions("/sse/chat?message=a"));
        assertEquals("2문장 이내로 대답해줘.", instructions("/sse/chat-normal"));
        assertEquals("", instructions("/sse/chat?message=a&instructions="));
        assertEquals("Briefly.", instructions("/sse/chat?message=a&instructions=Briefly."));
        assertEquals("", instructions("/stream/a"));
        chat.post("/sse/chat", "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]}");
        assertEquals(
                1,
                TestServer.json(upstream.takeRequest().body()).path("messages").size());
        chat.post("/sse/chat", "{\"message\":\"a\"}");
        assertEquals(
                2,
                TestServer.json(upstream.takeRequest().body()).path("messages").size());
        chat.post("/generate", "{\"query\":\"a\"}");
        assertEquals(
                1,
                TestServer.json(upstream.takeRequest().body()).path("messages").size());
    }

    @Test
    void theInstructionsOfTheSettingsHoldEverywhere() throws Exception {
        try (TestServer server = TestServer.before(upstream, "OPENAI_MODEL", "m", "INSTRUCTIONS", "Like a pirate.")) {
            for (String path : new String[] {"/sse/chat", "/stream/a"}) {
                server.get(path);
                assertEquals(
                        "Like a pirate.",
                        TestServer.json(upstream.takeRequest().body())
                                .path("messages")
                                .path(0)
                                .path("content")
                                .asText());
            }
        }
    }
}
