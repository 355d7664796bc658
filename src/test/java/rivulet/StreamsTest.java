package rivulet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Proxy;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import rivulet.access.Caller;
import rivulet.access.Limits;
import rivulet.feed.Feed;
import rivulet.feed.Feeds;
import rivulet.feed.JsonFields;
import rivulet.feed.Sink;
import rivulet.feed.Upstreams;
import rivulet.log.ErrorCode;
import rivulet.log.Event;
import rivulet.log.Kind;
import rivulet.log.LogStore;
import rivulet.log.MemoryStore;
import rivulet.log.StreamLog;

/** Two requests under one key come at once: the second while the first has the key, and no stream yet. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class StreamsTest {
    private static final Optional<IdempotencyKey> KEY = Optional.of(new IdempotencyKey("k", "print"));
    private static final Caller CALLER = Caller.named("ann");

    private final ScheduledExecutorService timer = Threads.timer("test-timer");
    private final LogStore memory =
            new MemoryStore(Duration.ofMinutes(1), timer, new SecureRandom(), 1_000_000, Runnable::run);
    private final AtomicBoolean keyTaken = new AtomicBoolean();
    private final CompletableFuture<Streams.Visit> second = new CompletableFuture<>();
    private boolean full;

    @AfterEach
    void stop() {
        memory.close();
        timer.shutdownNow();
    }

    /** Streams whose first request, once it has the key, goes on when the second has come as far as it can. */
    private Streams streams(Function<Streams, Streams.Visit> secondRequest) {
        Streams[] made = new Streams[1];
        LogStore store = (LogStore) Proxy.newProxyInstance(
                StreamsTest.class.getClassLoader(), new Class<?>[] {LogStore.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("full") && keyTaken.compareAndSet(false, true)) {
                        Thread thread = Threads.start(
                                "second",
                                () -> second.completeAsync(() -> secondRequest.apply(made[0]), Runnable::run));
                        TestServer.await(
                                "the second request",
                                () -> second.isDone() || thread.getState() == Thread.State.WAITING);
                        return full;
                    }
                    return method.invoke(memory, arguments);
                });
        made[0] = streams(store);
        return made[0];
    }

    private Streams streams(LogStore store) {
        return new Streams(
                store,
                Config.read(List.of(), Map.of("DISCONNECT_GRACE", "0s")),
                new Limits(new Limits.Most(0, 0, 0), Optional.empty(), Runnable::run, Instant::now),
                timer,
                System::nanoTime,
                new Feeds(new Upstreams(List.of()), timer, JsonFields.Limits.DEFAULTS, Runnable::run),
                generation -> {});
    }

    private static Asked asked() {
        Feed.Cancellation nothing = () -> {};
        return new Asked(Kind.FAKE_LLM, null, true, false, sink -> nothing);
    }

    @Test
    void theSecondIsCountedAsAViewer() throws Exception {
        Streams streams =
                streams(all -> all.visit(all.begin(asked(), KEY, CALLER).log()));
        Streams.Begun begun = streams.begin(asked(), KEY, CALLER);
        Streams.Visit first = streams.visit(begun.log());
        Streams.Visit other = second.get(10, TimeUnit.SECONDS);
        first.end(true);
        assertFalse(begun.log().ended(), "the second still watches");
        other.end(true);
        assertTrue(begun.log().ended());
    }

    @Test
    void whereTheFirstIsRefusedTheSecondBegins() throws Exception {
        full = true;
        Streams streams = streams(all -> {
            Streams.Begun begun = all.begin(asked(), KEY, CALLER);
            assertTrue(begun.fresh());
            return all.visit(begun.log());
        });
        RequestError refused = assertThrows(RequestError.class, () -> streams.begin(asked(), KEY, CALLER));
        assertEquals(503, refused.status());
        second.get(10, TimeUnit.SECONDS).end(true);
        assertEquals(0, streams.liveCount());
    }

    /** Live answers are not bound by the memory for logs, but the server would hang for ever without any. */
    @Test
    void whereMemoryEndsALongAnswerEndsAndTheShortOnesGoOn() {
        AtomicBoolean memoryEnds = new AtomicBoolean();
        LogStore store = (LogStore) Proxy.newProxyInstance(
                StreamsTest.class.getClassLoader(),
                new Class<?>[] {LogStore.class},
                (proxy, method, arguments) -> switch (method.getName()) {
                    case "full" -> false;
                    case "bytes" -> memoryEnds.get() ? Runtime.getRuntime().maxMemory() : 0L;
                    default -> method.invoke(memory, arguments);
                });
        Streams streams = streams(store);
        List<Sink> sinks = new ArrayList<>();
        List<StreamLog> logs = new ArrayList<>();
        for (int i = 0; i < 2000; i++) {
            Feed feed = sink -> {
                sinks.add(sink);
                return () -> {};
            };
            Asked asked = new Asked(Kind.FAKE_LLM, null, true, false, feed);
            logs.add(streams.begin(asked, Optional.empty(), CALLER).log());
        }
        // In short pieces, which take more than their text.
        long share = Runtime.getRuntime().maxMemory() / 4 * 3 / 2000;
        Random random = new Random(1);
        while (logs.get(0).bytes() <= share) {
            sinks.get(0).text(Noise.text(random, 8));
        }
        assertFalse(logs.get(0).ended());
        memoryEnds.set(true);
        sinks.get(0).text("x");
        sinks.get(1).text("x");
        Event last = logs.get(0).read(Integer.MAX_VALUE, 1).get(0).event();
        assertEquals(
                ErrorCode.ANSWER_TOO_LARGE,
                assertInstanceOf(Event.Failed.class, last).code());
        assertFalse(logs.get(1).ended());
    }
}
