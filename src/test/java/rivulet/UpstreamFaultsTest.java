package rivulet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Upstreams that refuse, break, stall and go away: what is tried again, what is said of it, and that nothing hangs. */
@Timeout(value = 90, unit = TimeUnit.SECONDS)
class UpstreamFaultsTest {
    private static final String CHAT = "{\"kind\":\"chat\",\"message\":\"hi\"}";
    private static final String ANSWER = delta("He") + delta("l\\n") + delta("\\ud83d\\ude00") + delta("llo")
            + "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n" + "data: [DONE]\n\n";

    private static String delta(String escaped) {
        return "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" + escaped + "\"}}]}\n\n";
    }

    private static String reply(String status, String headers, String body) {
        return "HTTP/1.1 " + status + "\r\n" + headers + "Content-Length: "
                + body.getBytes(StandardCharsets.UTF_8).length + "\r\nConnection: close\r\n\r\n" + body;
    }

    private static TestServer before(RawUpstream upstream, String... settings) {
        String[] all = Arrays.copyOf(settings, settings.length + 2);
        all[settings.length] = "OPENAI_MODEL";
        all[settings.length + 1] = "m";
        return TestServer.before(upstream, all);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            429 Slow    | ''                  | {"error":{"message":"slow down","code":"rate_limit_exceeded"}} | 3 | 429 | upstream_rate_limited | slow down
            429 Slow    | Retry-After: 30     | {"error":{"message":"slow down"}}                  | 1 | 429 | upstream_rate_limited | slow down
            429 Slow    | Retry-After: 29.6   | {"error":{"message":"slow down"}}                  | 1 | 429 | upstream_rate_limited | slow down
            429 Slow    | retry-after-ms: 29500.5 | {"error":{"message":"slow down"}}              | 1 | 429 | upstream_rate_limited | slow down
            429 Quota   | ''                  | {"error":{"message":"pay","code":"insufficient_quota"}} | 1 | 429 | upstream_quota    | pay
            429 Quota   | ''                  | \uFEFF{"error":{"message":"pay","code":"insufficient_quota"}} | 1 | 429 | upstream_quota | pay
            402 Pay     | ''                  | {"error":{"message":"Insufficient Balance"}}       | 1 | 429 | upstream_quota        | Insufficient Balance
            403 No      | ''                  | {"error":{"message":"user quota is not enough","type":"one_api_error","code":"insufficient_user_quota"}} | 1 | 429 | upstream_quota | no credit left
            403 No      | ''                  | {"error":{"message":"token quota","type":"new_api_error","code":"pre_consume_token_quota_failed"}} | 1 | 429 | upstream_quota | token quota
            429 Quota   | ''                  | {"error":{"message":"suspended","type":"exceeded_current_quota_error"}} | 1 | 429 | upstream_quota | suspended
            498 Full    | ''                  | {"error":{"message":"flex","code":"capacity_exceeded"}} | 3 | 429 | upstream_rate_limited | flex
            424 Failed  | ''                  | {"error":"Request failed during generation","error_type":"generation"} | 1 | 502 | upstream_error | during generation
            408 Late    | ''                  | ''                                                 | 3 | 504 | upstream_timeout      | without a word
            500 Oops    | ''                  | {"error":"boom"}                                   | 3 | 502 | upstream_error        | boom
            502 Bad     | Content-Type: text/html | <html><head><title>502</title></head><body>Bad <b>Gateway</b></body></html> | 3 | 502 | upstream_error | Bad Gateway
            504 Waited  | ''                  | {"error":"gateway"}                                | 1 | 504 | upstream_timeout      | gateway
            524 Waited  | ''                  | ''                                                 | 1 | 504 | upstream_timeout      | 524
            503 Busy    | Retry-After: 0      | {"detail":"loading model"}                         | 3 | 502 | upstream_error        | loading model
            400 Bad     | ''                  | {"error":{"message":"context too long"}}           | 1 | 400 | upstream_rejected     | context too long
            404 Gone    | ''                  | {"error":{"message":"no such model"}}              | 1 | 400 | upstream_rejected     | no such model
            404 Gone    | ''                  | 404 page not found                                 | 1 | 400 | upstream_rejected     | which mostly ends in /v1
            422 Bad     | ''                  | {"detail":[{"loc":["body"],"msg":"field required"}]} | 1 | 400 | upstream_rejected   | field required
            400 Bad     | ''                  | [{"error":{"message":"in a list"}}]                | 1 | 400 | upstream_rejected     | in a list
            400 Bad     | Content-Type: text/event-stream | data: {"error":{"message":"in an event"}} | 1 | 400 | upstream_rejected  | 400: in an event
            429 Quota   | Content-Type: text/event-stream | data: {"error":{"code":"insufficient_quota"}} | 1 | 429 | upstream_quota | insufficient_quota
            400 Bad     | ''                  | {"success":false,"error":[{"code":2001,"message":"no gateway"}]} | 1 | 400 | upstream_rejected | 400: no gateway
            401 Who     | ''                  | {"error":{"message":"wrong key"}}                  | 1 | 502 | upstream_auth         | wrong key
            403 No      | ''                  | forbidden                                          | 1 | 502 | upstream_auth         | forbidden
            307 Moved   | Location: /else     | ''                                                 | 1 | 502 | upstream_error        | OPENAI_BASE_URL
            200 OK      | Content-Type: application/json | {"choices":[]}                          | 1 | 502 | upstream_error        | choices
            200 OK      | Content-Type: text/html | <p>Log in                                      | 1 | 502 | upstream_error        | Log in
            200 OK      | ''                  | ''                                                 | 1 | 502 | upstream_error        | empty
            """)
    void aRefusalIsToldWithItsReason(
            String status, String header, String body, int requests, int told, String code, String words)
            throws Exception {
        String answer = reply(status, header.isEmpty() ? "" : header + "\r\n", body);
        try (RawUpstream upstream = RawUpstream.saying(answer.getBytes(StandardCharsets.UTF_8));
                TestServer server = before(upstream)) {
            HttpResponse<String> response = server.post("/streams", CHAT);
            assertEquals(told, response.statusCode(), response.body());
            JsonNode error = TestServer.json(response.body()).path("error");
            assertEquals(code, error.path("code").asText());
            assertTrue(error.path("message").asText().contains(words), response.body());
            assertEquals(requests, upstream.requestCount());
            assertEquals(
                    status.equals("429 Slow") && !header.isEmpty() ? "30" : "",
                    response.headers()
                            .firstValue("Retry-After")
                            .filter(v -> !v.equals("0"))
                            .orElse(""));
        }
    }

    @ParameterizedTest
    @CsvSource({"iso-8859-1, Clé refusée", "gbk, 请求错误", "utf-16, Clé", "unheard-of, Clé"})
    void aRefusalIsReadInItsOwnCharacters(String charset, String words) throws Exception {
        byte[] body = words.getBytes(Charset.isSupported(charset) ? Charset.forName(charset) : StandardCharsets.UTF_8);
        try (RawUpstream upstream = new RawUpstream((request, connection) -> {
                    connection.send("HTTP/1.1 400 Bad\r\nContent-Type: text/plain; charset=" + charset
                            + "\r\nConnection: close\r\n\r\n");
                    connection.send(body);
                });
                TestServer server = before(upstream)) {
            String message = last(server).path("error").path("message").asText();
            assertTrue(message.contains(words), message);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SSH-2.0-OpenSSH_9.6\r\n",
                "HTTP/1.1 204 None\r\nContent-Length: 5\r\n\r\nhello",
                "HTTP/1.1 407 Who\r\nContent-Length: 0\r\n\r\n"
            })
    void whatIsNotHttpIsNotSaidToBeAClosedConnection(String answer) throws Exception {
        try (RawUpstream upstream = RawUpstream.saying(answer.getBytes(StandardCharsets.US_ASCII));
                TestServer server = before(upstream)) {
            JsonNode error = last(server).path("error");
            assertEquals("upstream_error", error.path("code").asText());
            String message = error.path("message").asText();
            assertTrue(message.contains("not HTTP") && message.contains("OPENAI_BASE_URL"), message);
            assertEquals(1, upstream.requestCount());
        }
    }

    @Test
    void whatFailsOnceIsAskedAgain() throws Exception {
        AtomicInteger asked = new AtomicInteger();
        try (RawUpstream upstream = new RawUpstream((request, connection) -> {
                    if (asked.getAndIncrement() == 0) {
                        connection.send(reply("503 Busy", "", ""));
                    } else {
                        connection.sendStreamHead();
                        connection.send(ANSWER);
                    }
                });
                TestServer server = before(upstream)) {
            assertEquals("Hel\n😀llo", TestServer.text(server.chat(CHAT)));
            assertEquals(2, asked.get());
        }
    }

    @ParameterizedTest
    @CsvSource({"502 Bad Gateway", "503 Service Unavailable"})
    void whatAGatewayHasPassedOnIsNotAskedAgain(String status) throws Exception {
        try (RawUpstream upstream = new RawUpstream((request, connection) -> {
                    // Nobody can tell but by the time it takes.
                    java.util.concurrent.locks.LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(3100));
                    connection.send(reply(status, "", ""));
                });
                TestServer server = before(upstream)) {
            assertEquals(
                    "upstream_error", last(server).path("error").path("code").asText());
            assertEquals(1, upstream.requestCount());
        }
    }

    @Test
    void oneThatIsCutBeforeItCanBeLookedIntoIsToldToWhoHasWaited() throws Exception {
        CountDownLatch watched = new CountDownLatch(1);
        try (RawUpstream upstream = new RawUpstream((request, connection) -> {
                    connection.send(
                            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n");
                    TestServer.await("a viewer is told to wait", () -> watched.getCount() == 0);
                    connection.send("5");
                });
                TestServer server = before(upstream)) {
            CompletableFuture<String> view = server.getAsync("/sse/chat?format=ndjson&message=hi");
            TestServer.await("it has the head", () -> server.viewers() == 1);
            watched.countDown();
            List<JsonNode> events = TestServer.ndjson(view.get(30, TimeUnit.SECONDS));
            assertEquals("failed", events.get(events.size() - 1).path("event").asText());
        }
    }

    @Test
    void anUpstreamThatIsNotThereIsUnreachable() throws Exception {
        RawUpstream gone = RawUpstream.saying(new byte[0]);
        gone.close();
        try (TestServer server = before(gone)) {
            HttpResponse<String> response = server.post("/streams", CHAT);
            assertEquals(502, response.statusCode());
            assertTrue(
                    response.body().contains("upstream_unreachable")
                            && response.body().contains("OPENAI_BASE_URL"),
                    response.body());
        }
    }

    @Test
    void aRefusalIsToldThoughItsBodyNeverEnds() throws Exception {
        String refusal =
                "HTTP/1.1 400 No\r\nContent-Type: application/json\r\n\r\n{\"error\":{\"message\":\"too long\"}}";
        try (RawUpstream upstream = new RawUpstream((request, connection) -> {
                    connection.send(refusal);
                    connection.awaitPeerClose();
                });
                TestServer server = before(upstream)) {
            String said = server.post("/streams", CHAT).body();
            assertTrue(said.contains("too long"), said);
        }
    }

    @Test
    void aQuestionThatMayHaveBeenReadIsNotAskedAgain() throws Exception {
        try (RawUpstream upstream = new RawUpstream((request, connection) -> connection.reset());
                TestServer server = before(upstream)) {
            HttpResponse<String> response = server.post("/streams", CHAT);
            assertTrue(response.body().contains("upstream_error"), response.body());
            assertEquals(1, upstream.requestCount());
        }
    }

    /** An upstream that refuses questions with a word in them, and answers all others. */
    private static RawUpstream refusing(String word, String why) {
        return new RawUpstream((request, connection) -> {
            if (request.body().contains(word)) {
                connection.send(reply("400 Bad", "", why));
            } else {
                connection.sendStreamHead();
                connection.send(ANSWER);
            }
        });
    }

    @Test
    void usageIsDoneWithoutWhereTheUpstreamRefusesTheOption() throws Exception {
        try (RawUpstream upstream =
                        refusing("stream_options", "{\"error\":{\"message\":\"unknown field stream_options\"}}");
                TestServer server = before(upstream)) {
            assertEquals("Hel\n😀llo", TestServer.text(server.chat(CHAT)));
            assertEquals("Hel\n😀llo", TestServer.text(server.chat(CHAT)));
            assertEquals(3, upstream.requestCount());
        }
    }

    @Test
    void aRefusalThatQuotesTheQuestionForbidsNoUsage() throws Exception {
        try (RawUpstream upstream =
                        refusing("top_logprobs", "{\"detail\":\"top_logprobs in stream_options,top_logprobs\"}");
                TestServer server = before(upstream)) {
            String asked = CHAT.replaceFirst("\\{", "{\"extra\":{\"top_logprobs\":5},");
            assertEquals(400, server.post("/streams", asked).statusCode());
            assertEquals("Hel\n😀llo", TestServer.text(server.chat(CHAT)));
            for (boolean withUsage : List.of(true, false, true)) {
                String body = upstream.takeRequest().body();
                assertEquals(withUsage, body.contains("stream_options"), body);
            }
        }
    }

    @Test
    void halfACharacterIsAskedAsOneThatIsMissing() throws Exception {
        try (RawUpstream upstream = new RawUpstream((request, connection) -> {
                    connection.sendStreamHead();
                    connection.send(ANSWER);
                });
                TestServer server = before(upstream)) {
            server.chat("{\"kind\":\"chat\",\"message\":\"a\\ud83d\"}");
            String body = upstream.takeRequest().body();
            assertTrue(body.contains("\"a\uFFFD\""), body);
        }
    }

    @Test
    void aLongListOfModelsIsReadWhole() throws Exception {
        String models = "{\"id\":\"m\",\"description\":\"" + "x".repeat(1000) + "\"},";
        try (RawUpstream upstream = RawUpstream.saying(
                        reply("200 OK", "", "{\"data\":[" + models.repeat(500) + "{\"id\":\"last\"}]}")
                                .getBytes(StandardCharsets.UTF_8));
                TestServer server = TestServer.before(upstream)) {
            assertTrue(server.get("/models").body().contains("\"last\""));
        }
    }

    /** As many servers do after some quiet seconds; who finds the connection closed asks again. */
    @Test
    void aListOfModelsIsAskedForAgainWhereTheConnectionWasClosed() throws Exception {
        try (RawUpstream upstream = new RawUpstream((request, connection) -> {
                    if (request.line().startsWith("GET /v1/models ")) {
                        connection.send(reply("200 OK", "", "{\"data\":[{\"id\":\"listed\"}]}"));
                    } else {
                        connection.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: "
                                + ANSWER.getBytes(StandardCharsets.UTF_8).length + "\r\n\r\n" + ANSWER);
                    }
                });
                TestServer server = TestServer.before(upstream)) {
            assertEquals("Hel\n😀llo", TestServer.text(server.chat(CHAT.replaceFirst("\\{", "{\"model\":\"m\","))));
            assertTrue(server.get("/models").body().contains("\"listed\""));
        }
    }

    @Test
    void theFirstModelOfTheListIsAskedWhereNoneIsNamed() throws Exception {
        try (RawUpstream upstream = new RawUpstream((request, connection) -> {
                    if (request.line().startsWith("GET /v1/models ")) {
                        connection.send(reply(
                                "200 OK",
                                "Content-Type: application/json\r\n",
                                "{\"data\":[{\"id\":\"first\"},{\"id\":\"second\"}]}"));
                    } else {
                        connection.sendStreamHead();
                        connection.send(ANSWER.replace(
                                "He",
                                TestServer.json(request.body()).path("model").asText()));
                    }
                });
                TestServer server = TestServer.before(upstream)) {
            assertTrue(TestServer.text(server.chat(CHAT)).startsWith("first"));
        }
        try (RawUpstream upstream = RawUpstream.saying(reply("404 No", "", "").getBytes(StandardCharsets.UTF_8));
                TestServer server = TestServer.before(upstream)) {
            HttpResponse<String> response = server.post("/streams", CHAT);
            assertEquals(400, response.statusCode());
            assertTrue(response.body().contains("OPENAI_MODEL"), response.body());
            // An address without its /v1 looks like this.
            assertTrue(response.body().contains("answered 404: check OPENAI_BASE_URL"), response.body());
        }
        try (RawUpstream upstream = new RawUpstream((request, connection) -> connection.reset());
                TestServer server = TestServer.before(upstream)) {
            HttpResponse<String> response = server.post("/streams", CHAT);
            assertEquals(502, response.statusCode());
            assertTrue(response.body().contains("upstream_unreachable"), response.body());
        }
    }

    private static JsonNode last(TestServer server) {
        List<JsonNode> events = server.chat(CHAT);
        return events.get(events.size() - 1);
    }

    @Test
    void eachLimitHasItsOwnCode() throws Exception {
        try (RawUpstream silent = new RawUpstream((request, connection) -> connection.awaitPeerClose());
                TestServer server = before(silent, "FIRST_EVENT_TIMEOUT", "200ms")) {
            HttpResponse<String> response = server.post("/streams", CHAT);
            assertEquals(504, response.statusCode());
            assertTrue(response.body().contains("upstream_timeout"), response.body());
        }
        try (RawUpstream commenting = new RawUpstream((request, connection) -> {
                    connection.sendStreamHead();
                    connection.send(delta("a"));
                    for (int i = 0; i < 1000; i++) {
                        connection.send(": still here\n\n");
                        java.util.concurrent.locks.LockSupport.parkNanos(20_000_000);
                    }
                });
                TestServer server = before(commenting, "IDLE_TIMEOUT", "300ms")) {
            assertEquals(
                    "upstream_idle", last(server).path("error").path("code").asText());
        }
        try (RawUpstream endless = new RawUpstream((request, connection) -> {
                    connection.sendStreamHead();
                    for (int i = 0; i < 1000; i++) {
                        connection.send(delta("a"));
                        java.util.concurrent.locks.LockSupport.parkNanos(20_000_000);
                    }
                });
                TestServer server = before(endless, "STREAM_TIMEOUT", "300ms")) {
            assertEquals(
                    "stream_too_long", last(server).path("error").path("code").asText());
        }
    }

    @Test
    void sizesAreBoundedAndGenerous() throws Exception {
        String line = "x".repeat(1_000_000);
        try (RawUpstream upstream =
                RawUpstream.saying(("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + delta(line) + ANSWER)
                        .getBytes(StandardCharsets.UTF_8))) {
            try (TestServer server = before(upstream)) {
                assertEquals(line + "Hel\n😀llo", TestServer.text(server.chat(CHAT)));
            }
            try (TestServer server = before(upstream, "MAX_EVENT_BYTES", "100000")) {
                JsonNode last = TestServer.json(server.post("/streams", CHAT).body());
                assertEquals("event_too_large", last.path("error").path("code").asText());
                assertTrue(last.path("error").path("message").asText().contains("MAX_EVENT_BYTES"));
            }
            try (TestServer server = before(upstream, "MAX_ANSWER_BYTES", "100000")) {
                assertEquals(
                        "answer_too_large",
                        TestServer.json(server.post("/streams", CHAT).body())
                                .path("error")
                                .path("code")
                                .asText());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aCutAtAnyByteIsToldTruly(boolean reset) throws Exception {
        byte[] answer = ANSWER.getBytes(StandardCharsets.UTF_8);
        String whole = "Hel\n😀llo";
        int ended = ANSWER.indexOf("\"stop\"}]}") + "\"stop\"}]}".length();
        AtomicInteger cut = new AtomicInteger();
        try (RawUpstream upstream = new RawUpstream((request, connection) -> {
                    connection.sendStreamHead();
                    connection.send(Arrays.copyOf(answer, cut.get()));
                    if (reset) {
                        connection.reset();
                    }
                });
                TestServer server = before(upstream)) {
            for (int at = 0; at <= answer.length; at++) {
                cut.set(at);
                List<JsonNode> events = server.chat(CHAT);
                JsonNode last = events.get(events.size() - 1);
                String text = TestServer.text(events);
                assertTrue(whole.startsWith(text), at + ": " + text);
                boolean done = last.path("event").asText().equals("done");
                if (done) {
                    assertEquals(whole, text);
                    assertTrue(at >= ended, "done at " + at);
                } else {
                    assertTrue(reset || at < ended, "failed at " + at);
                    assertEquals(
                            reset && last.path("error").path("code").asText().equals("upstream_error")
                                    ? "upstream_error"
                                    : "upstream_truncated",
                            last.path("error").path("code").asText(),
                            "at " + at);
                }
            }
        }
    }

    @Test
    void aThousandChatsCancelledAtAnyMomentLeaveNothingBehind() throws Exception {
        AtomicInteger closed = new AtomicInteger();
        try (RawUpstream upstream = new RawUpstream((request, connection) -> {
                    try {
                        connection.sendStreamHead();
                        for (int i = 0; i < 200; i++) {
                            connection.send(delta("a"));
                            java.util.concurrent.locks.LockSupport.parkNanos(2_000_000);
                        }
                    } catch (IOException e) {
                        closed.incrementAndGet();
                        return;
                    }
                    connection.awaitPeerClose();
                    closed.incrementAndGet();
                });
                TestServer server = before(upstream)) {
            Random random = new Random(1);
            int threadsBefore = Thread.activeCount();
            for (int round = 0; round < 10; round++) {
                List<CompletableFuture<Void>> cancels = IntStream.range(0, 100)
                        .mapToObj(i -> {
                            int delay = random.nextInt(100);
                            return server.postAsync("/streams", CHAT, "Accept", "application/json")
                                    .thenAcceptAsync(
                                            body -> server.delete("/streams/"
                                                    + TestServer.json(body)
                                                            .path("stream")
                                                            .asText()),
                                            CompletableFuture.delayedExecutor(delay, TimeUnit.MILLISECONDS));
                        })
                        .toList();
                cancels.forEach(CompletableFuture::join);
            }
            TestServer.await("all streams' end", () -> server.liveStreams() == 0);
            TestServer.await("each connection's close", () -> closed.get() == upstream.requestCount());
            assertTrue(upstream.requestCount() > 0, "no cancel came after the request");
            assertFalse(Thread.activeCount() > threadsBefore + 300, "threads left: " + Thread.activeCount());
        }
    }

    /** Servers on this machine need no key, and are given a word that may stand in any answer. */
    @Test
    void whatIsNoSecretStandsInAnswers() throws Exception {
        String answer = "Run `ollama run llama3`. See https://example.com, in My Chat App. x-secret-12345";
        String said = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + delta(answer) + "data: [DONE]\n\n";
        try (RawUpstream upstream = RawUpstream.saying(said.getBytes(StandardCharsets.UTF_8));
                TestServer server = before(
                        upstream,
                        "OPENAI_API_KEY",
                        "ollama",
                        "UPSTREAM_HEADERS",
                        "HTTP-Referer: https://example.com; X-Title: My Chat App; X-Key: x-secret-12345")) {
            assertEquals(answer.replace("x-secret-12345", "[key]"), TestServer.text(server.chat(CHAT)));
        }
    }

    @Test
    void theKeyIsNotShownInACallsArguments() throws Exception {
        String key = "sk-proj-Abcdef0123456789Ghijklmnop";
        String call =
                "\"output_index\":%d,\"item\":{\"type\":\"function_call\",\"name\":\"f\",\"arguments\":\"%s\"}}\n\n";
        String said = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
                + "data: {\"type\":\"response.output_item.added\"," + call.formatted(0, "")
                + "data: {\"type\":\"response.function_call_arguments.delta\",\"output_index\":0,\"delta\":\"" + key
                + "\"}\n\n"
                + "data: {\"type\":\"response.output_item.done\"," + call.formatted(1, key)
                + "data: {\"type\":\"response.completed\",\"response\":{}}\n\n";
        try (RawUpstream upstream = RawUpstream.saying(said.getBytes(StandardCharsets.UTF_8));
                TestServer server = before(upstream, "OPENAI_API_KEY", key, "UPSTREAM_API", "responses")) {
            assertEquals(
                    List.of("", "[key]", "[key]"),
                    server.chat(CHAT).stream()
                            .filter(event -> event.path("event").asText().equals("tool_call"))
                            .map(event -> event.path("arguments").asText())
                            .toList());
        }
    }

    @Test
    void theKeyIsNeverShown() throws Exception {
        String key = "sk-proj-Abcdef0123456789Ghijklmnop";
        List<String> echoes = List.of(
                reply(
                        "401 No",
                        "",
                        "{\"error\":{\"message\":\"Incorrect API key provided: sk-proj-********************mnop. See "
                                + key + "\"}}"),
                reply("400 No", "", "key " + key.substring(4, 20) + " is wrong"),
                reply("500 No", "X: y\r\n", "<p>Authorization: Bearer " + key + "</p>"),
                "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + delta("Bearer " + key)
                        + "data: {\"error\":{\"message\":\"bad " + key + "\"}}\n\n",
                "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: {oops " + key + "}\n\n",
                reply("200 OK", "Content-Type: text/plain\r\n", "hello " + key));
        for (String echo : echoes) {
            try (RawUpstream upstream = RawUpstream.saying(echo.getBytes(StandardCharsets.UTF_8));
                    TestServer server = before(upstream, "OPENAI_API_KEY", key)) {
                String shown = server.post("/streams?format=ndjson", CHAT).body()
                        + server.get("/sse/chat-normal").body()
                        + server.get("/health").body();
                assertEquals("Bearer " + key, upstream.takeRequest().headers().get("authorization"));
                for (int i = 4; i + 8 <= key.length(); i++) {
                    assertFalse(shown.contains(key.substring(i, i + 8)), shown);
                }
                assertFalse(shown.contains("mnop"), shown);
            }
        }
    }
}
