package rivulet.feed;

import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import okhttp3.ConnectionPool;
import okhttp3.internal.concurrent.TaskRunner;
import okhttp3.internal.connection.ConnectionListener;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes pools that look for connections that are idle for too long, or too many, once a second. OkHttp's own look each
 * time that a connection becomes idle: two threads are woken at the end of each answer, which is a tenth of what a short
 * one costs, and find nothing.
 *
 * <p>OkHttp has no public way to say so. This is what its pool has its looking done by, as of OkHttp 5.5: {@code
 * RealConnectionPool.scheduleCloser}, {@code TaskRunner.kickCoordinator}. Safe on any thread.
 */
final class IdleConnections implements TaskRunner.Backend {
    private static final Logger LOG = LoggerFactory.getLogger(IdleConnections.class);
    private static final long BETWEEN_LOOKS_NANOS = TimeUnit.SECONDS.toNanos(1);

    /** One for all pools: it has one thread, as long as there are connections. */
    private static final TaskRunner LOOKS = new TaskRunner(new IdleConnections(), TaskRunner.Companion.getLogger());

    private final TaskRunner.RealBackend threads = new TaskRunner.RealBackend(task -> {
        Thread thread = new Thread(task, "rivulet-idle-connections");
        thread.setDaemon(true);
        return thread;
    });

    private IdleConnections() {}

    /**
     * An empty pool.
     *
     * @param most idle connections that are kept, and for a second perhaps more
     * @param keepAlive how long they are kept, and perhaps a second longer
     */
    static ConnectionPool pool(int most, Duration keepAlive) {
        return new ConnectionPool(
                most, keepAlive.toNanos(), TimeUnit.NANOSECONDS, LOOKS, ConnectionListener.Companion.getNONE());
    }

    @Override
    public long nanoTime() {
        return threads.nanoTime();
    }

    /** A connection has become idle: it can wait until the thread looks by itself. */
    @Override
    public void coordinatorNotify(TaskRunner runner) {}

    @Override
    public void coordinatorWait(TaskRunner runner, long nanos) {
        try {
            threads.coordinatorWait(runner, Math.min(nanos, BETWEEN_LOOKS_NANOS));
        } catch (InterruptedException e) {
            // By nobody here. The runner would give up all looking if it knew, and wait no more if it stayed noted.
            LOG.debug("interrupted while waiting to look at idle connections");
        }
    }

    @Override
    public <T> BlockingQueue<T> decorate(BlockingQueue<T> queue) {
        return threads.decorate(queue);
    }

    @Override
    public void execute(TaskRunner runner, Runnable runnable) {
        threads.execute(runner, runnable);
    }
}
