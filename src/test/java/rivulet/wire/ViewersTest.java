package rivulet.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.javalin.Javalin;
import io.javalin.http.Context;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import rivulet.log.Entry;
import rivulet.log.ErrorCode;
import rivulet.log.Event;
import rivulet.log.Kind;
import rivulet.log.MemoryStore;
import rivulet.log.StreamLog;

/** A request that was opened for a stream is ended, whatever goes wrong on the way to its viewer. */
@Timeout(value = 30, unit = TimeUnit.SECONDS)
class ViewersTest {
    /** A log that breaks when it is followed. */
    private static final class BrokenLog implements StreamLog {
        @Override
        public long bytes() {
            return 0;
        }

        @Override
        public Event.Start start() {
            return new Event.Start("A".repeat(22), Kind.CHAT, null);
        }

        @Override
        public boolean append(Event event) {
            return false;
        }

        @Override
        public List<Entry> read(int after, int most) {
            throw new IllegalStateException("broken");
        }

        @Override
        public int head() {
            return 0;
        }

        @Override
        public boolean ended() {
            return false;
        }

        @Override
        public Subscription onAppend(Runnable signal) {
            throw new IllegalStateException("broken");
        }
    }

    /** A log that ends in the very moment when it is followed. */
    private static final class EndingLog implements StreamLog {
        private static final Event.Start START = new Event.Start("B".repeat(22), Kind.CHAT, null);
        private static final List<Entry> ENTRIES = List.of(
                new Entry(START, 0, START),
                new Entry(START, 1, new Event.Failed(ErrorCode.UPSTREAM_UNREACHABLE, "over", null)));

        @Override
        public long bytes() {
            return 0;
        }

        @Override
        public Event.Start start() {
            return START;
        }

        @Override
        public boolean append(Event event) {
            return false;
        }

        @Override
        public List<Entry> read(int after, int most) {
            return ENTRIES.subList(Math.min(after + 1, 1), 2);
        }

        @Override
        public int head() {
            return 1;
        }

        @Override
        public boolean ended() {
            return true;
        }

        @Override
        public Subscription onAppend(Runnable signal) {
            signal.run();
            return () -> {};
        }
    }

    private final ScheduledExecutorService timer =
            Executors.newSingleThreadScheduledExecutor(task -> new Thread(task, "timer"));
    private final ExecutorService writer = Executors.newFixedThreadPool(2);
    private final BlockingQueue<Boolean> closed = new LinkedBlockingQueue<>();
    private final Viewers viewers = new Viewers(
            Duration.ofSeconds(15),
            Duration.ofSeconds(30),
            writer,
            writer,
            timer,
            System::nanoTime,
            () -> 1500,
            nanos -> {});
    /** These are run by whoever wakes them, at once. */
    private final Viewers prompt = new Viewers(
            Duration.ofSeconds(15),
            Duration.ofSeconds(30),
            Runnable::run,
            Runnable::run,
            timer,
            System::nanoTime,
            () -> 1500,
            nanos -> {});

    /** Fails the first time that a viewer is looked at; from then on a long time passes between two looks. */
    private final CountDownLatch failed = new CountDownLatch(1);

    private final AtomicLong clock = new AtomicLong();
    private final Viewers watched = new Viewers(
            Duration.ofSeconds(15), Duration.ofDays(1), writer, writer, timer, this::nanos, () -> 1500, nanos -> {});

    private final BlockingQueue<Runnable> woken = new LinkedBlockingQueue<>();
    private final Viewers costly = new Viewers(
            Duration.ofSeconds(15),
            Duration.ofSeconds(30),
            woken::add,
            writer,
            timer,
            System::nanoTime,
            () -> 1500,
            nanos -> {});

    private Javalin app;

    @BeforeEach
    void start() {
        app = Javalin.create(config -> {
            config.startup.showJavalinBanner = false;
            config.routes.exception(Exception.class, (e, ctx) -> ctx.status(500));
            config.routes.get("/now", ctx -> show(viewers, ctx, new BrokenLog()));
            config.routes.get("/live", ctx -> show(watched, ctx, live()));
            config.routes.get("/ending", ctx -> show(prompt, ctx, new EndingLog()));
            config.routes.get("/patch", ctx -> show(costly, ctx, new EndingLog(), Format.PATCH));
            config.routes.get(
                    "/later",
                    ctx -> ctx.future(
                            () -> CompletableFuture.runAsync(() -> show(viewers, ctx, new BrokenLog()), writer)));
        });
        app.start("127.0.0.1", 0);
    }

    private StreamLog live() {
        return new MemoryStore(Duration.ofMinutes(1), timer, new SecureRandom(), 1 << 20, Runnable::run)
                .create(Kind.CHAT, null);
    }

    private long nanos() {
        if (!Thread.currentThread().getName().equals("timer")) {
            return clock.get();
        }
        if (failed.getCount() > 0) {
            failed.countDown();
            throw new AssertionError("as it is meant to");
        }
        return clock.addAndGet(Duration.ofSeconds(20).toNanos());
    }

    private void show(Viewers by, Context ctx, StreamLog log) {
        show(by, ctx, log, Format.JSON);
    }

    private void show(Viewers by, Context ctx, StreamLog log, Format format) {
        by.show(ctx, new Peer(ctx.req()), log, -1, format, (sentAny, shown) -> closed.add(sentAny));
    }

    @AfterEach
    void stop() {
        app.stop();
        timer.shutdownNow();
        writer.shutdownNow();
    }

    private String answer(String path) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), app.port())) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream()
                    .write(("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Test
    void aViewerWhoseStreamEndsBeforeItIsKeptIsNotKept() throws Exception {
        String answer = answer("/ending");
        assertTrue(answer.startsWith("HTTP/1.1 200 ") && answer.contains("upstream_unreachable"), answer);
        assertEquals(true, closed.poll(5, TimeUnit.SECONDS));
        assertEquals(0, prompt.count());
    }

    @Test
    void whatTakesLongToEncodeIsRunAside() throws Exception {
        assertTrue(answer("/patch").contains("upstream_unreachable"));
        assertEquals(true, closed.poll(5, TimeUnit.SECONDS));
        assertTrue(woken.isEmpty());
    }

    @Test
    void aViewerThatCannotBeMadeLeavesNoRequestOpen() throws Exception {
        for (String path : List.of("/now", "/later")) {
            assertTrue(answer(path).startsWith("HTTP/1.1 500 "), path);
            assertEquals(false, closed.poll(5, TimeUnit.SECONDS));
            assertEquals(0, viewers.count());
        }
    }

    @Test
    void anErrorOfOneViewerDoesNotEndTheLookingAfterAll() throws Exception {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), app.port())) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream()
                    .write("GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            BufferedReader answer =
                    new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
            await(answer, "event: start");
            assertTrue(failed.await(10, TimeUnit.SECONDS), "looked at");
            await(answer, ": hb");
        }
    }

    private static void await(BufferedReader answer, String line) throws IOException {
        String read = answer.readLine();
        while (read != null && !read.equals(line)) {
            read = answer.readLine();
        }
        assertEquals(line, read);
    }
}
