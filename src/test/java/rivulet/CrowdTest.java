package rivulet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.OperatingSystemMXBean;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import rivulet.SseParser.SseEvent;

/**
 * Many viewers of one generation, one in a hundred of whom never reads. {@code mvn test -Dtest=CrowdTest
 * -Dviewers.count=5000} takes more of them; each needs two open files.
 */
@Timeout(value = 180, unit = TimeUnit.SECONDS)
class CrowdTest {
    private static final int VIEWERS = Integer.getInteger("viewers.count", 500);
    private static final int STALLED = Math.max(1, VIEWERS / 100);
    private static final int WORDS = 300;
    private static final Duration PACE = Duration.ofMillis(VIEWERS / 100);
    /** One byte in plain text, six in JSON: the stalled, who ask for JSON, are sent more than the network holds. */
    private static final String FILLER = "\u0001".repeat(8000);

    private static final int FILLERS = 100;
    /** Longer than the others take for all. */
    private static final Duration SLOW = Duration.ofMillis(3000 + 5L * VIEWERS);

    private static void play(CountDownLatch go, RawUpstream.Connection connection) throws IOException {
        connection.sendStreamHead();
        try {
            go.await();
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
        for (int i = 0; i < WORDS; i++) {
            connection.send(delta("wörd " + i + " "));
            LockSupport.parkNanos(PACE.toNanos());
        }
        for (int i = 0; i < FILLERS; i++) {
            connection.send(delta(FILLER));
        }
        connection.send(
                "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n");
    }

    private static String text() {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < WORDS; i++) {
            text.append("wörd ").append(i).append(' ');
        }
        return text.append(FILLER.repeat(FILLERS)).toString();
    }

    private static String delta(String text) throws IOException {
        return "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":" + TestServer.JSON.writeValueAsString(text)
                + "}}]}\n\n";
    }

    private static void await(String what, BooleanSupplier reached) {
        long deadline = System.nanoTime() + SLOW.toNanos() * 2;
        while (!reached.getAsBoolean()) {
            assertTrue(System.nanoTime() < deadline, "in vain: " + what);
            LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
        }
    }

    /** What had come of a response that was reset: whole blocks, out of whole chunks or the last one's beginning. */
    private static List<SseEvent> leftOf(SocketChannel channel) throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        ByteBuffer buffer = ByteBuffer.allocate(64 * 1024);
        try (channel) {
            while (true) {
                assertTrue(channel.read(buffer.clear()) >= 0, "what was not read was dropped");
                all.write(buffer.array(), 0, buffer.position());
            }
        } catch (IOException reset) {
            // What came before counts.
        }
        String chunked = all.toString(StandardCharsets.ISO_8859_1);
        StringBuilder body = new StringBuilder();
        int at = chunked.indexOf("\r\n\r\n") + 4;
        int line = chunked.indexOf("\r\n", at);
        while (line >= 0) {
            int size = Integer.parseInt(chunked.substring(at, line), 16);
            assertTrue(size > 0, "it did not end as if all had been said");
            body.append(chunked, line + 2, Math.min(chunked.length(), line + 2 + size));
            at = line + 2 + size + 2;
            line = at < chunked.length() ? chunked.indexOf("\r\n", at) : -1;
        }
        String blocks = body.substring(0, body.lastIndexOf("\n\n") + 2);
        return SseParser.parse(new String(blocks.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8));
    }

    private static String shown(List<SseEvent> events) {
        StringBuilder text = new StringBuilder();
        events.forEach(
                event -> text.append(TestServer.json(event.data()).path("delta").asText()));
        return text.toString();
    }

    @Test
    void whoNeverReadsDelaysNobodyIsDroppedAndCanComeBack() throws Exception {
        CountDownLatch go = new CountDownLatch(1);
        try (RawUpstream upstream = new RawUpstream((request, connection) -> play(go, connection));
                TestServer server = TestServer.before(
                        upstream,
                        "OPENAI_MODEL",
                        "m",
                        "UPSTREAM_API",
                        "chat",
                        "SLOW_VIEWER_TIMEOUT",
                        SLOW.toMillis() + "ms");
                Crowd crowd = new Crowd()) {
            String location = server.post(
                            "/streams", "{\"kind\":\"chat\",\"message\":\"hi\"}", "Accept", "application/json")
                    .headers()
                    .firstValue("Location")
                    .orElseThrow();
            List<SocketChannel> stalled = new ArrayList<>();
            for (int i = 0; i < VIEWERS; i++) {
                if (i % 100 == 7) {
                    stalled.add(Crowd.stalled(server.port(), location + "?format=json"));
                } else {
                    crowd.join(server.port(), location + "?format=text");
                }
            }
            await("all watch", () -> server.viewers() == VIEWERS);
            Meter meter = new Meter();
            go.countDown();
            crowd.readToEnd();
            meter.stop();
            // All has been said and read, and those who do not read are still there: nobody has waited for them.
            await("the others have left", () -> server.viewers() == STALLED);
            String state = server.get(location, "Accept", "application/json").body();
            assertEquals(text(), TestServer.json(state).path("text").asText());
            byte[] whole = server.get(location + "?format=text").body().getBytes(StandardCharsets.UTF_8);
            for (Crowd.Member member : crowd.members()) {
                assertTrue(member.ended());
                assertEquals(whole.length, member.length());
                assertEquals(Crowd.sum(whole), member.sum());
            }
            long deliveries = (long) crowd.members().size() * (WORDS + FILLERS + 2);
            long heapBytes = meter.report(
                    deliveries, TestServer.json(state).path("elapsed_ms").asLong());
            // What 50 stalled viewers have not read would be 240 MB; the log is one for all.
            assertTrue(heapBytes < 150 << 20, heapBytes + " bytes");
            await("those who do not read are dropped", () -> server.viewers() == 0);
            for (SocketChannel one : stalled) {
                List<SseEvent> before = leftOf(one);
                SseEvent last = before.get(before.size() - 1);
                assertFalse(last.name().equals("done"));
                List<SseEvent> after = SseParser.parse(
                        server.get(location, "Last-Event-ID", last.id()).body());
                assertEquals(PlainViewer.index(last) + 1, PlainViewer.index(after.get(0)));
                assertEquals("done", after.get(after.size() - 1).name());
                assertEquals(text(), shown(before) + shown(after));
            }
            assertEquals(1, upstream.requestCount());
        }
    }

    /** What a run costs, told on standard output. */
    private static final class Meter {
        private final OperatingSystemMXBean system =
                (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        private final long cpu = system.getProcessCpuTime();
        private final long ownCpu = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
        private final long nanos = System.nanoTime();
        private long spentCpu;
        private long spentNanos;

        private void stop() {
            spentNanos = System.nanoTime() - nanos;
            long own = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() - ownCpu;
            spentCpu = system.getProcessCpuTime() - cpu - own;
        }

        private long report(long deliveries, long elapsedMillis) {
            System.gc();
            long heap =
                    Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
            System.out.printf(
                    "%d viewers, %d stalled: %d deliveries in %d ms, server CPU %.1f us each, generation %d ms,"
                            + " heap %d MB%n",
                    VIEWERS,
                    STALLED,
                    deliveries,
                    TimeUnit.NANOSECONDS.toMillis(spentNanos),
                    spentCpu / 1e3 / deliveries,
                    elapsedMillis,
                    heap >> 20);
            return heap;
        }
    }
}
