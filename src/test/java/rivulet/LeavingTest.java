package rivulet;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import okhttp3.Call;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.Response;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Viewers leave, users cancel, the server stops: the upstream's connection closes, and nothing is left over. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class LeavingTest {
    private static final String DELTA = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n";

    private static final String NEXT = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";

    /** An upstream that says one delta, and then waits for the peer to close. */
    private static RawUpstream waiting() {
        return waitingAfter(DELTA);
    }

    /** An upstream that answers, says that, and waits for the peer to close. */
    private static RawUpstream waitingAfter(String said) {
        return new RawUpstream((request, connection) -> {
            connection.sendStreamHead();
            connection.send(said);
            connection.awaitPeerClose();
        });
    }

    private static OkHttpClient http2() {
        return new OkHttpClient.Builder()
                .protocols(List.of(Protocol.H2_PRIOR_KNOWLEDGE))
                .readTimeout(Duration.ofSeconds(30))
                .build();
    }

    private static String begin(TestServer server) {
        HttpResponse<String> created =
                server.post("/streams", "{\"kind\":\"chat\",\"message\":\"hi\"}", "Accept", "application/json");
        return TestServer.json(created.body()).path("stream").asText();
    }

    private static void awaitText(TestServer server, String id) {
        TestServer.await(
                "the first delta", () -> state(server, id).path("text").asText().equals("a"));
    }

    private static JsonNode state(TestServer server, String id) {
        return TestServer.json(
                server.get("/streams/" + id, "Accept", "application/json").body());
    }

    private static long millisSince(long nanos, long until) {
        return Duration.ofNanos(until - nanos).toMillis();
    }

    @Test
    void whoAsksForWholeAnswersAndDoesNotReadThemHoldsUpNobody() throws Exception {
        String large = DELTA.replace("\"a\"", "\"" + "a".repeat(95_000) + "\"").repeat(150);
        List<Socket> unread = new ArrayList<>();
        try (RawUpstream upstream = new RawUpstream((request, connection) -> {
                    connection.sendStreamHead();
                    connection.send(large + "data: [DONE]\n\n");
                });
                TestServer server = TestServer.before(upstream, "OPENAI_MODEL", "m", "MAX_ANSWER_BYTES", "50000000")) {
            for (int i = 0; i < 4; i++) {
                unread.add(RawHttp.unread(server.port(), "/sse/chat-normal?message=hi"));
            }
            for (Socket socket : unread) {
                assertEquals('H', socket.getInputStream().read());
            }
            assertTrue(server.get("/sse/countdown?from=1").body().contains("done"));
        } finally {
            for (Socket socket : unread) {
                socket.close();
            }
        }
    }

    @Test
    void aCancelMidStreamClosesTheUpstreamAtOnceAndKeepsTheText() throws Exception {
        try (RawUpstream upstream = waiting();
                TestServer server = TestServer.before(upstream, "OPENAI_MODEL", "m")) {
            String id = begin(server);
            awaitText(server, id);
            JsonNode cancelled = TestServer.json(server.delete("/streams/" + id).body());
            upstream.takeClosedNanos();
            assertEquals("done", cancelled.path("status").asText());
            assertEquals("cancelled", cancelled.path("finish_reason").asText());
            assertEquals("a", cancelled.path("text").asText());
            assertEquals(
                    "{\"output_tokens\":1,\"estimated\":true}",
                    cancelled.path("usage").toString());
            assertEquals(
                    cancelled, TestServer.json(server.delete("/streams/" + id).body()));
            assertEquals(0, server.liveStreams());
        }
    }

    @Test
    void aCancelBeforeTheUpstreamsHeadClosesItToo() throws Exception {
        try (RawUpstream upstream = new RawUpstream((request, connection) -> connection.awaitPeerClose());
                TestServer server = TestServer.before(upstream, "OPENAI_MODEL", "m")) {
            String id = begin(server);
            upstream.takeRequest();
            server.delete("/streams/" + id);
            upstream.takeClosedNanos();
            assertEquals("cancelled", state(server, id).path("finish_reason").asText());
        }
    }

    @Test
    void aCancelWhileTheUpstreamIsAskedAgainEndsTheAsking() throws Exception {
        try (RawUpstream upstream =
                        RawUpstream.saying("HTTP/1.1 429 Slow\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"
                                .getBytes(StandardCharsets.UTF_8));
                TestServer server = TestServer.before(upstream, "OPENAI_MODEL", "m")) {
            String id = begin(server);
            upstream.takeRequest();
            server.delete("/streams/" + id);
            assertEquals("cancelled", state(server, id).path("finish_reason").asText());
            assertEquals(1, upstream.requestCount());
        }
    }

    @Test
    void whoLeavesAWholeAnswerEndsIt() throws Exception {
        try (RawUpstream upstream = waiting();
                TestServer server = TestServer.before(upstream, "OPENAI_MODEL", "m")) {
            try (Socket client = connect(server, "GET /sse/chat-normal HTTP/1.1\r\nHost: localhost\r\n\r\n")) {
                upstream.takeRequest();
                assertFalse(client.isClosed());
            }
            upstream.takeClosedNanos();
        }
    }

    @Test
    void whoLeavesAWholeAnswerLeavesItToTheOthersUnderItsKey() throws Exception {
        CountDownLatch left = new CountDownLatch(1);
        try (RawUpstream upstream = new RawUpstream((request, connection) -> {
                    connection.sendStreamHead();
                    connection.send(DELTA);
                    assertDoesNotThrow(() -> assertTrue(left.await(30, TimeUnit.SECONDS)));
                    connection.send(DELTA + "data: [DONE]\n\n");
                });
                TestServer server = TestServer.before(upstream, "OPENAI_MODEL", "m")) {
            String path = "/sse/chat-normal?idempotency_key=k";
            CompletableFuture<String> stays;
            try (Socket client = connect(server, "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n")) {
                upstream.takeRequest();
                assertFalse(client.isClosed());
                stays = server.getAsync(path);
            }
            Scrape.until(server, Scrape.NOTHING, s -> s.sum("rivulet_requests_total", "/sse/chat-normal") >= 1);
            left.countDown();
            assertEquals("{\"message\":\"aa\"}", stays.get(10, TimeUnit.SECONDS));
            assertEquals("{\"message\":\"aa\"}", server.get(path).body());
            assertEquals(1, upstream.requestCount());
        }
    }

    @Test
    void aWholeAnswerThatWasCancelledIsNotGivenAsIfItWereWhole() throws Exception {
        int length = 100_000;
        try (RawUpstream upstream = waitingAfter(DELTA.replace("\"a\"", "\"" + "a".repeat(length) + "\""));
                TestServer server = TestServer.before(upstream, "OPENAI_MODEL", "m", "DISCONNECT_GRACE", "0s")) {
            String path = "/sse/chat-normal?idempotency_key=k";
            try (Socket client = connect(server, "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n")) {
                // Of a stream that said nothing the key would be given back.
                Scrape.until(server, Scrape.NOTHING, s -> s.sum("rivulet_log_used_bytes") >= length);
                assertFalse(client.isClosed());
            }
            upstream.takeClosedNanos();
            HttpResponse<String> again = server.get(path);
            assertEquals(409, again.statusCode());
            assertEquals(
                    "cancelled", TestServer.json(again.body()).at("/error/code").asText());
            assertEquals(1, upstream.requestCount());
        }
    }

    /** Whom nothing was told cannot come back: the stream need not wait for that, however long it would. */
    @Test
    void whoLeavesBeforeTheFirstEventEndsIt() throws Exception {
        try (RawUpstream upstream = waitingAfter("");
                TestServer server = TestServer.before(upstream, "OPENAI_MODEL", "m", "DISCONNECT_GRACE", "1h")) {
            try (Socket client = connect(server, "GET /sse/chat HTTP/1.1\r\nHost: localhost\r\n\r\n")) {
                upstream.takeRequest();
                assertFalse(client.isClosed());
            }
            upstream.takeClosedNanos();
            TestServer.await("the stream's end", () -> server.liveStreams() == 0 && server.viewers() == 0);
        }
    }

    @Test
    void whoTakesAnHttp2RequestBackBeforeTheFirstEventEndsIt() throws Exception {
        try (RawUpstream upstream = waitingAfter("");
                TestServer server = TestServer.before(upstream, "OPENAI_MODEL", "m", "DISCONNECT_GRACE", "1h")) {
            OkHttpClient http2 = http2();
            for (String path : List.of("/sse/chat", "/sse/chat", "/sse/chat-normal")) {
                Call call = http2.newCall(
                        new Request.Builder().url(server.url(path)).build());
                CompletableFuture<Void> asked = CompletableFuture.runAsync(() ->
                        assertThrows(IOException.class, () -> call.execute().close()));
                upstream.takeRequest();
                call.cancel();
                asked.join();
                upstream.takeClosedNanos();
            }
            TestServer.await("the streams' end", () -> server.liveStreams() == 0 && server.viewers() == 0);
            http2.connectionPool().evictAll();
        }
    }

    @Test
    void whoResumesByPostAndLeavesIsNoticed() throws Exception {
        try (RawUpstream upstream = waiting();
                TestServer server = TestServer.before(upstream, "OPENAI_MODEL", "m")) {
            String id = begin(server);
            awaitText(server, id);
            String head = "POST /streams HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: " + id
                    + ".0\r\nContent-Length: 16\r\n\r\n";
            try (Socket client = connect(server, head)) {
                // In a packet of its own: it must not be taken for the next request.
                TestServer.await(
                        "the head's arrival", () -> server.get("/health").statusCode() == 200);
                client.getOutputStream().write("{\"kind\": \"chat\"}".getBytes(StandardCharsets.UTF_8));
                readUntil(client.getInputStream(), "\"delta\":\"a\"");
                assertEquals(1, server.viewers());
            }
            TestServer.await("the viewer's leaving", () -> server.viewers() == 0);
        }
    }

    @Test
    void whoSendsItsNextRequestAheadAndLeavesIsNoticed() throws Exception {
        try (RawUpstream upstream = waiting();
                TestServer server = TestServer.before(upstream, "OPENAI_MODEL", "m", "DISCONNECT_GRACE", "0s")) {
            try (Socket client = connect(server, "GET /sse/chat HTTP/1.1\r\nHost: localhost\r\n\r\n")) {
                readUntil(client.getInputStream(), "data: a\n");
                client.getOutputStream().write(NEXT.getBytes(StandardCharsets.UTF_8));
            }
            upstream.takeClosedNanos();
            TestServer.await("the stream's end", () -> server.liveStreams() == 0 && server.viewers() == 0);
        }
    }

    @Test
    void requestsSentAheadInPiecesAreAnsweredInTheirTurn() throws Exception {
        try (TestServer server = TestServer.with("OPENAI_MODEL", "sim-fast")) {
            String slow = "GET /sse/fake-llm?text=ab&delay=800ms HTTP/1.1\r\nHost: localhost\r\n\r\n";
            String ahead = NEXT + NEXT + NEXT.replace("Host", "X-Long: " + "x".repeat(3000) + "\r\nHost") + NEXT;
            // With the request, so that Jetty holds the beginning of what follows, and without.
            for (String first : List.of(slow, slow + ahead.substring(0, 5), slow + NEXT + ahead.substring(0, 5))) {
                int asked = first.contains(NEXT) ? 5 : 4;
                try (Socket client = connect(server, first)) {
                    String rest = first.equals(slow) ? ahead : ahead.substring(5);
                    client.setTcpNoDelay(true);
                    readUntil(client.getInputStream(), "data: a\n");
                    client.getOutputStream().write(rest.substring(0, 7).getBytes(StandardCharsets.UTF_8));
                    readUntil(client.getInputStream(), "data: b\n");
                    client.getOutputStream().write(rest.substring(7).getBytes(StandardCharsets.UTF_8));
                    for (int i = 0; i < asked; i++) {
                        readUntil(client.getInputStream(), "\"status\":\"ok\"");
                    }
                    assertFalse(client.isClosed());
                }
            }
        }
    }

    @Test
    void withoutGraceTheLastViewerTakesTheStreamWithIt() throws Exception {
        try (RawUpstream upstream = waiting();
                TestServer server = TestServer.before(upstream, "OPENAI_MODEL", "m", "DISCONNECT_GRACE", "0s")) {
            try (Socket client = connect(server, "GET /sse/chat HTTP/1.1\r\nHost: localhost\r\n\r\n")) {
                readUntil(client.getInputStream(), "data: a\n");
            }
            upstream.takeClosedNanos();
            TestServer.await("the stream's end", () -> server.liveStreams() == 0);
        }
    }

    @Test
    void withGraceTheStreamWaitsForAViewerToComeBack() throws Exception {
        try (RawUpstream upstream = waiting();
                TestServer server = TestServer.before(upstream, "OPENAI_MODEL", "m", "DISCONNECT_GRACE", "400ms")) {
            String seen;
            try (Socket client = connect(server, "GET /sse/chat HTTP/1.1\r\nHost: localhost\r\n\r\n")) {
                seen = readUntil(client.getInputStream(), "data: a\n");
            }
            TestServer.await("the viewer's leaving", () -> server.viewers() == 0);
            assertEquals(1, server.liveStreams());
            String id = seen.replaceAll("(?s).*Stream-Id: (\\S+).*", "$1");
            try (Socket client = connect(
                    server,
                    "GET /streams/" + id + " HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: " + id + ".0\r\n\r\n")) {
                readUntil(client.getInputStream(), "{\"delta\":\"a\"}");
                assertEquals(1, server.liveStreams());
            }
            upstream.takeClosedNanos();
            assertEquals("cancelled", state(server, id).path("finish_reason").asText());
        }
    }

    @Test
    void aBackgroundStreamNeedsNoViewer() throws Exception {
        try (RawUpstream upstream = waiting();
                TestServer server = TestServer.before(upstream, "OPENAI_MODEL", "m", "DISCONNECT_GRACE", "0s")) {
            String body = "{\"kind\":\"chat\",\"message\":\"hi\",\"background\":true}";
            try (Socket client = connect(
                    server,
                    "POST /streams HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + body.length() + "\r\n\r\n"
                            + body)) {
                readUntil(client.getInputStream(), "{\"delta\":\"a\"}");
            }
            TestServer.await("the viewer's leaving", () -> server.viewers() == 0);
            assertEquals(1, server.liveStreams());
        }
    }

    @Test
    void viewersThatResetTheirHttp2StreamsLeaveNothingSpinning() throws Exception {
        try (RawUpstream upstream = waiting();
                TestServer server = TestServer.before(upstream, "OPENAI_MODEL", "m", "DISCONNECT_GRACE", "0s")) {
            OkHttpClient http2 = http2();
            List<Call> calls = new ArrayList<>();
            for (int i = 0; i < 50; i++) {
                Call call = http2.newCall(
                        new Request.Builder().url(server.url("/sse/chat")).build());
                Response response = call.execute();
                assertEquals(Protocol.H2_PRIOR_KNOWLEDGE, response.protocol());
                assertEquals("event: start", response.body().source().readUtf8Line());
                calls.add(call);
            }
            assertEquals(50, server.viewers());
            calls.forEach(Call::cancel);
            TestServer.await("all viewers' leaving", () -> server.viewers() == 0 && server.liveStreams() == 0);
            assertNothingSpins();
            http2.connectionPool().evictAll();
        }
    }

    @Test
    void viewersThatResetTheirHttp2StreamsAreNoErrors() throws Exception {
        PrintStream console = System.err;
        ByteArrayOutputStream logged = new ByteArrayOutputStream();
        System.setErr(new PrintStream(logged, true, StandardCharsets.UTF_8));
        OkHttpClient http2 = http2();
        try (TestServer server =
                TestServer.with("OPENAI_MODEL", "sim-wait-1ms-500tps-999tokens", "DISCONNECT_GRACE", "0s")) {
            Request request = new Request.Builder().url(server.url("/sse/chat")).build();
            for (int i = 0; i < 150; i++) {
                List<Response> begun = new ArrayList<>();
                for (int j = 0; j < 5; j++) {
                    begun.add(http2.newCall(request).execute());
                }
                // Not read to its end, each is reset.
                begun.forEach(Response::close);
            }
            TestServer.await("all viewers' leaving", () -> server.viewers() == 0 && server.liveStreams() == 0);
        } finally {
            System.setErr(console);
            http2.connectionPool().evictAll();
        }
        assertFalse(logged.toString(StandardCharsets.UTF_8).contains("WARN org.eclipse.jetty"), logged::toString);
    }

    @Test
    void aStopWithLiveStreamsTellsEachItsEndAndLeavesNothingSpinning() throws Exception {
        List<Socket> clients = new ArrayList<>();
        try (RawUpstream upstream = waiting()) {
            TestServer server = TestServer.before(upstream, "OPENAI_MODEL", "m");
            for (int i = 0; i < 200; i++) {
                Socket client = connect(server, "GET /sse/chat HTTP/1.1\r\nHost: localhost\r\n\r\n");
                readUntil(client.getInputStream(), "data: a\n");
                clients.add(client);
            }
            long asked = System.nanoTime();
            server.close();
            assertTrue(millisSince(asked, System.nanoTime()) < 10_000);
            for (Socket client : clients) {
                String last = readUntil(client.getInputStream(), "0\r\n\r\n");
                assertTrue(last.contains("event: failed\ndata: {\"error\":{\"code\":\"shutting_down\""), last);
                client.close();
            }
        }
        assertNothingSpins();
    }

    /** Over and over: what stops at once would only sometimes be faster than what answers. */
    @Test
    void aStopTellsThoseWhoHaveNoHeadYetWhy() throws Exception {
        for (int round = 0; round < 5; round++) {
            List<CompletableFuture<HttpResponse<String>>> answers = new ArrayList<>();
            try (RawUpstream upstream = waitingAfter("");
                    TestServer server = TestServer.before(upstream, "OPENAI_MODEL", "m")) {
                for (int i = 0; i < 20; i++) {
                    String path = i % 2 == 0 ? "/sse/chat-normal" : "/sse/chat";
                    answers.add(TestServer.meanwhile(() -> server.get(path)));
                }
                TestServer.await("all are asked", () -> server.liveStreams() == 20);
            }
            for (CompletableFuture<HttpResponse<String>> answer : answers) {
                assertEquals(503, answer.get().statusCode());
                assertEquals(
                        "5", answer.get().headers().firstValue("Retry-After").orElse("none"));
                assertTrue(
                        answer.get().body().contains("shutting_down"),
                        answer.get().body());
            }
        }
    }

    @Test
    void whoAsksInTheVeryMomentOfTheStopIsToldOfItIfOfAnything() throws InterruptedException {
        for (int round = 0; round < 5; round++) {
            List<CompletableFuture<HttpResponse<String>>> asking = new ArrayList<>();
            try (TestServer server = TestServer.with()) {
                for (int i = 0; i < 6; i++) {
                    String path = i % 2 == 0 ? "/models" : "/openapi.json";
                    asking.add(TestServer.meanwhile(() -> {
                        HttpResponse<String> last = server.get(path);
                        while (last.statusCode() == 200) {
                            last = server.get(path);
                        }
                        return last;
                    }));
                }
                TimeUnit.MILLISECONDS.sleep(100);
            }
            for (CompletableFuture<HttpResponse<String>> last : asking) {
                // A connection that Jetty took as it stopped is closed with the process, which goes on here.
                HttpResponse<String> refusal = last.orTimeout(5, TimeUnit.SECONDS)
                        .exceptionally(closed -> null)
                        .join();
                assertTrue(refusal == null || refusal.body().contains("\"shutting_down\""), () -> refusal.body());
                assertTrue(refusal == null || refusal.statusCode() == 503);
            }
        }
    }

    @Test
    void whoComesWhileTheServerDrainsIsTurnedAwayAndWhoIsThereIsServed() throws Exception {
        try (TestServer server = TestServer.with("OPENAI_MODEL", "sim-fast", "DRAIN_TIMEOUT", "20s")) {
            var live = server.getAsync("/sse/fake-llm?text=0123456789&delay=100ms");
            TestServer.await("the stream's start", () -> server.liveStreams() == 1);
            Thread stop = new Thread(server.app()::stop);
            stop.start();
            TestServer.await("the drain", () -> server.get("/health/ready").statusCode() == 503);
            HttpResponse<String> refused = server.get("/sse/countdown");
            assertEquals(503, refused.statusCode());
            assertTrue(refused.headers().firstValue("Retry-After").isPresent());
            assertEquals("0123456789[DONE]", SseParser.messages(live.join()));
            stop.join();
        }
    }

    /** No thread of ours, or of the server's, may use a processor when nothing happens. */
    private static void assertNothingSpins() throws InterruptedException {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        TestServer.await("rest", () -> {
            long before = cpuNanos(threads);
            java.util.concurrent.locks.LockSupport.parkNanos(
                    Duration.ofMillis(200).toNanos());
            return cpuNanos(threads) - before < Duration.ofMillis(60).toNanos();
        });
    }

    private static long cpuNanos(ThreadMXBean threads) {
        long sum = 0;
        for (long id : threads.getAllThreadIds()) {
            sum += Math.max(0, threads.getThreadCpuTime(id));
        }
        return sum;
    }

    private static Socket connect(TestServer server, String request) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port());
        socket.setSoTimeout(10_000);
        socket.getOutputStream().write(request.getBytes(StandardCharsets.UTF_8));
        return socket;
    }

    private static String readUntil(InputStream in, String wanted) throws IOException {
        StringBuilder read = new StringBuilder();
        while (read.indexOf(wanted) < 0) {
            int next = in.read();
            if (next < 0) {
                throw new AssertionError("ended before " + wanted + ": " + read);
            }
            read.append((char) next);
        }
        return read.toString();
    }
}
