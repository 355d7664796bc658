package rivulet;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A background answer is cancelled, whatever has become of the connections that lie idle. */
@Timeout(60)
class CancelAfterIdleTest {
    private static final String HEAD =
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";

    private static String chunk(String text) {
        return Integer.toHexString(text.length()) + "\r\n" + text + "\r\n";
    }

    @Test
    void anAnswerIsCancelledThoughIdleConnectionsWereClosed() throws Exception {
        CountDownLatch live = new CountDownLatch(5);
        CountDownLatch closed = new CountDownLatch(4);
        CountDownLatch end = new CountDownLatch(1);
        CountDownLatch cancelled = new CountDownLatch(1);
        try (RawUpstream upstream = new RawUpstream((request, connection) -> {
                    if (request.line().contains("/cancel")) {
                        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
                        cancelled.countDown();
                        return;
                    }
                    connection.send(HEAD
                            + chunk("data: {\"type\":\"response.created\",\"sequence_number\":0,\"response\":"
                                    + "{\"id\":\"resp_1\",\"background\":true}}\n\n"));
                    live.countDown();
                    if (request.body().contains("long")) {
                        connection.awaitPeerClose();
                        return;
                    }
                    await(end);
                    connection.send(chunk("data: {\"type\":\"response.completed\",\"sequence_number\":1,\"response\":"
                                    + "{\"id\":\"resp_1\",\"status\":\"completed\",\"background\":true}}\n\n")
                            + "0\r\n\r\n");
                    // Quiet for a while, then it closes.
                    await(closed, 1);
                });
                TestServer server = TestServer.before(
                        upstream, "UPSTREAM_API", "responses", "BACKGROUND", "on", "OPENAI_MODEL", "m")) {
            String stream = TestServer.JSON
                    .readTree(server.post(
                                    "/streams",
                                    "{\"kind\":\"chat\",\"message\":\"long\"}",
                                    "Accept",
                                    "application/json")
                            .body())
                    .path("stream")
                    .asText();
            CompletableFuture<?>[] others = new CompletableFuture<?>[4];
            for (int i = 0; i < others.length; i++) {
                others[i] = server.postAsync("/streams", "{\"kind\":\"chat\",\"message\":\"short\"}");
            }
            await(live);
            end.countDown();
            CompletableFuture.allOf(others).get(10, TimeUnit.SECONDS);
            // Until the upstream has closed what is idle.
            Thread.sleep(2000);
            server.delete("/streams/" + stream);
            assertTrue(cancelled.await(10, TimeUnit.SECONDS), "the answer goes on, and is paid for");
        }
    }

    private static void await(CountDownLatch latch) {
        await(latch, 10);
    }

    private static void await(CountDownLatch latch, int seconds) {
        try {
            boolean unused = latch.await(seconds, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
