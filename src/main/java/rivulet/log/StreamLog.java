package rivulet.log;

import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What one stream has said so far: entries with the indices 0, 1, 2 … without a gap, the first a {@link Event.Start},
 * the last a terminal event, which is exactly one. Entries never change once they are read.
 *
 * <p>Whoever generates appends; a viewer is only a position here. The log signals that there is more and never pushes
 * it, so catching up and following live are the same code: read, and when nothing is left, wait for the signal. All
 * methods may be called on any thread.
 */
public interface StreamLog {
    /** How many entries {@link #readUpTo} holds at a time. */
    int BATCH = 512;

    /** What the stream began with: its id, kind and model. */
    Event.Start start();

    /**
     * Appends an event and signals those who wait, without holding a lock. Only the node that created the log appends.
     *
     * @return whether it was appended; {@code false} once the log has ended, or another node writes it, and then nothing
     *     has changed
     */
    boolean append(Event event);

    /**
     * Entries that follow a position, without a gap, at most {@code most} of them, perhaps fewer than there are; empty
     * only if there are none yet. Of an ended log, whatever the position, the terminal entry is among what can be read: a
     * reader that has come too far, or has seen it already, is given it again, so no reader waits for ever.
     *
     * @param after the index of the last entry the reader has, -1 if it has none
     * @throws StoreAway if nothing is left to read and more will never come here, although the stream may be live: the
     *     reader is to be broken off, so that its client comes back. Told by a signal, as if it were an entry
     */
    List<Entry> read(int after, int most);

    /**
     * Gives a reader, in their order, the entries that follow a position up to an index that the log has.
     *
     * @param after as for {@link #read}
     */
    default void readUpTo(int after, int index, Consumer<Entry> reader) {
        int at = after;
        while (at < index) {
            List<Entry> next = read(at, Math.min(BATCH, index - at));
            next.forEach(reader);
            at = next.get(next.size() - 1).index();
        }
    }

    /** About how much memory it takes here, in bytes. */
    long bytes();

    /** Times the way of events through this server; of a log that another node writes, none. */
    default Passage passage() {
        return new Passage();
    }

    /**
     * What a reader may be given in place of the entries that follow its position: a {@link Event.Snapshot}, under the
     * index of the last entry it stands for. There is one where a log was folded for want of memory, and the entries one
     * by one, which can still be read, would be longer. Never in place of the start.
     *
     * @param after as for {@link #read}
     */
    default Optional<Entry> snapshot(int after) {
        return Optional.empty();
    }

    /** The index of the newest entry. */
    int head();

    /** Whether the terminal event has been appended. */
    boolean ended();

    /**
     * Has a signal run after each append, on the appending thread, so it must be quick and must not throw. Appends may
     * share a signal, and what was appended before this call has none: register first, then read.
     *
     * @return a handle whose close ends the signals
     */
    Subscription onAppend(Runnable signal);

    /**
     * Says how another node could go on with this stream if this one died; the latest word counts.
     *
     * @param recovery null: none could
     */
    default void recoverable(@Nullable Recovery recovery) {}

    /** The handle of a registered signal. */
    interface Subscription extends AutoCloseable {
        /** Ends the signals; one that is running may still finish. Closing twice does nothing. */
        @Override
        void close();
    }
}
