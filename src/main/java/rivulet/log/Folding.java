package rivulet.log;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.lang.ref.WeakReference;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * Which log is folded next, where memory is short: the one with the most to fold. For any thread; one at a time folds,
 * and no other waits for it.
 */
final class Folding {
    /** All logs are looked through at once, and then the longest folded one after the other, but only so many. */
    private static final int MAX_CANDIDATES = 1024;

    private final Supplier<Stream<MemoryLog>> logs;
    private final long lookAgainBytes;
    private final ReentrantLock lock = new ReentrantLock();

    /** Longest first, as they were when they were looked through. Weak: a log that is forgotten must not be held here. */
    @GuardedBy("lock")
    private final Deque<WeakReference<MemoryLog>> candidates = new ArrayDeque<>();

    /** Below so many bytes in all it is not worth looking again: the last time there was nothing to fold. */
    @GuardedBy("lock")
    private long fruitlessBelow;

    /**
     * @param logs all there are
     * @param lookAgainBytes by how much they must grow in all, after there was nothing to fold, until all are looked
     *     through again: there can be ten thousand of them, and each append would do it
     */
    Folding(Supplier<Stream<MemoryLog>> logs, long lookAgainBytes) {
        this.logs = logs;
        this.lookAgainBytes = lookAgainBytes;
    }

    /**
     * Takes one step, which is bounded: the caller is someone who appends.
     *
     * @param bytes what all logs take
     * @return how many bytes were given back; 0 if there is nothing to fold, or another thread is at it
     */
    long step(long bytes) {
        if (!lock.tryLock()) {
            return 0;
        }
        try {
            return bytes < fruitlessBelow ? 0 : foldLongest(bytes);
        } finally {
            lock.unlock();
        }
    }

    /** Takes one step, however little the logs have grown; waits for another thread's. */
    long stepAnyway(long bytes) {
        lock.lock();
        try {
            return foldLongest(bytes);
        } finally {
            lock.unlock();
        }
    }

    @GuardedBy("lock")
    private long foldLongest(long bytes) {
        if (candidates.isEmpty()) {
            look();
        }
        while (!candidates.isEmpty()) {
            MemoryLog log = candidates.element().get();
            long freed = log == null ? 0 : log.fold();
            if (freed != 0) {
                return freed;
            }
            candidates.remove();
        }
        fruitlessBelow = bytes + lookAgainBytes;
        return 0;
    }

    @GuardedBy("lock")
    private void look() {
        List<Candidate> longestFirst = logs.get()
                .map(Candidate::new)
                .filter(candidate -> candidate.bytes > 0)
                .sorted(Comparator.comparingLong(Candidate::bytes).reversed())
                .limit(MAX_CANDIDATES)
                .toList();
        for (Candidate candidate : longestFirst) {
            // Those far shorter wait: before their turn comes others may be longer again.
            if (candidate.bytes >= longestFirst.get(0).bytes / 2) {
                candidates.add(new WeakReference<>(candidate.log));
            }
        }
    }

    /** A log, and how much of it could be folded when it was looked at: while it is sorted it must not change. */
    private record Candidate(MemoryLog log, long bytes) {
        private Candidate(MemoryLog log) {
            this(log, log.foldableBytes());
        }
    }
}
