package rivulet.log;

import java.util.function.LongConsumer;

/**
 * The way of an event through this server, timed now and then: from the moment its last byte was read from the upstream
 * until the first of those who watched was written it. Whoever appends marks one event in many; the viewer that is first
 * past it takes the mark. Costs a viewer one read of a field at each write. Safe on any thread.
 */
public final class Passage {
    private static final int NONE = Integer.MAX_VALUE;

    /** The marked event's index. Both are looked at without a lock, and changed with one, this one last. */
    private volatile int marked = NONE;

    private volatile long markedNanos;

    /**
     * Marks an event that is about to be appended; an earlier mark that nobody took is forgotten.
     *
     * @param nanos when it was read, on the clock of {@link System#nanoTime}
     */
    public synchronized void mark(int index, long nanos) {
        markedNanos = nanos;
        marked = index;
    }

    /**
     * A viewer has been written all up to an index.
     *
     * @param watchingSince when the viewer came: what was read before is a replay for it, and tells nothing
     * @param nanos when the write was done
     * @param told gets the marked event's time in nanoseconds, if this viewer is the first past it
     */
    public void written(int last, long watchingSince, long nanos, LongConsumer told) {
        if (!passed(last, watchingSince)) {
            return;
        }
        long since;
        synchronized (this) {
            // Perhaps another viewer was first, or this is the next mark.
            if (!passed(last, watchingSince)) {
                return;
            }
            since = markedNanos;
            marked = NONE;
        }
        told.accept(nanos - since);
    }

    private boolean passed(int last, long watchingSince) {
        return marked <= last && watchingSince - markedNanos < 0;
    }
}
