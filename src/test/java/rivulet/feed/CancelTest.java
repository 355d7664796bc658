package rivulet.feed;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.net.ProxySelector;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Delayed;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RunnableScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import rivulet.RawUpstream;

/** A cancel reaches the upstream, whenever it comes. */
@Timeout(60)
class CancelTest {
    private final Set<String> asked = ConcurrentHashMap.newKeySet();
    private final Set<String> cancelled = ConcurrentHashMap.newKeySet();
    private final AtomicInteger count = new AtomicInteger();

    private RawUpstream upstream(CountDownLatch came) {
        return new RawUpstream((request, connection) -> {
            if (request.line().contains("/cancel")) {
                cancelled.add(request.line().split("/", -1)[3]);
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
                return;
            }
            if (!request.body().endsWith("}")) {
                return;
            }
            String id = "resp_" + count.incrementAndGet();
            asked.add(id);
            came.countDown();
            connection.sendStreamHead();
            connection.send("data: {\"type\":\"response.created\",\"sequence_number\":0,\"response\":{\"id\":\"" + id
                    + "\",\"background\":true}}\n\n");
            connection.awaitPeerClose();
        });
    }

    private static ChatRequest question() {
        ObjectNode none = JsonNodeFactory.instance.objectNode();
        return new ChatRequest(
                List.of(new ChatRequest.Message("user", TextNode.valueOf("x"))), "m", null, none, null, none, null);
    }

    private static OpenAiUpstream asking(RawUpstream raw, UpstreamClient client, ScheduledThreadPoolExecutor timer) {
        Upstream upstream = Upstream.of(
                "u",
                URI.create(raw.url()),
                "",
                Upstream.Api.RESPONSES,
                "m",
                List.of(),
                Upstream.StructuredOutput.JSON_SCHEMA,
                Map.of());
        Duration patience = Duration.ofSeconds(60);
        return new OpenAiUpstream(
                upstream,
                raw::url,
                new Upstream.Limits(patience, patience, patience, patience, 1 << 20),
                client,
                timer,
                () -> 0.5,
                true);
    }

    @Test
    void aQuestionThatIsSentJustAsItIsCancelledIsCancelledAtItsUpstream() throws Exception {
        CountDownLatch came = new CountDownLatch(1);
        CountDownLatch cancelBegan = new CountDownLatch(1);
        ExecutorService calls = Executors.newCachedThreadPool();
        ExecutorService held = new AbstractExecutorService() {
            @Override
            public void execute(Runnable task) {
                calls.execute(() -> {
                    await(cancelBegan);
                    task.run();
                });
            }

            @Override
            public void shutdown() {}

            @Override
            public List<Runnable> shutdownNow() {
                return List.of();
            }

            @Override
            public boolean isShutdown() {
                return false;
            }

            @Override
            public boolean isTerminated() {
                return false;
            }

            @Override
            public boolean awaitTermination(long time, TimeUnit unit) {
                return false;
            }
        };
        ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1) {
            @Override
            protected <V> RunnableScheduledFuture<V> decorateTask(Runnable runnable, RunnableScheduledFuture<V> task) {
                return new Slow<>(task, cancelBegan, came);
            }
        };
        try (RawUpstream raw = upstream(came)) {
            UpstreamClient client = new UpstreamClient(
                    Duration.ofSeconds(5), ProxySelector.getDefault(), held, calls, new NoTurns(), false);
            Feed.Cancellation feed = asking(raw, client, timer).feed(question()).start(new DeafSink());
            feed.cancel();
            // For what was asked, and is to be cancelled.
            Thread.sleep(1500);
            assertEquals(asked, cancelled);
            client.close();
        } finally {
            timer.shutdownNow();
            calls.shutdownNow();
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            boolean unused = latch.await(2, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** A timed task that is not cancelled before the question has come. */
    private static final class Slow<V> extends FutureTask<V> implements RunnableScheduledFuture<V> {
        private final Future<V> task;
        private final CountDownLatch began;
        private final CountDownLatch came;

        Slow(RunnableScheduledFuture<V> task, CountDownLatch began, CountDownLatch came) {
            super(task, null);
            this.task = task;
            this.began = began;
            this.came = came;
        }

        @Override
        public boolean cancel(boolean interrupt) {
            began.countDown();
            await(came);
            return task.cancel(interrupt);
        }

        @Override
        public boolean isPeriodic() {
            return false;
        }

        @Override
        public long getDelay(TimeUnit unit) {
            return ((Delayed) task).getDelay(unit);
        }

        @Override
        public int compareTo(Delayed other) {
            return Long.compare(getDelay(TimeUnit.NANOSECONDS), other.getDelay(TimeUnit.NANOSECONDS));
        }
    }
}
