package rivulet.log;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;

/**
 * Ended logs that can still be read, as bytes in a few {@link Segment}s. A log is a dozen objects, and most are never
 * read again: of thousands a second the collector would do nothing but copy them. They are forgotten a segment at a time.
 * For any thread.
 */
final class Archive {
    /** What is forgotten together is no larger a part of what all logs may take. */
    private static final int SHARES = 16;
    /** A segment takes logs for such a part of the retention: that much longer they are in memory, where none finds them. */
    private static final int SPANS = 8;

    private final long retentionNanos;
    private final long spanNanos;
    private final int segmentBytes;
    private final LongSupplier nanoTime;
    private final LongConsumer onGrowth;
    private final DelayLine<Segment> due;

    /** Oldest first. The last one grows. */
    @GuardedBy("this")
    private final ArrayDeque<Segment> segments = new ArrayDeque<>();

    /**
     * @param retention how long a log can be read
     * @param together how often is forgotten at most
     * @param timer runs the forgetting
     * @param maxBytes how much memory all logs may take, about
     * @param onGrowth told by how many bytes this has grown; negative where logs were forgotten
     */
    Archive(
            Duration retention,
            Duration together,
            ScheduledExecutorService timer,
            LongSupplier nanoTime,
            long maxBytes,
            LongConsumer onGrowth) {
        Duration span = retention.dividedBy(SPANS);
        this.retentionNanos = retention.toNanos();
        this.spanNanos = span.toNanos();
        this.segmentBytes = (int) Math.min(Segment.MAX_BYTES, maxBytes / SHARES);
        this.nanoTime = nanoTime;
        this.onGrowth = onGrowth;
        this.due = new DelayLine<>(retention.plus(span), together, timer, nanoTime, this::forget);
    }

    /** Puts all entries of an ended log here, in their order; false if they are too many bytes. */
    synchronized boolean add(List<Packed> runs) {
        long now = nanoTime.getAsLong();
        Segment last = segments.peekLast();
        int growth = last == null || now - last.sinceNanos() > spanNanos ? 0 : last.add(runs, now);
        if (growth == 0) {
            Segment next = new Segment(segmentBytes, last == null ? 0 : last.size(), now);
            growth = next.add(runs, now);
            if (growth == 0) {
                return false;
            }
            if (last != null) {
                last.close();
            }
            segments.add(next);
            due.add(next);
        }
        onGrowth.accept(growth);
        return true;
    }

    /** All entries of a log, if it is here and its time is not over. */
    synchronized Optional<Packed> find(String id) {
        long earliest = nanoTime.getAsLong() - retentionNanos;
        // The newest are asked for most.
        for (Iterator<Segment> newestFirst = segments.descendingIterator(); newestFirst.hasNext(); ) {
            Packed found = newestFirst.next().find(id, earliest);
            if (found != null) {
                return Optional.of(found);
            }
        }
        return Optional.empty();
    }

    /** From now on the log is not found. */
    synchronized void remove(String id) {
        segments.forEach(segment -> segment.remove(id));
    }

    /** How long the oldest log has been here, in nanoseconds; -1 if there is none. */
    long waited() {
        return due.waited();
    }

    /** Forgets the oldest logs; false if there is none. */
    boolean forgetOldest() {
        Segment oldest = due.poll();
        if (oldest != null) {
            forget(oldest);
        }
        return oldest != null;
    }

    synchronized void clear() {
        segments.clear();
    }

    private synchronized void forget(Segment segment) {
        if (segments.remove(segment)) {
            onGrowth.accept(-segment.size());
        }
    }
}
