package rivulet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A node under load is told to end: what is live ends as it would have, or says why not; nothing new begins. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class SigtermTest {
    /** Half of them end within the drain, half would go on for an hour. */
    private static final int STREAMS = Integer.getInteger("sigterm.streams", 200);

    private static final String SHORT = "/sse/countdown?from=120&interval=25ms&format=json";
    private static final String LONG = "/sse/countdown?from=3600&interval=1s&format=json";

    private static CompletableFuture<PlainViewer> view(int port, String path) {
        PlainViewer viewer = new PlainViewer();
        return TestServer.meanwhile(() -> {
            assertEquals(PlainViewer.End.CLEAN, viewer.view(port, path, Long.MAX_VALUE));
            return viewer;
        });
    }

    @Test
    void liveStreamsEndWithinTheDrainAndTheRestAreToldWhy() throws Exception {
        try (ChildNode node = new ChildNode("DRAIN_TIMEOUT", "6s", "MAX_STREAMS", "100000")) {
            List<CompletableFuture<PlainViewer>> ending = new ArrayList<>();
            List<CompletableFuture<PlainViewer>> lasting = new ArrayList<>();
            for (int i = 0; i < STREAMS / 2; i++) {
                ending.add(view(node.port(), SHORT));
                lasting.add(view(node.port(), LONG));
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

            for (CompletableFuture<PlainViewer> future : ending) {
                PlainViewer viewer = future.get(20, TimeUnit.SECONDS);
                assertNull(viewer.disorder());
                assertEquals("done", viewer.last().name());
                assertTrue(viewer.text().endsWith("321발사!"), viewer.text());
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
                assertTrue(viewer.text().startsWith("3600"), viewer.text());
            }
            assertEquals(0, node.exitCode());
        }
    }
}
