package rivulet.log;

import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The way of an event through this server, timed now and then: from the moment its last byte was read from the upstream
 * until the first of those who watched was written it. Whoever appends marks one event in many; the viewer that is first
 * past it takes the mark. Costs a viewer one read of a field at each write. Safe on any thread.
 */
public final class Passage {
    private record Mark(int index, long nanos) {}

    private final AtomicReference<@Nullable Mark> mark = new AtomicReference<>();

    /**
     * Marks an event that is about to be appended; an earlier mark that nobody took is forgotten.
     *
     * @param nanos when it was read, on the clock of {@link System#nanoTime}
     */
    public void mark(int index, long nanos) {
        mark.set(new Mark(index, nanos));
    }

    /**
     * A viewer has been written all up to an index.
     *
     * @param watchingSince when the viewer came: what was read before is a replay for it, and tells nothing
     * @param nanos when the write was done
     * @param told gets the marked event's time in nanoseconds, if this viewer is the first past it
     */
    public void written(int last, long watchingSince, long nanos, LongConsumer told) {
        Mark marked = mark.get();
        if (marked != null
                && marked.index <= last
                && watchingSince - marked.nanos < 0
                && mark.compareAndSet(marked, null)) {
            told.accept(nanos - marked.nanos);
        }
    }
}
