package rivulet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Who gets what, over HTTP. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class AccessTest {
    private static final String ANN = "Bearer ann-0123456789abcdef";
    private static final String BOB = "Bearer bob-0123456789abcdef";
    private static final String SLOW = "{\"kind\":\"fake-llm\",\"text\":\"a long text\",\"delay\":\"10s\"}";
    private static TestServer server;

    @BeforeAll
    static void start() {
        server = guarded("MODELS", "sim-fast-echo*, sim-slow");
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static TestServer guarded(String... more) {
        String[] all = java.util.Arrays.copyOf(more, more.length + 4);
        all[more.length] = "ACCESS_TOKENS";
        all[more.length + 1] = "ann:ann-0123456789abcdef, bob:bob-0123456789abcdef";
        all[more.length + 2] = "OPENAI_MODEL";
        all[more.length + 3] = "sim-fast-echo";
        return TestServer.with(all);
    }

    private static String code(int status, HttpResponse<String> response) {
        assertEquals(status, response.statusCode(), response.body());
        if (status == 429 || status == 503) {
            assertTrue(Integer.parseInt(
                            response.headers().firstValue("Retry-After").orElse(""))
                    >= 1);
        }
        return TestServer.json(response.body()).path("error").path("code").asText();
    }

    private static String begin(String who, String body) {
        HttpResponse<String> created =
                server.post("/streams", body, "Accept", "application/json", "Authorization", who);
        assertEquals(201, created.statusCode(), created.body());
        return TestServer.json(created.body()).path("stream").asText();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/sse/chat",
                "/sse/countdown?from=1&interval=1ms",
                "/sse/chat-normal",
                "/stream/hi",
                "/helloworld",
                "/models",
                "/streams/aaaaaaaaaaaaaaaaaaaaaa",
                "/simulator/v1/models",
                "/metrics",
                "/health/",
                "/no-such-route"
            })
    void whatIsNotForAllNeedsAToken(String path) {
        HttpResponse<String> refused = server.get(path);
        assertEquals("token_required", code(401, refused));
        assertTrue(refused.headers().firstValue("WWW-Authenticate").orElse("").startsWith("Bearer"));
        assertNotEquals(401, server.get(path, "Authorization", ANN).statusCode());
    }

    @ParameterizedTest
    @ValueSource(strings = {"/", "/assets/app.js", "/health", "/health/ready", "/sign-in"})
    void thePageItsFilesAndHealthAreForAll(String path) {
        assertEquals(200, server.get(path).statusCode());
    }

    @Test
    void theChatGoesThroughThePublicSimulatorOfThisServerWithItsToken() {
        assertEquals(
                200,
                server.post(
                                "/simulator/v1/chat/completions",
                                "{\"model\":\"sim-fast\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}",
                                "Authorization",
                                ANN)
                        .statusCode());
        assertEquals(
                "{\"message\":\"hi\"}",
                server.get("/sse/chat-normal?message=hi", "Authorization", ANN).body());
    }

    @Test
    void aSignInIsACookieThatReadsAndAsksLikeItsToken() {
        assertEquals("{\"required\":true}", server.get("/sign-in").body());
        assertEquals("token_unknown", code(401, server.post("/sign-in", "{\"token\":\"ann-0123456789abcde\"}")));
        assertEquals("bad_request", code(400, server.post("/sign-in", "{}")));
        HttpResponse<String> signedIn = server.post("/sign-in", "{\"token\":\" ann-0123456789abcdef \"}");
        assertEquals(204, signedIn.statusCode());
        String set = signedIn.headers().firstValue("Set-Cookie").orElse("");
        assertTrue(set.matches("rivulet=[\\w.-]+; Path=/; Max-Age=2592000; HttpOnly; SameSite=Strict"), set);
        assertFalse(set.contains("0123456789abcdef"), set);
        String cookie = set.replaceAll(";.*", "");
        assertEquals(
                "{\"required\":true,\"name\":\"ann\"}",
                server.get("/sign-in", "Cookie", cookie).body());
        assertEquals(200, server.get("/sse/chat?message=hi", "Cookie", cookie).statusCode());
        String id = begin(ANN, SLOW);
        assertEquals(200, server.delete("/streams/" + id, "Cookie", cookie).statusCode());
        HttpResponse<String> out = server.post("/sign-out", "", "Cookie", cookie);
        assertTrue(out.headers().firstValue("Set-Cookie").orElse("").startsWith("rivulet=; Path=/; Max-Age=0;"));
    }

    @Test
    void aSignInOfTooManyBytesIsToldTheBoundThatItBroke() {
        String spaces = " ".repeat(5000);
        HttpResponse<String> signIn = server.post("/sign-in", "{\"token\":\"a\"}" + spaces);
        assertEquals("body_too_large", code(413, signIn));
        assertTrue(signIn.body().contains("larger than 4096 bytes; a token is shorter."), signIn.body());
        assertFalse(signIn.body().contains("MAX_BODY_BYTES"), signIn.body());
        try (TestServer small = TestServer.with("MAX_BODY_BYTES", "1024")) {
            HttpResponse<String> asked = small.post("/sse/chat", "{\"message\":\"a\"}" + spaces);
            assertEquals("body_too_large", code(413, asked));
            assertTrue(asked.body().contains("1024 bytes; a larger MAX_BODY_BYTES would take it."), asked.body());
        }
    }

    @Test
    void theCookieIsSecureWhereThePageCameByTls() {
        HttpResponse<String> signedIn = server.post(
                "/sign-in", "{\"token\":\"ann-0123456789abcdef\"}", "Origin", "https://127.0.0.1:" + server.port());
        assertTrue(signedIn.headers().firstValue("Set-Cookie").orElse("").endsWith("; SameSite=Strict; Secure"));
    }

    @Test
    void anyoneWithATokenReadsAndTheCreatorAloneCancels() {
        String id = begin(ANN, SLOW);
        HttpResponse<String> read = server.get("/streams/" + id, "Accept", "application/json", "Authorization", BOB);
        assertEquals(200, read.statusCode());
        assertFalse(read.body().contains("ann"), "who began it is nobody's business");
        assertEquals("not_the_creator", code(403, server.delete("/streams/" + id, "Authorization", BOB)));
        assertEquals("live", state(id));
        assertEquals(200, server.delete("/streams/" + id, "Authorization", ANN).statusCode());
        assertEquals("done", state(id));
    }

    private static String state(String id) {
        return TestServer.json(server.get("/streams/" + id, "Accept", "application/json", "Authorization", ANN)
                        .body())
                .path("status")
                .asText();
    }

    @Test
    void anIdempotencyKeyIsItsCallersOwn() {
        String body = "{\"kind\":\"chat\",\"message\":\"x\"}";
        String[] ids = List.of(ANN, BOB, ANN).stream()
                .map(who -> server.post("/streams", body, "Idempotency-Key", "k", "Authorization", who))
                .map(answer -> answer.headers().firstValue("Stream-Id").orElseThrow())
                .toArray(String[]::new);
        assertEquals(ids[0], ids[2]);
        assertNotEquals(ids[0], ids[1]);
    }

    @Test
    void anAllowedPageIsToldWhyItIsRefused() {
        try (TestServer other = guarded("CORS_ORIGINS", "https://a.example")) {
            HttpResponse<String> refused = other.get("/models", "Origin", "https://a.example");
            assertEquals("token_required", code(401, refused));
            assertEquals(
                    "https://a.example",
                    refused.headers().firstValue("Access-Control-Allow-Origin").orElse(""));
            RawHttp.Answer elsewhere = RawHttp.send(
                    other.port(),
                    "GET /models HTTP/1.1\r\nHost: b.example\r\nOrigin: https://a.example\r\nConnection: close\r\n\r\n");
            assertEquals(421, elsewhere.status());
            assertTrue(elsewhere.head().contains("Access-Control-Allow-Origin: https://a.example"), elsewhere.head());
            assertEquals(
                    204,
                    other.options("/streams", "Origin", "https://a.example", "Access-Control-Request-Method", "POST")
                            .statusCode());
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            {"message":"hi"}                                                   | 200
            {"message":"hi","model":"sim-fast-echo"}                           | 200
            {"message":"hi","model":"sim-fast-echo-no-usage"}                  | 200
            {"message":"hi","model":"sim-fast-markdown"}                       | 403
            {"message":"hi","extra":{"model":"sim-fast-markdown"}}             | 403
            {"message":"hi","extra":{"models":["sim-fast-echo","sim-other"]}}  | 403
            {"message":"hi","extra":{"model":"sim-fast-echo"}}                 | 200
            """)
    void onlyListedModelsMayBeNamed(String body, int status) {
        HttpResponse<String> answer = server.post("/sse/chat", body, "Authorization", ANN);
        assertEquals(status, answer.statusCode(), answer.body());
    }

    @Test
    void theListOfModelsIsOfThoseThatMayBeNamed() {
        String models = server.get("/models", "Authorization", ANN).body();
        assertEquals("{\"default\":\"sim-fast-echo\",\"models\":[]}", models);
    }

    @Test
    void limitsAreOfGenerationsAndSpareResumesAndRepeats() {
        try (TestServer other = TestServer.with("OPENAI_MODEL", "sim-fast-echo", "REQUESTS_PER_MINUTE", "2")) {
            String body = "{\"message\":\"hi\"}";
            HttpResponse<String> first = other.post("/sse/chat", body, "Idempotency-Key", "k");
            assertEquals(200, other.post("/sse/chat", "{\"message\":\"ho\"}").statusCode());
            assertEquals("requests_per_minute", code(429, other.post("/sse/chat", "{\"message\":\"he\"}")));
            assertEquals(
                    first.headers().firstValue("Stream-Id"),
                    other.post("/sse/chat", body, "Idempotency-Key", "k")
                            .headers()
                            .firstValue("Stream-Id"));
            String id = first.headers().firstValue("Stream-Id").orElseThrow();
            for (int i = 0; i < 10; i++) {
                assertEquals(
                        200, other.get("/sse/chat", "Last-Event-ID", id + ".0").statusCode());
                assertEquals(200, other.get("/streams/" + id).statusCode());
            }
            // A forged origin of the request is no other caller.
            assertEquals(
                    429,
                    other.post("/sse/chat", "{\"message\":\"he\"}", "X-Forwarded-For", "1.2.3.4")
                            .statusCode());
        }
    }

    @Test
    void aRefusedRequestGivesItsKeyAndItsPlaceBack() {
        try (TestServer other = TestServer.with("STREAMS_PER_CALLER", "1", "MAX_STREAMS", "2")) {
            HttpResponse<String> live = other.post("/streams", SLOW, "Accept", "application/json");
            for (int i = 0; i < 5; i++) {
                assertEquals(
                        "streams_per_caller",
                        code(429, other.post("/streams", "{\"kind\":\"fake-llm\"}", "Idempotency-Key", "k")));
            }
            other.delete(
                    "/streams/" + TestServer.json(live.body()).path("stream").asText());
            assertEquals(
                    200,
                    other.post("/streams", "{\"kind\":\"fake-llm\",\"delay\":\"1ms\"}", "Idempotency-Key", "k")
                            .statusCode());
        }
    }

    @Test
    void theDaysTokensAreThoseThatTheUpstreamCounts() {
        try (TestServer other = TestServer.with("OPENAI_MODEL", "sim-fast-20tokens", "OUTPUT_TOKENS_PER_DAY", "30")) {
            assertEquals(200, other.get("/sse/chat").statusCode());
            assertEquals(200, other.get("/sse/chat").statusCode());
            TestServer.await("they are counted", () -> other.get("/sse/chat").statusCode() == 429);
            assertEquals("output_tokens_per_day", code(429, other.get("/helloworld")));
            assertEquals(200, other.get("/sse/countdown?from=1&interval=1ms").statusCode());
        }
    }

    @Test
    void whatWasThoughtCountsToo() throws IOException {
        String thought = "data: {\"choices\":[{\"index\":0,\"delta\":{\"reasoning_content\":\"hm\"}}]}\n\n";
        RawUpstream.Script thinking = (request, connection) -> {
            connection.sendStreamHead();
            connection.send(thought.repeat(60) + thought.replace("reasoning_content", "content"));
            connection.awaitPeerClose();
        };
        try (RawUpstream upstream = new RawUpstream(thinking);
                TestServer other = TestServer.before(upstream, "OUTPUT_TOKENS_PER_DAY", "50")) {
            String question = "{\"kind\":\"chat\",\"message\":\"x\",\"model\":\"m\"}";
            String path = other.post("/streams", question, "Accept", "application/json")
                    .headers()
                    .firstValue("Location")
                    .orElseThrow();
            TestServer.await(
                    "it speaks",
                    () -> other.get(path, "Accept", "application/json").body().contains("\"index\":61"));
            other.delete(path);
            TestServer.await(
                    "it is counted",
                    () -> other.post("/streams", question, "Accept", "application/json")
                                    .statusCode()
                            == 429);
        }
    }

    @Test
    void aTrustedProxyTellsCallersApart() {
        try (TestServer other = TestServer.with(
                "OPENAI_MODEL", "sim-fast-echo", "REQUESTS_PER_MINUTE", "1", "TRUSTED_PROXIES", "127.0.0.0/8")) {
            String[] callers = {"1.1.1.1", "2.2.2.2", "9.9.9.9, 3.3.3.3"};
            for (String caller : callers) {
                assertEquals(
                        200, other.get("/sse/chat", "X-Forwarded-For", caller).statusCode(), caller);
            }
            assertEquals(
                    429,
                    other.get("/sse/chat", "X-Forwarded-For", "8.8.8.8, 1.1.1.1")
                            .statusCode());
        }
    }

    @Test
    void aBodyComesWholeInPiecesAndOverHttp2() throws Exception {
        String text = "x".repeat(300_000);
        String body = "{\"message\":\"" + text + "\"}";
        OkHttpClient http2 = new OkHttpClient.Builder()
                .protocols(List.of(Protocol.H2_PRIOR_KNOWLEDGE))
                .build();
        Request request = new Request.Builder()
                .url(server.url("/sse/chat?format=ndjson"))
                .header("Authorization", ANN)
                .post(RequestBody.create(body, MediaType.get("application/json")))
                .build();
        try (Response response = http2.newCall(request).execute()) {
            assertEquals(text, TestServer.text(TestServer.ndjson(response.body().string())));
        }
        http2.connectionPool().evictAll();
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            String head = "POST /sse/chat?format=ndjson HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                    + "Authorization: " + ANN + "\r\nContent-Length: " + body.length()
                    + "\r\nExpect: 100-continue\r\n\r\n";
            OutputStream out = socket.getOutputStream();
            out.write(head.getBytes(StandardCharsets.UTF_8));
            byte[] go = socket.getInputStream().readNBytes("HTTP/1.1 100 Continue\r\n\r\n".length());
            assertEquals("HTTP/1.1 100 Continue\r\n\r\n", new String(go, StandardCharsets.UTF_8));
            for (int at = 0; at < body.length(); at += 50_000) {
                out.write(
                        body.substring(at, Math.min(body.length(), at + 50_000)).getBytes(StandardCharsets.UTF_8));
                out.flush();
            }
            String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertTrue(answer.startsWith("HTTP/1.1 200"), answer.substring(0, Math.min(300, answer.length())));
            assertTrue(answer.contains("\"event\":\"done\""));
        }
    }

    @Test
    void oneViewerTooManyIsRefusedAndAResumeIsSentAwayToComeAgain() throws IOException {
        try (TestServer other = TestServer.with("MAX_VIEWERS", "1")) {
            PlainViewer watching = new PlainViewer();
            watching.view(other.port(), "/sse/fake-llm?text=abc&delay=10ms&format=json", Long.MAX_VALUE);
            // It has its end a moment before the server lets go of it.
            TestServer.await("it is gone", () -> other.viewers() == 0);
            var held = other.getAsync("/sse/countdown?from=3600");
            TestServer.await("it is watched", () -> other.viewers() == 1);
            assertEquals("too_many_viewers", code(503, other.get("/sse/countdown")));
            String path =
                    "/sse/fake-llm?last_event_id=" + watching.lastEventId().replaceFirst("\\.\\d+$", ".0");
            RawHttp.Answer resumed = RawHttp.get(other.port(), path);
            assertEquals(200, resumed.status());
            assertEquals(": hb\n", resumed.body());
            // As proxies ask, whose connection ends with the answer.
            assertTrue(isBrokenOff(other.port(), "GET " + path + " HTTP/1.0\r\n\r\n"));
            assertTrue(isBrokenOff(
                    other.port(), "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
            held.cancel(true);
        }
    }

    @Test
    void aViewerThatWaitsForItsHeadHasAPlaceToo() {
        try (TestServer other = TestServer.with("MAX_VIEWERS", "1", "OPENAI_MODEL", "sim-wait-20s")) {
            String ended = other.get("/sse/countdown?from=1&interval=1ms")
                    .headers()
                    .firstValue("Stream-Id")
                    .orElseThrow();
            String again = "GET /streams/" + ended + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
            TestServer.await("nobody has the place", () -> other.viewers() == 0);
            var held = other.getAsync("/sse/chat");
            TestServer.await("it is asked", () -> other.liveStreams() == 1);
            TestServer.await("it has the place", () -> isBrokenOff(other.port(), again));
            assertEquals("too_many_viewers", code(503, other.get("/sse/chat")));
            held.cancel(true);
        }
    }

    private static boolean isBrokenOff(int port, String request) {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
            String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
            return answer.contains("Transfer-Encoding: chunked") && !answer.endsWith("0\r\n\r\n");
        } catch (SocketException reset) {
            return true;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
