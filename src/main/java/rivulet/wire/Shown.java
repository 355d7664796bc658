package rivulet.wire;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What one viewer has been shown so far, and how its showing ended. Written by the viewer, read on any thread; what is
 * read together need not belong together until it has ended.
 */
public final class Shown {
    /** Why nothing more is shown. */
    public enum End {
        /** The stream's end was shown. */
        COMPLETE,
        /** The viewer left, or its connection broke. */
        LEFT,
        /** The viewer did not read what it was sent. */
        SLOW,
        /** The server stops. */
        STOPPED;

        /** The end as it stands in logs, such as {@code left}. */
        public String wireName() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    private final String stream;
    private final int after;
    private volatile int last;
    private volatile long firstNanos;
    private volatile @Nullable End end;

    /** @param after the index of the last entry that the viewer had when it came, -1 if it had none */
    Shown(String stream, int after) {
        this.stream = stream;
        this.after = after;
        this.last = after;
    }

    /** The stream's id. */
    public String stream() {
        return stream;
    }

    /** The index of the last entry that the viewer has been shown, or had. */
    public int last() {
        return last;
    }

    /** When the first entry after the start was written, on the clock of {@link System#nanoTime}; 0 if none was. */
    public long firstNanos() {
        return firstNanos;
    }

    /** How many entries the viewer was shown, without the start and the end. */
    public int deltas() {
        return Math.max(0, last - Math.max(after, 0) - (end == End.COMPLETE ? 1 : 0));
    }

    /** Why nothing more is shown; a viewer whose request is over, and of whom nobody knows why, has left. */
    public End end() {
        End known = end;
        return known == null ? End.LEFT : known;
    }

    /** All up to an index has been written. */
    void written(int index, long nanos) {
        if (firstNanos == 0 && index > 0 && index > after) {
            firstNanos = nanos;
        }
        last = index;
    }

    /** Nothing more is shown. The first word counts. */
    void ended(End why) {
        if (end == null) {
            end = why;
        }
    }
}
