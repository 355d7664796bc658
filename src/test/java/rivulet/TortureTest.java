package rivulet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The torture run: many streams on two nodes, every viewer cut at random points and back at a random node with nothing
 * but {@code Last-Event-ID}, and one node killed in the middle. In full, with a seed of one's own:
 *
 * <pre>
 * mvn test -Dtest=TortureTest -Dtorture.streams=200 -Dtorture.seed=1
 * </pre>
 */
@Timeout(value = 300, unit = TimeUnit.SECONDS)
class TortureTest {
    private static final int STREAMS = Integer.getInteger("torture.streams", 60);
    private static final long SEED = Long.getLong("torture.seed", System.nanoTime());
    private static final int DELTAS = 300;
    private static final int CUTS = 20;
    /** One delta's pace at the upstream, so that a stream takes some seconds. */
    private static final long PACE_NANOS = TimeUnit.MILLISECONDS.toNanos(12);
    /** What a stream in JSON comes to; where the cuts are drawn from. */
    private static final int BODY_BYTES = DELTAS * 60;

    private static final Pattern NUMBER = Pattern.compile("stream-(\\d+)");

    private final AtomicInteger refused = new AtomicInteger();
    private final AtomicInteger connections = new AtomicInteger();
    private final AtomicInteger said = new AtomicInteger();
    private final CountDownLatch begun = new CountDownLatch(STREAMS);
    private volatile boolean killed;

    @Test
    void everyTextArrivesWholeOrEndsOwnerLostAndEveryQuestionIsAskedOnce() throws Exception {
        System.out.println("torture: " + STREAMS + " streams, seed " + SEED);
        ExecutorService threads = Executors.newCachedThreadPool();
        try (RedisProcess redis = new RedisProcess();
                RawUpstream upstream = new RawUpstream(this::answer);
                TestServer stays = TestServer.before(upstream, "OPENAI_MODEL", "m", "REDIS_URL", redis.url());
                ChildNode dies = new ChildNode(
                        "OPENAI_MODEL", "m", "OPENAI_BASE_URL", upstream.url(), "REDIS_URL", redis.url())) {
            int[] ports = {stays.port(), dies.port()};
            List<CompletableFuture<PlainViewer>> viewers = new ArrayList<>();
            for (int i = 0; i < STREAMS; i++) {
                int number = i;
                viewers.add(CompletableFuture.supplyAsync(() -> torture(number, ports), threads));
            }
            assertTrue(begun.await(60, TimeUnit.SECONDS), "all have begun");
            TestServer.await("half of all is said", () -> said.get() > STREAMS * DELTAS / 2);
            killed = true;
            dies.kill();
            long killedNanos = System.nanoTime();
            int whole = 0;
            for (int i = 0; i < STREAMS; i++) {
                whole += judge(viewers.get(i).get(60, TimeUnit.SECONDS), i) ? 1 : 0;
            }
            System.out.printf("torture: over %d ms after the kill%n", (System.nanoTime() - killedNanos) / 1_000_000);
            System.out.printf(
                    "torture: %d whole, %d owner_lost, %d connections, %d refused, %d requests upstream%n",
                    whole, STREAMS - whole, connections.get(), refused.get(), upstream.requestCount());
            assertEquals(STREAMS, upstream.requestCount());
            assertTrue(whole >= STREAMS / 4 && whole < STREAMS, whole + " came through");
        } finally {
            threads.shutdownNow();
        }
    }

    /** One viewer's whole life. The first connection is spread evenly and cut only once the viewer has an id. */
    private PlainViewer torture(int number, int[] ports) {
        Random random = new Random(SEED + number);
        PlainViewer viewer = new PlainViewer();
        String path = "/sse/chat?format=json&message=stream-" + number;
        int port = ports[number % 2];
        int cutsLeft = CUTS;
        while (!viewer.ended()) {
            long cut = cutsLeft-- > 0 ? viewer.bytes() + 1 + random.nextInt(2 * BODY_BYTES / CUTS) : Long.MAX_VALUE;
            boolean first = viewer.lastEventId().isEmpty();
            connections.incrementAndGet();
            PlainViewer.End end = viewer.view(port, path, first ? Math.max(cut, 300) : cut);
            if (first) {
                assertTrue(!viewer.lastEventId().isEmpty(), "stream " + number + " has begun: " + viewer.status());
                begun.countDown();
            }
            assertTrue(
                    viewer.status() == 200 || (end == PlainViewer.End.REFUSED && killed),
                    () -> "stream " + number + ": status " + viewer.status() + " after " + viewer.lastEventId());
            if (end == PlainViewer.End.REFUSED) {
                refused.incrementAndGet();
            }
            port = ports[random.nextInt(2)];
        }
        return viewer;
    }

    /** Whether the text came whole; fails unless it did, or ended owner_lost with an exact prefix. */
    private static boolean judge(PlainViewer viewer, int number) {
        assertNull(viewer.disorder(), "stream " + number);
        String text = text(number);
        if (viewer.last().name().equals("done")) {
            assertEquals(text, viewer.text(), "stream " + number);
            return true;
        }
        assertEquals("owner_lost", viewer.lastData().path("error").path("code").asText(), "stream " + number);
        assertTrue(viewer.lastData().path("retryable").asBoolean());
        assertTrue(text.startsWith(viewer.text()), "stream " + number + " has an exact prefix");
        return false;
    }

    private void answer(RawUpstream.Request request, RawUpstream.Connection connection) throws IOException {
        Matcher matcher = NUMBER.matcher(request.body());
        if (!matcher.find()) {
            throw new AssertionError("no number in " + request.body());
        }
        int number = Integer.parseInt(matcher.group(1));
        connection.sendStreamHead();
        for (int i = 0; i < DELTAS; i++) {
            String delta = TestServer.JSON.writeValueAsString(delta(number, i));
            connection.send("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":" + delta + "}}]}\n\n");
            said.incrementAndGet();
            LockSupport.parkNanos(PACE_NANOS);
            if (i == DELTAS / 3) {
                awaitAllBegun();
            }
        }
        connection.send(
                "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n");
    }

    /** None may be over before the last has begun: all are to be in the middle when the node dies. */
    private void awaitAllBegun() {
        try {
            begun.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static String text(int number) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < DELTAS; i++) {
            text.append(delta(number, i));
        }
        return text.toString();
    }

    private static String delta(int number, int index) {
        return switch (index % 5) {
            case 0 -> " " + number + "." + index;
            case 1 -> "\n";
            case 2 -> "발" + index;
            case 3 -> "👩‍👩‍👧 ";
            default -> "a\r\nb\"";
        };
    }
}
