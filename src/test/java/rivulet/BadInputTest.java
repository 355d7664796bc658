package rivulet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.concurrent.TimeUnit;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import okio.BufferedSink;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is wrong is refused at the door, with a word on what would have been right; and nothing is generated. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class BadInputTest {
    private static TestServer server;

    @BeforeAll
    static void start() {
        server = TestServer.with("OPENAI_MODEL", "sim-fast", "MAX_BODY_BYTES", "2048");
    }

    @AfterAll
    static void stop() {
        TestServer.await("no stream", () -> server.liveStreams() == 0);
        server.close();
    }

    private static String refused(int status, HttpResponse<String> response) {
        assertEquals(status, response.statusCode(), response.body());
        JsonNode error = TestServer.json(response.body()).path("error");
        assertTrue(
                error.path("code").isTextual()
                        && !error.path("message").asText().isEmpty(),
                response.body());
        assertEquals(
                "application/json",
                response.headers().firstValue("Content-Type").orElse(""));
        return error.path("message").asText();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            /sse/countdown?from=0                 | 1 to 3600
            /sse/countdown?from=3601              | 1 to 3600
            /sse/countdown?from=5.5               | 1 to 3600
            /sse/countdown?from=five              | 1 to 3600
            /sse/countdown?from=                  | 1 to 3600
            /sse/countdown?from=1&from=2          | 2 times
            /sse/countdown?interval=1             | 250ms, 1s or 2m
            /sse/countdown?interval=-1s           | 250ms, 1s or 2m
            /sse/countdown?interval=2h            | at most 60m
            /sse/countdown?form=3                 | from, idempotency_key, interval
            /sse/countdown?format=xml             | json
            /sse/countdown?format=status          | take one of json, text, ndjson.
            /sse/fake-llm?delay=soon              | 250ms
            /sse/chat?message=                    | not empty
            /sse/chat?message=%20                 | not empty
            /sse/chat?temperature=hot             | 0 to 2
            /sse/chat?temperature=3               | 0 to 2
            /sse/chat?temperature=NaN             | 0 to 2
            /sse/chat?max_output_tokens=0         | 1 to
            /sse/chat?max_output_tokens=1.5       | 1 to
            /sse/chat?messages=[]                 | known are
            /sse/chat-normal?format=json          | known are
            /helloworld?topic=                    | not empty
            /helloworld?format=text               | take one of json, ndjson, status, patch.
            /stream/                              | /stream/What
            /stream/x?format=status               | does not suit
            /streams/short                        | 16 to 64
            /streams/%zz                          | 16 to 64
            """)
    void aWrongParameterIsNamed(String path, String hint) {
        RawHttp.Answer answer = RawHttp.get(server.port(), path);
        assertEquals(400, answer.status(), answer.body());
        String message =
                TestServer.json(answer.body()).path("error").path("message").asText();
        assertTrue(message.contains(hint), message);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            /sse/chat | ''                                              | JSON object
            /sse/chat | {                                               | (start marker at line: 1, column: 1)
            /sse/chat | [1]                                             | JSON object
            /sse/chat | "x"                                             | JSON object
            /sse/chat | {"message":"a"} {}                              | found after value, at line 1, column 17
            /sse/chat | {"message":NaN}                                 | Non-standard token 'NaN', at line 1
            /sse/chat | {"message":"a","message":"b"}                   | not JSON
            /sse/chat | {}                                              | either
            /sse/chat | {"message":1}                                   | a string
            /sse/chat | {"message":""}                                  | not empty
            /sse/chat | {"message":"a","messages":[]}                   | not both
            /sse/chat | {"messages":[]}                                 | at least one
            /sse/chat | {"messages":{}}                                 | at least one
            /sse/chat | {"messages":[1]}                                | objects
            /sse/chat | {"messages":[{"role":"user"}]}                  | content
            /sse/chat | {"messages":[{"content":"a"}]}                  | role
            /sse/chat | {"messages":[{"role":"bot","content":"a"}]}     | system, developer, user, assistant
            /sse/chat | {"messages":[{"role":"user","content":[]}]}     | at least one part
            /sse/chat | {"messages":[{"role":"user","content":[{"type":"text"}]}]} | text
            /sse/chat | {"messages":[{"role":"user","content":[{"type":"image_url","image_url":"x"}]}]} | url
            /sse/chat | {"messages":[{"role":"user","content":[{"type":"image_url"}]}]} | needs an "image_url"
            /sse/chat | {"messages":[{"role":"user","content":"a","nam":"b"}]} | known are
            /sse/chat | {"message":"a","mesage":"b"}                    | known are
            /sse/chat | {"message":"a","temperature":"1"}               | 0 to 2
            /sse/chat | {"message":"a","stop":5}                        | list of texts
            /sse/chat | {"message":"a","extra":5}                       | JSON object
            /generate | {"message":"a"}                                 | query
            /streams  | {"message":"a"}                                 | kind
            /streams  | {"kind":"poem"}                                 | chat, countdown, fake-llm, structured
            /streams  | {"kind":"countdown","from":"5"}                 | from is "5", but must be a whole number from 1 to 3600
            /streams  | {"kind":"countdown","text":"a"}                 | known are
            /streams  | {"kind":"structured","message":"a"}             | schema
            /streams  | {"kind":"structured","message":"a","fields":[]} | different names
            /streams  | {"kind":"structured","message":"a","schema":[]} | JSON Schema
            /streams  | {"kind":"chat","message":"a","background":"no"} | true or false
            """)
    void aWrongBodyIsNamed(String path, String body, String hint) {
        String message = refused(400, server.post(path, body));
        assertTrue(message.contains(hint), message);
    }

    @Test
    void jsonIsTakenUnderItsUsualNames() {
        for (String type : List.of(
                "application/json",
                "application/json; charset=utf-8",
                "application/json; charset=u}tf",
                "text/plain; charset=utf-77",
                "text/plain",
                "application/x+json")) {
            assertEquals(
                    200,
                    server.post("/generate", "{\"query\":\"a\"}", "Content-Type", type)
                            .statusCode(),
                    type);
        }
        for (String type : List.of("application/xml", "application/x-www-form-urlencoded", "json")) {
            refused(415, server.post("/generate", "{\"query\":\"a\"}", "Content-Type", type));
        }
    }

    @Test
    void aBodyThatIsTooLargeIsRefused() {
        refused(413, server.post("/generate", "{\"query\":\"" + "a".repeat(3000) + "\"}"));
        String chunked =
                "POST /generate HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
                        + "bb8\r\n" + " ".repeat(3000) + "\r\n0\r\n\r\n";
        assertEquals(413, RawHttp.send(server.port(), chunked).status());
    }

    /** Whoever looks at the answer only then, as proxies do, and finds the connection closed in mid-sending, sees none. */
    @ParameterizedTest
    @CsvSource({"HTTP_1_1, localhost, 413", "HTTP_1_1, evil.example, 421", "H2_PRIOR_KNOWLEDGE, localhost, 413"})
    void aRefusalIsHeardByThoseWhoSendTheirBodyToItsEnd(Protocol protocol, String host, int status) throws IOException {
        OkHttpClient client = new OkHttpClient.Builder()
                .protocols(List.of(protocol))
                .retryOnConnectionFailure(false)
                .build();
        byte[] body = new byte[4 << 20];
        for (boolean lengthTold : List.of(true, false)) {
            Request request = new Request.Builder()
                    .url(server.url("/generate"))
                    .header("Host", host)
                    .post(new RequestBody() {
                        @Override
                        public MediaType contentType() {
                            return MediaType.get("application/json");
                        }

                        @Override
                        public long contentLength() {
                            return lengthTold ? body.length : -1;
                        }

                        @Override
                        public void writeTo(BufferedSink sink) throws IOException {
                            for (int at = 0; at < body.length; at += 1 << 16) {
                                sink.write(body, at, 1 << 16).flush();
                            }
                        }
                    })
                    .build();
            try (Response response = client.newCall(request).execute()) {
                assertEquals(status, response.code());
                assertTrue(
                        TestServer.json(response.body().string()).path("error").has("message"));
            }
        }
        assertEquals(1, client.connectionPool().connectionCount());
        client.connectionPool().evictAll();
    }

    @Test
    void aNumberThatNoDoubleHoldsIsRefused() {
        for (String number : List.of("1e999", "-1e999")) {
            String message =
                    refused(400, server.post("/sse/chat", "{\"message\":\"hi\",\"extra\":{\"x\":[" + number + "]}}"));
            assertTrue(message.contains("too large"), message);
        }
    }

    @Test
    void whatIsQuotedIsNotCutInTheMiddleOfACharacter() {
        for (String before : List.of("x".repeat(58), "x".repeat(59))) {
            String kind = before + "\uD83D\uDE00".repeat(2);
            String message = refused(400, server.post("/streams", "{\"kind\":\"" + kind + "\"}"));
            assertFalse(message.contains("?"), message);
            assertTrue(message.contains("…"), message);
        }
    }

    @Test
    void aBodyInNoEncodingIsRefused() {
        String likeUtf32 =
                "POST /generate HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 6\r\n\r\n"
                        + "K\u0000\u0000\u0000\u0000\u0000";
        assertEquals(400, RawHttp.send(server.port(), likeUtf32).status());
    }

    @Test
    void aBodyThatDoesNotArriveWholeIsRefused() {
        for (String path : List.of("/generate", "/simulator/v1/chat/completions")) {
            String spoilt = "POST " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                    + "Transfer-Encoding: chunked\r\n\r\n5\r\n{\"a\":\r\nzz\r\n";
            assertEquals(400, RawHttp.send(server.port(), spoilt).status(), path);
        }
    }

    @Test
    void aHeadThatIsTooLargeIsRefusedInJsonToo() {
        RawHttp.Answer line = RawHttp.get(server.port(), "/sse/chat?message=" + "a".repeat(70_000));
        assertEquals(414, line.status(), line.head());
        assertTrue(TestServer.json(line.body()).path("error").has("message"));
        RawHttp.Answer header = RawHttp.send(
                server.port(),
                "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX: " + "a".repeat(70_000)
                        + "\r\n\r\n");
        assertEquals(431, header.status());
        assertTrue(TestServer.json(header.body()).path("error").has("message"));
        assertEquals(
                200,
                RawHttp.get(server.port(), "/sse/chat-normal?message=" + "a".repeat(60_000))
                        .status());
    }

    /** What no route sees, and of which Jetty knows at worst not even who asks. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            GET /stream/%00 HTTP/1.1                                | 400 | a path without %00
            GET / HTTP/1.1\\r\\nBad Header                            | 400 | Illegal character SPACE
            GET / HTTP/3.7                                          | 505 | HTTP/1.1 and HTTP/2
            GET /stream/{} HTTP/1.1                                 | 414 | by POST
            GET / HTTP/1.1\\r\\nX: {}                                 | 431 | by POST
            POST /generate HTTP/1.1\\r\\nTransfer-Encoding: chunked   | 400 | The body did not arrive whole
            """)
    void whatJettyRefusesSaysWhatToDoAndEveryAllowedPageMaySeeIt(String request, int status, String hint) {
        try (TestServer open = TestServer.with("CORS_ORIGINS", "*")) {
            RawHttp.Answer answer = RawHttp.send(
                    open.port(),
                    request.replace("\\r\\n", "\r\n").replace("{}", "a".repeat(70_000))
                            + "\r\nHost: localhost\r\nOrigin: https://a.example\r\nConnection: close\r\n\r\nzz\r\n");
            assertEquals(status, answer.status(), answer.head());
            assertTrue(answer.body().contains(hint), answer.body());
            assertTrue(answer.head().contains("Access-Control-Allow-Origin: *"), answer.head());
            assertTrue(answer.head().contains("Access-Control-Expose-Headers: Stream-Id"), answer.head());
            assertTrue(answer.head().contains("Vary: Origin"), answer.head());
        }
    }

    @Test
    void whatIsNotHereIsSaidSo() {
        refused(404, server.get("/nope"));
        refused(404, server.get("/streams/" + "A".repeat(22)));
        refused(404, server.delete("/streams/" + "A".repeat(22)));
        HttpResponse<String> wrongMethod = server.delete("/sse/chat");
        refused(405, wrongMethod);
        assertEquals("GET, POST", wrongMethod.headers().firstValue("Allow").orElse(""));
        assertEquals(
                "GET",
                server.post("/sse/countdown", "{}")
                        .headers()
                        .firstValue("Allow")
                        .orElse(""));
    }

    @Test
    void whereNoParameterIsKnownItIsSaidSo() {
        HttpResponse<String> response = server.delete("/streams/" + "A".repeat(22) + "?a=1");
        assertTrue(response.body().contains("Unknown parameter \\\"a\\\"; none is known here."), response.body());
    }

    @Test
    void anUnderscoreMarksAParameterToIgnore() {
        assertEquals(200, server.get("/sse/countdown?interval=0ms&_=123&_=4").statusCode());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/health/ready",
                "/models",
                "/sign-in",
                "/openapi.json",
                "/docs",
                "/docs/nothing",
                "/",
                "/assets/app.js",
                "/assets/nothing",
                "/nope"
            })
    void aHeadIsThatOfTheGetWithoutItsBody(String path) {
        RawHttp.Answer get = ask("GET", path);
        RawHttp.Answer head = ask("HEAD", path);
        assertEquals(withoutDate(get.head()), withoutDate(head.head()));
        assertEquals("", head.body());
    }

    /** Those that say something else each time. */
    @ParameterizedTest
    @ValueSource(strings = {"/health", "/metrics"})
    void aHeadOfWhatChangesIsAnsweredLikeTheGet(String path) {
        String changes = "Content-Length: \\d+";
        assertEquals(
                withoutDate(ask("GET", path).head()).replaceFirst(changes, ""),
                withoutDate(ask("HEAD", path).head()).replaceFirst(changes, ""));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            /sse/chat                  | GET, POST
            /sse/chat?message=         | GET, POST
            /sse/chat-normal           | GET
            /sse/countdown             | GET
            /sse/fake-llm              | GET
            /stream/hi                 | GET
            /helloworld                | GET
            /streams/AAAAAAAAAAAAAAAAA | GET, DELETE
            /simulator/v1/models       | GET
            """)
    void aHeadNeverBeginsAStream(String path, String allowed) {
        RawHttp.Answer answer = ask("HEAD", path);
        assertEquals(405, answer.status());
        assertTrue((answer.head() + "\r\n").contains("\r\nAllow: " + allowed + "\r\n"), answer.head());
        assertFalse(answer.head().contains("Stream-Id"), answer.head());
    }

    private static RawHttp.Answer ask(String method, String path) {
        return RawHttp.send(
                server.port(), method + " " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    }

    private static String withoutDate(String head) {
        return head.replaceFirst("Date: [^\r]*", "");
    }
}
