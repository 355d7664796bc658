package rivulet.log;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps each item for the same time, then hands it on: in the order in which they came, and with one timer for all, where
 * a timer for each would hold many objects an item. Safe on any thread.
 *
 * @param <T> what waits
 */
public final class DelayLine<T> {
    private static final Logger LOG = LoggerFactory.getLogger(DelayLine.class);

    private final Duration delay;
    private final Duration pause;
    private final ScheduledExecutorService timer;
    private final LongSupplier nanoTime;
    private final Consumer<T> due;

    @GuardedBy("this")
    private final ArrayDeque<Waiting<T>> line = new ArrayDeque<>();

    @GuardedBy("this")
    private boolean planned;

    private record Waiting<T>(T item, long sinceNanos) {}

    /**
     * @param delay how long each waits at least
     * @param pause between two times that items are handed on: those that are due in the meantime go together, that much
     *     later
     * @param timer hands them on; when it is shut down, those in the line stay there
     * @param nanoTime a clock in nanoseconds
     * @param due what is done with each; what it throws is logged
     */
    public DelayLine(
            Duration delay, Duration pause, ScheduledExecutorService timer, LongSupplier nanoTime, Consumer<T> due) {
        this.delay = delay;
        this.pause = pause;
        this.timer = timer;
        this.nanoTime = nanoTime;
        this.due = due;
    }

    /** Puts an item at the end of the line. */
    public synchronized void add(T item) {
        line.add(new Waiting<>(item, nanoTime.getAsLong()));
        if (!planned) {
            plan(delay.toNanos());
        }
    }

    /** Takes the first item before its time; null if none waits. */
    public synchronized @Nullable T poll() {
        Waiting<T> first = line.poll();
        return first == null ? null : first.item();
    }

    /** How long the first item has waited, in nanoseconds; -1 if none waits. */
    public synchronized long waited() {
        Waiting<T> first = line.peek();
        return first == null ? -1 : nanoTime.getAsLong() - first.sinceNanos();
    }

    @GuardedBy("this")
    private void plan(long nanos) {
        planned = true;
        try {
            timer.schedule(this::handOnDue, Math.max(nanos, pause.toNanos()), TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException shutDown) {
            LOG.debug("nothing is handed on any more", shutDown);
        }
    }

    private void handOnDue() {
        long before = nanoTime.getAsLong() - delay.toNanos();
        for (T item = pollSince(before); item != null; item = pollSince(before)) {
            handOn(item);
        }
        synchronized (this) {
            Waiting<T> next = line.peek();
            planned = false;
            if (next != null) {
                plan(next.sinceNanos() - before);
            }
        }
    }

    /** Takes the first item if it has been there since then. */
    private synchronized @Nullable T pollSince(long nanos) {
        Waiting<T> first = line.peek();
        return first != null && first.sinceNanos() - nanos <= 0 ? poll() : null;
    }

    private void handOn(T item) {
        try {
            due.accept(item);
        } catch (Throwable t) {
            // One that fails, of whatever, must not hold up those behind it.
            LOG.error("what was due after {} failed", delay, t);
        }
    }
}
