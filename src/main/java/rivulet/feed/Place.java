package rivulet.feed;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import rivulet.log.Event;
import rivulet.log.Origin;
import rivulet.log.Recovery;
import rivulet.log.StreamLog;

/**
 * Where a producer is, in its upstream's answer and in its log, kept such that another node could go on from there; and,
 * where this node goes on with what another one began, how much of the log is still to be heard again.
 *
 * <p>The feed's thread's, but for {@link #visited}, which is for any.
 */
final class Place {
    private final StreamLog log;
    private final boolean unwatched;
    /** The last index that the log had when this node began to write it. */
    private final int known;

    private volatile @Nullable Recovery recovery;
    private volatile boolean visited;
    /** The index of the last entry that was told here. */
    private int head;
    /** The number of the upstream's event that is told now, -1 if it has none. */
    private int sequence = -1;
    /** Whether what comes next hangs on nothing that came before: not so once a call's pieces must find their call. */
    private boolean plain = true;

    /** @param unwatched whether the stream goes on to its end though nobody watches */
    Place(StreamLog log, boolean unwatched) {
        this.log = log;
        this.unwatched = unwatched;
        this.known = 0;
    }

    /** @param begun where another node left the stream */
    Place(StreamLog log, Recovery begun) {
        this.log = log;
        this.unwatched = begun.unwatched();
        this.visited = begun.visited();
        this.recovery = begun;
        this.head = begun.index();
        this.known = log.head();
    }

    /** Whether the log holds more than was heard here. */
    boolean behind() {
        return head < known;
    }

    /** Whether this is what the log holds next: then it has been heard again. */
    boolean hearsAgain(Event event) {
        return log.read(head, 1).get(0).event().equals(event);
    }

    /** Whether another node could go on with the stream at all. */
    boolean kept() {
        return recovery != null;
    }

    /** The upstream's event with that number is told from now on. */
    void hears(int number) {
        sequence = number;
    }

    /** From now on what comes hangs on what came before: nobody else can go on but from where it did not. */
    void entangle() {
        plain = false;
    }

    /**
     * One more entry is told, or about to be: whoever sees it in the log is to see the place that belongs to it.
     *
     * @param whole whether nothing of the upstream's event waits to be told with the next one
     */
    void moves(boolean whole, @Nullable Duration ttft) {
        head++;
        Recovery told = recovery;
        if (told != null && plain && whole && sequence >= 0) {
            told.told(sequence, head, ttft);
        }
    }

    /** The answer that the stream shows can be read again, or, with null, can't. */
    void resumable(@Nullable Origin origin, long beganMillis) {
        Recovery now = origin == null ? null : new Recovery(origin, unwatched, beganMillis);
        recovery = now;
        if (now != null && visited) {
            now.visit();
        }
        log.recoverable(now);
    }

    /** A viewer has come. */
    void visited() {
        visited = true;
        Recovery told = recovery;
        if (told != null) {
            told.visit();
        }
    }
}
