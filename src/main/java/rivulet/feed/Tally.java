package rivulet.feed;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import rivulet.log.Event;
import rivulet.log.Usage;

/** The times of one generation, and what it took. The feed's thread writes it, one at a time; any thread reads it. */
final class Tally {
    private final LongSupplier nanoTime;
    private final long startNanos;
    private final AtomicInteger textDeltas = new AtomicInteger();
    private volatile @Nullable Duration ttft;
    private volatile @Nullable Usage usage;
    private volatile long lastDeltaNanos;
    /** When what is said now was read; 0 if the feed does not say. The feed's thread's. */
    private long readNanos;

    /**
     * @param nanoTime a clock in nanoseconds
     * @param ageNanos how long ago it began
     * @param ttft how long its first delta took, if it has come
     */
    Tally(LongSupplier nanoTime, long ageNanos, @Nullable Duration ttft) {
        this.nanoTime = nanoTime;
        this.startNanos = nanoTime.getAsLong() - ageNanos;
        this.ttft = ttft;
    }

    /** What is said next was read then. */
    void readAt(long nanos) {
        readNanos = nanos;
    }

    /** Something is said, for the first time or not. */
    void said() {
        if (ttft == null) {
            ttft = elapsed();
        }
    }

    /** A delta has come; when it was read, 0 if that is not known. */
    long deltaCame() {
        long nanos = readNanos == 0 ? nanoTime.getAsLong() : readNanos;
        // Many come by one read, and each write would be seen by all processors before this one goes on.
        if (nanos != lastDeltaNanos) {
            lastDeltaNanos = nanos;
        }
        return readNanos;
    }

    /** Counts what is in the log. */
    void count(Event event) {
        if (event instanceof Event.Text) {
            // One thread counts.
            textDeltas.lazySet(textDeltas.get() + 1);
        }
    }

    /** What the upstream says that it took, so far; null takes back what it said before. */
    void usage(@Nullable Usage latest) {
        Usage earlier = usage;
        usage = latest == null || earlier == null ? latest : latest.behind(earlier);
    }

    @Nullable
    Usage usage() {
        return usage;
    }

    /** The provider tells what an answer cost at its end; of one that was cut, one token a delta is the best guess. */
    @Nullable
    Usage usageWhenCut(boolean asksModel) {
        Usage known = usage;
        long deltas = textDeltas.get();
        return known == null && deltas > 0 && asksModel ? new Usage(null, deltas, null, null, true) : known;
    }

    /** How long the first delta took; null before it. */
    @Nullable
    Duration ttft() {
        return ttft;
    }

    /** How long the last delta took, where the first took so long. */
    Duration last(Duration first) {
        Duration last = Duration.ofNanos(lastDeltaNanos - startNanos);
        // One was read and the other appended; they may be the same delta's.
        return last.compareTo(first) < 0 ? first : last;
    }

    /** How long it has taken until now. */
    Duration elapsed() {
        return Duration.ofNanos(nanoTime.getAsLong() - startNanos);
    }
}
