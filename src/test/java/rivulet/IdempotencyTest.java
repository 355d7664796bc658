package rivulet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A request that is made again under the same key means the same stream, and is generated once. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class IdempotencyTest {
    private final AtomicInteger failures = new AtomicInteger();
    private RawUpstream upstream;
    private TestServer server;

    @BeforeEach
    void start() {
        upstream = new RawUpstream((request, connection) -> {
            if (failures.getAndDecrement() > 0) {
                connection.send(
                        "HTTP/1.1 429 Slow\r\nConnection: close\r\nRetry-After: 60\r\nContent-Length: 0\r\n\r\n");
                return;
            }
            connection.sendStreamHead();
            connection.send("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\ndata: [DONE]\n\n");
        });
        server = TestServer.before(upstream, "OPENAI_MODEL", "m");
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
        upstream.close();
    }

    private HttpResponse<String> post(String body, String key) {
        return server.post("/streams", body, "Idempotency-Key", key);
    }

    private static String id(HttpResponse<String> response) {
        return response.headers().firstValue("Stream-Id").orElseThrow();
    }

    @Test
    void theSameRequestMeansTheSameStream() {
        HttpResponse<String> first = post("{\"kind\":\"chat\",\"message\":\"x\",\"temperature\":1}", "key-1");
        HttpResponse<String> again = post("{ \"temperature\":1, \"message\":\"x\", \"kind\":\"chat\" }", "key-1");
        assertEquals(id(first), id(again));
        assertEquals(first.body().replaceAll("retry: \\d+", ""), again.body().replaceAll("retry: \\d+", ""));
        assertEquals(1, upstream.requestCount());
        assertNotEquals(id(first), id(post("{\"kind\":\"chat\",\"message\":\"x\",\"temperature\":1}", "key-2")));
    }

    @Test
    void aGetGivesItsKeyInTheQuery() {
        HttpResponse<String> first = server.get("/sse/chat?message=x&idempotency_key=k");
        assertEquals(id(first), id(server.get("/sse/chat?idempotency_key=k&message=x&_=5")));
        assertEquals(409, server.get("/sse/chat?message=y&idempotency_key=k").statusCode());
        assertEquals(
                "{\"message\":\"a\"}",
                server.get("/sse/chat-normal?idempotency_key=n").body());
        assertEquals(
                "{\"message\":\"a\"}",
                server.get("/sse/chat-normal?idempotency_key=n").body());
        assertEquals(2, upstream.requestCount());
    }

    @Test
    void anotherRequestMayNotUseTheKey() {
        post("{\"kind\":\"chat\",\"message\":\"x\"}", "key-1");
        assertEquals(409, post("{\"kind\":\"chat\",\"message\":\"y\"}", "key-1").statusCode());
        assertEquals(
                409,
                server.post("/sse/chat", "{\"message\":\"x\"}", "Idempotency-Key", "key-1")
                        .statusCode());
        assertEquals(400, post("{\"kind\":\"chat\",\"message\":\"x\"}", "a b").statusCode());
        assertEquals(
                400,
                post("{\"kind\":\"chat\",\"message\":\"x\"}", "k".repeat(256)).statusCode());
    }

    @Test
    void theSameNumberMayBeWrittenInOtherWays() {
        String body = "{\"kind\":\"chat\",\"message\":\"x\",\"temperature\":%s,\"extra\":{\"a\":[%s]}}";
        HttpResponse<String> first = post(body.formatted("1", "100"), "n");
        assertEquals(id(first), id(post(body.formatted("1.0", "1e2"), "n")));
        assertEquals(409, post(body.formatted("1", "101"), "n").statusCode());
        // Larger than a double.
        String large = "1" + "0".repeat(400);
        HttpResponse<String> of = post(body.formatted("1", large), "l");
        assertEquals(id(of), id(post(body.formatted("1", large), "l")));
        assertEquals(409, post(body.formatted("1", large + "0"), "l").statusCode());
        assertEquals(400, post(body.formatted("1", "1e999"), "i").statusCode());
    }

    @Test
    void ofManyAtOnceOneGenerates() {
        List<CompletableFuture<String>> answers = IntStream.range(0, 50)
                .mapToObj(i ->
                        server.postAsync("/streams", "{\"kind\":\"chat\",\"message\":\"x\"}", "Idempotency-Key", "k"))
                .toList();
        Set<String> bodies = answers.stream()
                .map(answer -> answer.join().replaceAll("retry: \\d+", ""))
                .collect(Collectors.toSet());
        assertEquals(1, bodies.size());
        assertEquals(1, upstream.requestCount());
    }

    @Test
    void aFailureThatMayPassGivesTheKeyBack() {
        failures.set(1);
        assertEquals(429, post("{\"kind\":\"chat\",\"message\":\"x\"}", "k").statusCode());
        HttpResponse<String> second = post("{\"kind\":\"chat\",\"message\":\"x\"}", "k");
        assertEquals(200, second.statusCode());
        assertEquals(id(second), id(post("{\"kind\":\"chat\",\"message\":\"x\"}", "k")));
    }

    @Test
    void whatWasCancelledBeforeItSaidAnythingGivesTheKeyBack() {
        try (TestServer simulated = TestServer.with()) {
            String body = "{\"kind\":\"chat\",\"message\":\"x\",\"model\":\"%s\"}";
            String[] headers = {"Accept", "application/json", "Idempotency-Key", "k"};
            String first = id(simulated.post("/streams", body.formatted("sim-stall"), headers));
            simulated.delete("/streams/" + first);
            String second = id(simulated.post("/streams", body.formatted("sim-stall"), headers));
            assertNotEquals(first, second);
            assertEquals(second, id(simulated.post("/streams", body.formatted("sim-stall"), headers)));
        }
    }

    @Test
    void theKeyIsBackAsSoonAsTheFailureIsSeen() {
        for (int i = 0; i < 200; i++) {
            failures.set(1);
            String key = "k" + i;
            assertEquals(429, post("{\"kind\":\"chat\",\"message\":\"x\"}", key).statusCode());
            String again = post("{\"kind\":\"chat\",\"message\":\"x\"}", key).body();
            assertTrue(again.contains("event: done"), again);
        }
    }

    @Test
    void aPositionIsStrongerThanTheKey() {
        HttpResponse<String> first = post("{\"kind\":\"chat\",\"message\":\"x\"}", "k");
        HttpResponse<String> resumed = server.post(
                "/streams",
                "{\"kind\":\"chat\",\"message\":\"other\"}",
                "Idempotency-Key",
                "k",
                "Last-Event-ID",
                id(first) + ".1");
        assertEquals(200, resumed.statusCode());
        assertEquals(1, upstream.requestCount());
    }

    @Test
    void whatIsGeneratedInTheBackgroundIsAnsweredAlike() {
        String body = "{\"kind\":\"chat\",\"message\":\"x\"}";
        String[] headers = {"Accept", "application/json", "Idempotency-Key", "k"};
        HttpResponse<String> first = server.post("/streams", body, headers);
        HttpResponse<String> again = server.post("/streams", body, headers);
        assertEquals(201, again.statusCode());
        assertEquals(first.headers().firstValue("Location"), again.headers().firstValue("Location"));
    }
}
