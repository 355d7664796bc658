package rivulet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What an upstream is asked, with which key, and what its refusals mean. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class UpstreamRequestsTest {
    private static final String CHAT = "{\"kind\":\"chat\",\"message\":\"hi\"}";
    private static final String ANSWER =
            "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"well\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

    private static String reply(String status, String body) {
        return "HTTP/1.1 " + status + "\r\nContent-Length: " + body.getBytes(StandardCharsets.UTF_8).length
                + "\r\nConnection: close\r\n\r\n" + body;
    }

    private static RawUpstream saying(String answer) {
        return RawUpstream.saying(answer.getBytes(StandardCharsets.UTF_8));
    }

    private static RawUpstream well() {
        return saying("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + ANSWER);
    }

    @Test
    void aKeyInTheQueryIsNotShown() throws Exception {
        try (RawUpstream upstream = new RawUpstream((request, connection) ->
                        connection.send(reply("404 No", "The requested URL " + request.line() + " was not found.")));
                TestServer server = TestServer.with(
                        "OPENAI_BASE_URL", upstream.url() + "?key=AIzaSyQueryKey12345", "OPENAI_MODEL", "m")) {
            String body = server.post("/streams", CHAT).body();
            assertFalse(body.contains("AIzaSyQueryKey12345"), body);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "Authorization: Bearer gwT0ken-Secret-abcdef987654, Invalid token: gwT0ken-Secret-abcdef987654, gwT0ken",
        "api-key: 0a1b2c3d4e5f60718293a4b5c6d7e8f9, Invalid key: 0a1b2c3d4e5f...e8f9, 0a1b2c3d"
    })
    void aKeyInAHeaderIsNotShown(String header, String said, String piece) throws Exception {
        try (RawUpstream upstream = saying(reply("401 No", "{\"error\":{\"message\":\"" + said + "\"}}"));
                TestServer server = TestServer.before(upstream, "OPENAI_MODEL", "m", "UPSTREAM_HEADERS", header)) {
            String body = server.post("/streams", CHAT).body();
            assertFalse(body.contains(piece), body);
        }
    }

    @Test
    void aKeyInAQueryIsNotShownWhereTheAddressIsRefused() {
        for (String url : List.of("a.example/v1?key=AIzaSyKey12345", "HTTPS://a.example/v1?key=AIzaSyKey12345")) {
            SettingError error =
                    assertThrows(SettingError.class, () -> Config.of(Map.of(Setting.OPENAI_BASE_URL, url)));
            assertFalse(String.valueOf(error.getMessage()).contains("AIza"), error.getMessage());
        }
    }

    @Test
    void anUpstreamsNameHoldsNoKey() {
        String name = Config.of(
                        Map.of(Setting.UPSTREAMS, "[{\"base_url\":\"https://a.example/v1?key=AIzaSyQueryKey12345\"}]"))
                .upstream()
                .name();
        assertFalse(name.contains("AIza"), name);
    }

    @Test
    void arksKeyIsSentToArk() {
        assertEquals(
                "ark",
                Config.of(Map.of(
                                Setting.OPENAI_API_KEY, "sk-openai",
                                Setting.ARK_API_KEY, "ark",
                                Setting.OPENAI_BASE_URL, "https://ark.cn-beijing.volces.com/api/v3"))
                        .upstream()
                        .apiKey());
    }

    @ParameterizedTest
    @CsvSource({"503 Busy", "401 No", "429 Slow"})
    void theNextIsAskedWhereTheFirstCannotTellItsModels(String status) throws Exception {
        try (RawUpstream first = saying(reply(status, ""));
                RawUpstream second = well()) {
            String list = "[{\"name\":\"a\",\"base_url\":\"%s\"},{\"name\":\"b\",\"base_url\":\"%s\",\"model\":\"m\"}]";
            try (TestServer server = TestServer.with("UPSTREAMS", list.formatted(first.url(), second.url()))) {
                HttpResponse<String> response = server.post("/streams?format=ndjson", CHAT);
                assertEquals(200, response.statusCode(), response.body());
            }
        }
    }

    @Test
    void aLimitIsSaidInTheWordThatTheModelKnows() throws Exception {
        try (RawUpstream upstream = new RawUpstream((request, connection) -> {
                    if (request.body().contains("\"max_tokens\"")) {
                        connection.send(
                                reply(
                                        "400 Bad",
                                        "{\"error\":{\"message\":\"Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.\",\"type\":\"invalid_request_error\",\"param\":\"max_tokens\",\"code\":\"unsupported_parameter\"}}"));
                    } else {
                        connection.sendStreamHead();
                        connection.send(ANSWER);
                    }
                });
                TestServer server = TestServer.before(upstream, "OPENAI_MODEL", "gpt-5-mini")) {
            HttpResponse<String> response = server.get("/sse/chat-normal?message=hi&max_output_tokens=50");
            assertEquals("{\"message\":\"well\"}", response.body());
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            400 Bad  | [{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT","details":[{"reason":"API_KEY_INVALID"}]}}] | upstream_auth | 1
            400 Bad  | {"code":"Client specified an invalid argument","error":"Incorrect API key provided: na***ys. You can obtain an API key from https://console.x.ai."} | upstream_auth | 1
            400 Bad  | {"error":{"code":"Arrearage","param":null,"message":"Access denied, please make sure your account is in good standing.","type":"Arrearage"}} | upstream_quota | 1
            400 Bad  | {"error":{"code":"invalid_request_error","message":"Your credit balance is too low to access the Anthropic API.","type":"invalid_request_error"}} | upstream_quota | 1
            429 Slow | {"error":{"message":"Your account is not active, please check your billing details on our website.","type":"billing_not_active","code":"billing_not_active"}} | upstream_quota | 1
            429 Slow | {"error":{"code":"1113","message":"Insufficient balance or no resource package. Please recharge."}} | upstream_quota | 1
            403 No   | {"error":{"code":"AccountOverdueError","message":"The request failed because your account has an overdue balance.","type":"Forbidden"}} | upstream_quota | 1
            """)
    void aRefusedKeyOrAccountIsNotTheCallersFault(String status, String body, String code, int requests)
            throws Exception {
        try (RawUpstream upstream = saying(reply(status, body));
                TestServer server = TestServer.before(upstream, "OPENAI_MODEL", "m")) {
            JsonNode error =
                    TestServer.json(server.post("/streams", CHAT).body()).path("error");
            assertEquals(code, error.path("code").asText());
            assertEquals(requests, upstream.requestCount());
        }
    }

    @Test
    void extraIsMergedMemberByMember() throws Exception {
        try (RawUpstream upstream = saying("");
                TestServer server = TestServer.before(upstream, "OPENAI_MODEL", "m", "UPSTREAM_API", "responses")) {
            server.chat(
                    "{\"kind\":\"structured\",\"message\":\"x\",\"fields\":[\"t\"],\"extra\":{\"text\":{\"verbosity\":\"low\"}}}");
            JsonNode text = TestServer.json(upstream.takeRequest().body()).path("text");
            assertEquals("json_schema", text.path("format").path("type").asText(), text.toString());
            server.chat(
                    "{\"kind\":\"chat\",\"message\":\"x\",\"reasoning_effort\":\"low\",\"extra\":{\"reasoning\":{\"summary\":\"auto\"}}}");
            JsonNode reasoning = TestServer.json(upstream.takeRequest().body()).path("reasoning");
            assertEquals("low", reasoning.path("effort").asText(), reasoning.toString());
        }
    }

    @ParameterizedTest
    @CsvSource({"520 Web Server Returned an Unknown Error", "408 Timeout"})
    void whatAGatewayHasPassedOnIsNotAskedAgain(String status) throws Exception {
        try (RawUpstream upstream = new RawUpstream((request, connection) -> {
                    LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(3500));
                    connection.send(reply(status, ""));
                });
                TestServer server = TestServer.before(upstream, "OPENAI_MODEL", "m")) {
            server.chat(CHAT);
            assertEquals(1, upstream.requestCount());
        }
    }

    @Test
    void anEmptyListOfModelsIsNotRemembered() throws Exception {
        AtomicBoolean loaded = new AtomicBoolean();
        try (RawUpstream upstream = new RawUpstream((request, connection) -> {
                    if (request.line().startsWith("GET ")) {
                        connection.send(reply(
                                "200 OK",
                                loaded.get() ? "{\"data\":[{\"id\":\"m\"}]}" : "{\"object\":\"list\",\"data\":null}"));
                    } else {
                        connection.sendStreamHead();
                        connection.send(ANSWER);
                    }
                });
                TestServer server = TestServer.before(upstream)) {
            assertEquals(400, server.post("/streams", CHAT).statusCode());
            loaded.set(true);
            assertEquals(200, server.post("/streams", CHAT).statusCode());
        }
    }
}
