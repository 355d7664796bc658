package rivulet.feed;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import rivulet.log.ErrorCode;

/**
 * Watches the clock for one answer: the time to its first event, the silence between two, and all of it. Sleeps until
 * the next limit could be reached, rather than being set anew at each event.
 */
final class Watch {
    /** Told, on the timer's thread or on the one that brought an event, which limit was reached. */
    @FunctionalInterface
    interface Expiry {
        /** A limit was reached; its code, and what to do about it in words. */
        void expired(ErrorCode code, String message);
    }

    private final Upstream.Limits limits;
    private final ScheduledExecutorService timer;
    private final Expiry expiry;
    private final long startNanos = System.nanoTime();
    private volatile boolean anyEvent;
    private volatile long lastEventNanos = startNanos;

    @GuardedBy("this")
    private boolean stopped;

    @GuardedBy("this")
    private @Nullable Future<?> sleep;

    Watch(Upstream.Limits limits, ScheduledExecutorService timer, Expiry expiry) {
        this.limits = limits;
        this.timer = timer;
        this.expiry = expiry;
    }

    /** Begins, when the question is asked. */
    void start() {
        look();
    }

    /**
     * An event has come: the silence begins anew. Comments are none, however many there are.
     *
     * @param nanos when it came
     */
    void event(long nanos) {
        // Many come by one read.
        if (nanos != lastEventNanos) {
            lastEventNanos = nanos;
        }
        if (!anyEvent) {
            anyEvent = true;
            // Until now it slept until the limit on the first event, which may be far away.
            look();
        }
    }

    /** Ends the watching. */
    synchronized void stop() {
        stopped = true;
        wake();
    }

    private void look() {
        long now = System.nanoTime();
        Duration leftInAll = limits.stream().minusNanos(now - startNanos);
        Duration patience = anyEvent ? limits.idle() : limits.firstEvent();
        Duration left = patience.minusNanos(now - lastEventNanos);
        if (isOver(leftInAll)) {
            expiry.expired(
                    ErrorCode.STREAM_TOO_LONG,
                    words("The stream took longer than %d s", limits.stream(), "STREAM_TIMEOUT"));
        } else if (!isOver(left)) {
            sleep(left.compareTo(leftInAll) < 0 ? left : leftInAll);
        } else if (anyEvent) {
            expiry.expired(
                    ErrorCode.UPSTREAM_IDLE, words("The upstream sent nothing for %d s", patience, "IDLE_TIMEOUT"));
        } else {
            expiry.expired(
                    ErrorCode.UPSTREAM_TIMEOUT,
                    words("The upstream sent no event within %d s", patience, "FIRST_EVENT_TIMEOUT"));
        }
    }

    private static boolean isOver(Duration left) {
        return left.isZero() || left.isNegative();
    }

    private static String words(String what, Duration limit, String setting) {
        return what.formatted(limit.toSeconds()) + "; a longer " + setting + " waits longer.";
    }

    private synchronized void sleep(Duration time) {
        wake();
        if (!stopped) {
            sleep = timer.schedule(this::look, time.toNanos(), TimeUnit.NANOSECONDS);
        }
    }

    @GuardedBy("this")
    private void wake() {
        if (sleep != null) {
            sleep.cancel(false);
        }
    }
}
