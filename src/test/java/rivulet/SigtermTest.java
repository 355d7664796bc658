package rivulet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A node under load is told to end: what is live ends as it would have, or says why not; nothing new begins. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class SigtermTest {
    /** Half of them end within the drain, half would go on for ever. */
    private static final int STREAMS = Integer.getInteger("sigterm.streams", 200);

    private static final String PATH = "/sse/chat?format=json&message=";
    private static final String END =
            "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

    private static String delta(String text) {
        return "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" + text + "\"}}]}\n\n";
    }

    /** An upstream that says one word to each; some hear the rest once the gate is open. */
    private static RawUpstream upstream(CountDownLatch gate) {
        return new RawUpstream((request, connection) -> {
            connection.sendStreamHead();
            connection.send(delta("one"));
            if (request.body().contains("lasting")) {
                connection.awaitPeerClose();
                return;
            }
            try {
                gate.await();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
            connection.send(delta(" two"));
            connection.send(END);
        });
    }

    private static CompletableFuture<PlainViewer> view(int port, String path) {
        PlainViewer viewer = new PlainViewer();
        return TestServer.meanwhile(() -> {
            assertEquals(PlainViewer.End.CLEAN, viewer.view(port, path, Long.MAX_VALUE));
            return viewer;
        });
    }

    @Test
    void liveStreamsEndWithinTheDrainAndTheRestAreToldWhy() throws Exception {
        CountDownLatch gate = new CountDownLatch(1);
        try (RawUpstream upstream = upstream(gate);
                ChildNode node =
                        new ChildNode("DRAIN_TIMEOUT", "4s", "OPENAI_BASE_URL", upstream.url(), "OPENAI_MODEL", "m")) {
            List<CompletableFuture<PlainViewer>> ending = new ArrayList<>();
            List<CompletableFuture<PlainViewer>> lasting = new ArrayList<>();
            for (int i = 0; i < STREAMS / 2; i++) {
                ending.add(view(node.port(), PATH + "ending"));
                lasting.add(view(node.port(), PATH + "lasting"));
            }
            TestServer.await(
                    "all are live",
                    () -> RawHttp.get(node.port(), "/health").body().contains("\"viewers\":" + ending.size() * 2));

            node.terminate();
            TestServer.await(
                    "the drain", () -> RawHttp.get(node.port(), "/health/ready").status() == 503);
            RawHttp.Answer refused = RawHttp.get(node.port(), "/sse/countdown?from=1");
            assertEquals(503, refused.status());
            assertTrue(refused.head().contains("Retry-After: "), refused.head());
            assertTrue(refused.body().contains("\"code\":\"shutting_down\""), refused.body());

            gate.countDown();
            for (CompletableFuture<PlainViewer> future : ending) {
                PlainViewer viewer = future.get(20, TimeUnit.SECONDS);
                assertNull(viewer.disorder());
                assertEquals("done", viewer.last().name());
                assertEquals("one two", viewer.text());
                assertEquals(
                        viewer.events().size(), viewer.lastData().path("events").asInt());
            }
            for (CompletableFuture<PlainViewer> future : lasting) {
                PlainViewer viewer = future.get(20, TimeUnit.SECONDS);
                assertNull(viewer.disorder());
                assertEquals("failed", viewer.last().name());
                assertEquals(
                        "shutting_down",
                        viewer.lastData().path("error").path("code").asText());
                assertTrue(viewer.lastData().path("retryable").asBoolean());
                assertEquals("one", viewer.text());
            }
            assertEquals(0, node.exitCode());
        }
    }
}
