package rivulet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How an upstream frames its body, and where the network cuts it, is not to be seen in the answer (RFC 9112). */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class UpstreamBodyTest {
    private static final String CHAT = "{\"kind\":\"chat\",\"message\":\"hi\"}";
    private static final String HEAD = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n";
    private static final String CHUNKED = HEAD + "Transfer-Encoding: chunked\r\n\r\n";
    private static final String DONE = "data: [DONE]\n\n";
    private static final String STOP =
            "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
    private static final String TEXT = "Hel\n😀llo";

    private static String delta(String content) {
        return "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" + content + "\"}}]}\n\n";
    }

    private static final String EVENTS =
            delta("H") + ": note\n\n" + delta("el") + delta("\\n\\ud83d\\ude00") + delta("l") + delta("lo") + DONE;

    private static String chunk(String text) {
        return Integer.toHexString(text.getBytes(StandardCharsets.UTF_8).length) + "\r\n" + text + "\r\n";
    }

    private static String inChunks(String text, int size) {
        StringBuilder chunks = new StringBuilder();
        for (int at = 0; at < text.length(); at += size) {
            chunks.append(chunk(text.substring(at, Math.min(text.length(), at + size))));
        }
        return chunks + "0\r\n\r\n";
    }

    private static TestServer before(RawUpstream upstream) {
        return TestServer.before(upstream, "OPENAI_MODEL", "m");
    }

    private static void pause() {
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(3));
    }

    private static void assertWhole(List<JsonNode> events, String where) {
        assertEquals(TEXT, TestServer.text(events), where);
        assertEquals("done", events.get(events.size() - 1).path("event").asText(), where);
    }

    private static String lastCode(List<JsonNode> events) {
        return events.get(events.size() - 1).path("error").path("code").asText();
    }

    @Test
    void eachFramingIsRead() throws Exception {
        List<String> answers = List.of(
                HEAD + "\r\n" + EVENTS,
                "HTTP/1.0 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + EVENTS,
                HEAD + "Connection: close\r\nContent-Length: " + EVENTS.length() + "\r\n\r\n" + EVENTS,
                CHUNKED + inChunks(EVENTS, 7),
                CHUNKED + inChunks(EVENTS, 1),
                CHUNKED + inChunks(EVENTS, 100_000),
                (HEAD + "Transfer-Encoding: Chunked\r\n\r\n" + inChunks(EVENTS, 50)).replace("\r\n", "\n"),
                CHUNKED + inChunks(EVENTS, 33).replaceAll("(\n21)(\r\n)", "$1;name=\"value\"$2"),
                CHUNKED + inChunks(EVENTS, 26).replaceAll("(\n)1a(\r\n)", "$10001A $2"),
                CHUNKED + inChunks(EVENTS, 40).replaceAll("0\r\n\r\n$", "000;last\r\nTrailer: x\r\nOther: y\r\n\r\n"),
                "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + CHUNKED + inChunks(EVENTS, 60),
                "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" + HEAD + "\r\n" + EVENTS);
        AtomicInteger index = new AtomicInteger();
        try (RawUpstream upstream = new RawUpstream((request, connection) -> {
                    String answer;
                    do {
                        answer = answers.get(index.get());
                        connection.send(answer);
                    } while (answer.contains("\nTransfer-Encoding:") && connection.nextRequest() != null);
                });
                TestServer server = before(upstream)) {
            for (int i = 0; i < answers.size(); i++) {
                index.set(i);
                assertWhole(server.chat(CHAT), "answer " + i);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 60, 100_000})
    void whereTheNetworkCutsIsNotSeen(int chunkSize) throws Exception {
        byte[] answer = (CHUNKED + inChunks(EVENTS, chunkSize)).getBytes(StandardCharsets.UTF_8);
        AtomicInteger cut = new AtomicInteger();
        int step = Math.max(1, answer.length / 400);
        try (RawUpstream upstream = new RawUpstream((request, connection) -> {
                    do {
                        connection.send(Arrays.copyOf(answer, cut.get()));
                        pause();
                        connection.send(Arrays.copyOfRange(answer, cut.get(), answer.length));
                    } while (connection.nextRequest() != null);
                });
                TestServer server = before(upstream)) {
            for (int at = 0; at <= answer.length; at += step) {
                cut.set(at);
                assertWhole(server.chat(CHAT), "cut at " + at);
            }
        }
    }

    @Test
    void aBodyThatIsCutAnywhereIsToldTruly() throws Exception {
        String body = inChunks(EVENTS, 60);
        int head = CHUNKED.length();
        byte[] answer = (CHUNKED + body).getBytes(StandardCharsets.UTF_8);
        AtomicInteger cut = new AtomicInteger();
        int ended = (CHUNKED + body).indexOf("[DONE]");
        try (RawUpstream upstream = new RawUpstream((request, connection) -> {
                    connection.send(Arrays.copyOf(answer, cut.get()));
                    if (cut.get() % 2 == 0) {
                        pause();
                    }
                });
                TestServer server = before(upstream)) {
            for (int at = head; at < answer.length; at += 3) {
                cut.set(at);
                List<JsonNode> events = server.chat(CHAT);
                assertTrue(TEXT.startsWith(TestServer.text(events)), "cut at " + at);
                assertEquals(
                        at < ended ? "upstream_truncated" : "", lastCode(events).substring(0, at < ended ? 18 : 0));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "xyz\r\nabc\r\n",
                "\r\nabc\r\n",
                "-1\r\nabc\r\n",
                "fffffffffffffffff\r\nabc\r\n",
                "8000000000000000\r\nabc\r\n",
                "2\r\nabc\r\n",
                "5 or so\r\n"
            })
    void whatIsNoChunkIsACutAnswer(String wrong) throws Exception {
        try (RawUpstream upstream = new RawUpstream((request, connection) -> {
                    connection.send(CHUNKED + chunk(delta("H")) + wrong);
                    connection.awaitPeerClose();
                });
                TestServer server = before(upstream)) {
            List<JsonNode> events = server.chat(CHAT);
            assertEquals("H", TestServer.text(events));
            assertEquals("upstream_truncated", lastCode(events));
            long unused = upstream.takeClosedNanos();
        }
    }

    @Test
    void aChunkMayBeAsLargeAsAnything() throws Exception {
        try (RawUpstream upstream = new RawUpstream((request, connection) -> {
                    connection.send(CHUNKED + "7fffffffffffffff\r\n" + EVENTS);
                    connection.awaitPeerClose();
                });
                TestServer server = before(upstream)) {
            assertWhole(server.chat(CHAT), "one chunk");
            long unused = upstream.takeClosedNanos();
        }
    }

    @Test
    void anAnswerWithoutABodyIsNotWaitedFor() throws Exception {
        try (RawUpstream upstream = new RawUpstream((request, connection) -> {
                    do {
                        connection.send(HEAD.replace("200 OK", "204 No Content") + "\r\n");
                    } while (connection.nextRequest() != null);
                });
                TestServer server = before(upstream)) {
            for (int i = 0; i < 5; i++) {
                assertEquals("upstream_truncated", lastCode(server.chat(CHAT)));
            }
        }
    }

    /** What one connection is asked, one after the other, and answers in chunks; with something behind the last answer. */
    private static List<Integer> requestsAConnection(String end, String behind) throws Exception {
        List<Integer> counts = new ArrayList<>();
        try (RawUpstream upstream = new RawUpstream((request, connection) -> {
                    int count = 0;
                    for (RawUpstream.Request next = request; next != null; next = connection.nextRequest()) {
                        count++;
                        connection.send(CHUNKED + chunk(delta("a")));
                        if (count % 2 == 0) {
                            // Read by the call's thread and by a loop's.
                            pause();
                        }
                        connection.send(chunk(end) + "0\r\n\r\n" + behind);
                    }
                    synchronized (counts) {
                        counts.add(count);
                    }
                });
                TestServer server = before(upstream)) {
            for (int i = 0; i < 40; i++) {
                assertEquals("a", TestServer.text(server.chat(CHAT)));
                // The connection is free when the body has ended, which is after the answer has.
                pause();
            }
        }
        TestServer.await("each connection's end", () -> {
            synchronized (counts) {
                return counts.stream().mapToInt(Integer::intValue).sum() == 40;
            }
        });
        return counts;
    }

    @Test
    void aConnectionIsUsedAgain() throws Exception {
        for (String end : List.of(DONE, STOP + DONE, STOP)) {
            List<Integer> counts = requestsAConnection(end, "");
            assertTrue(counts.size() < 10, "requests a connection: " + counts);
        }
    }

    @Test
    void aConnectionThatSaysMoreThanItsBodyIsNot() throws Exception {
        assertEquals(40, requestsAConnection(DONE, "HTTP/1.1 200 OK\r\n\r\n").size());
    }

    @Test
    void whatNobodyAskedForIsNoAnswerToTheNextQuestion() throws Exception {
        String unasked = HEAD + "Content-Length: " + (delta("no") + DONE).length() + "\r\n\r\n" + delta("no") + DONE;
        List<String> answers = List.of(
                HEAD + "Content-Length: " + (delta("a") + DONE).length() + "\r\n\r\n" + delta("a") + DONE,
                (CHUNKED + inChunks(delta("a") + DONE, 20)).replace("event-stream", "plain"),
                "HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\nno");
        for (String answer : answers) {
            try (RawUpstream upstream = new RawUpstream((request, connection) -> {
                        for (RawUpstream.Request next = request; next != null; next = connection.nextRequest()) {
                            connection.send(answer + unasked);
                        }
                    });
                    TestServer server = before(upstream)) {
                for (int i = 0; i < 5; i++) {
                    String body = server.post("/generate", "{\"query\":\"hi\"}").body();
                    assertTrue(body.contains(answer.contains("400") ? "upstream_rejected" : "\"delta\":\"a\""), body);
                    pause();
                }
                assertEquals(5, upstream.requestCount(), answer);
            }
        }
    }

    @Test
    void quietStreamsHoldNoThread() throws Exception {
        CountDownLatch over = new CountDownLatch(1);
        try (RawUpstream upstream = new RawUpstream((request, connection) -> {
                    connection.send(CHUNKED + chunk(delta("a")));
                    await(over);
                    connection.send(chunk(DONE) + "0\r\n\r\n");
                });
                TestServer server = before(upstream)) {
            List<CompletableFuture<String>> answers = new ArrayList<>();
            for (int i = 0; i < 60; i++) {
                int live = i + 1;
                answers.add(server.postAsync("/streams?format=ndjson", CHAT));
                TestServer.await("a stream's begin", () -> upstream.requestCount() == live);
            }
            TestServer.await("the heads", () -> callsInProgress() == 0);
            over.countDown();
            answers.forEach(answer -> assertEquals("a", TestServer.text(TestServer.ndjson(answer.join()))));
        }
    }

    private static long callsInProgress() {
        return Thread.getAllStackTraces().values().stream()
                .filter(stack -> Arrays.stream(stack)
                        .anyMatch(frame -> frame.getClassName().endsWith("AnswerSource")
                                || frame.getClassName().contains("RealCall$AsyncCall")))
                .count();
    }

    private static void await(CountDownLatch latch) {
        try {
            assertTrue(latch.await(30, TimeUnit.SECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n",
                "200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{\"e",
                "200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nplain",
                "200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nplain",
                "500 Oh\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{\"e",
                "500 Oh\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nplain",
            })
    void oneThatBreaksBeforeItIsKnownForWhatItIsIsTheUpstreamsFault(String answer) throws Exception {
        try (RawUpstream upstream = RawUpstream.saying(("HTTP/1.1 " + answer).getBytes(StandardCharsets.UTF_8));
                TestServer server = before(upstream)) {
            String refusal = server.post("/streams?format=ndjson", CHAT).body();
            assertTrue(refusal.contains("\"upstream_"), refusal);
        }
    }

    /** Some upstreams stop inside a chunk, inside its size, inside a line: nobody else may have to wait for them. */
    @Test
    void oneThatStopsAnywhereHoldsUpNobody() throws Exception {
        byte[] answer = (CHUNKED + inChunks(EVENTS, 30)).getBytes(StandardCharsets.UTF_8);
        AtomicInteger number = new AtomicInteger();
        CountDownLatch over = new CountDownLatch(1);
        int stopping = 24;
        try (RawUpstream upstream = new RawUpstream((request, connection) -> {
                    do {
                        int own = number.getAndIncrement();
                        int stop = own < stopping ? CHUNKED.length() + 4 * own : answer.length;
                        stepwise(connection, answer, 0, stop);
                        if (own < stopping) {
                            await(over);
                            stepwise(connection, answer, stop, answer.length);
                        }
                    } while (connection.nextRequest() != null);
                });
                TestServer server = before(upstream)) {
            List<CompletableFuture<String>> stopped = IntStream.range(0, stopping)
                    .mapToObj(i -> server.postAsync("/streams?format=ndjson", CHAT))
                    .toList();
            TestServer.await("those that stop", () -> number.get() == stopping);
            for (int i = 0; i < 10; i++) {
                assertWhole(server.chat(CHAT), "beside them");
            }
            over.countDown();
            stopped.forEach(answered -> assertWhole(TestServer.ndjson(answered.join()), "one that had stopped"));
        }
    }

    private static void stepwise(RawUpstream.Connection connection, byte[] answer, int from, int to)
            throws IOException {
        for (int at = from; at < to; at += 50) {
            connection.send(Arrays.copyOfRange(answer, at, Math.min(to, at + 50)));
            pause();
        }
    }
}
