package rivulet;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import rivulet.feed.CancelCause;
import rivulet.feed.Producer;

/**
 * A stream that is being generated here, and how many watch it: {@code WATCHED -> GRACE -> WATCHED …}, and from the end of
 * a grace, or where there is none, it is cancelled. Safe on any thread; no lock is held while the producer is called.
 */
final class LiveStream {
    private final Producer producer;
    private final boolean background;
    private final Optional<Duration> graceLength;
    private final ScheduledExecutorService timer;

    @GuardedBy("this")
    private int viewers;

    @GuardedBy("this")
    private boolean idTold;

    @GuardedBy("this")
    private boolean ended;

    @GuardedBy("this")
    private @Nullable Future<?> grace;

    /**
     * @param background whether it goes on to its end, viewers or not
     * @param idTold whether a viewer can come back: it was told the stream's id, or has a key of its own
     * @param grace how long it goes on without a viewer; empty: to its end
     */
    LiveStream(
            Producer producer,
            boolean background,
            boolean idTold,
            Optional<Duration> grace,
            ScheduledExecutorService timer) {
        this.producer = producer;
        this.background = background;
        this.idTold = idTold;
        this.graceLength = grace;
        this.timer = timer;
    }

    Producer producer() {
        return producer;
    }

    /** One more viewer. */
    void viewerCame() {
        producer.visited();
        synchronized (this) {
            viewers++;
            stopGrace();
        }
    }

    /**
     * The stream was another node's, whose viewers are gone: the grace begins, unless one has come already.
     *
     * @param least how long the grace is at least: viewers need time to come back
     */
    synchronized void awaitViewers(Duration least) {
        if (viewers == 0 && !background && !ended) {
            graceLength.ifPresent(l -> graceBegins(l.compareTo(least) > 0 ? l : least));
        }
    }

    /**
     * One viewer less; the last one leaves the stream to its grace, or ends it.
     *
     * @param toldId whether it was sent the stream's id
     */
    void viewerLeft(boolean toldId) {
        boolean over;
        synchronized (this) {
            viewers--;
            idTold |= toldId;
            over = viewers == 0 && !background && !ended && !graceBegins();
        }
        if (over) {
            producer.cancel(CancelCause.VIEWERS_LEFT);
        }
    }

    /** Whether the stream may go on without a viewer for now. */
    @GuardedBy("this")
    private boolean graceBegins() {
        if (!idTold || graceLength.equals(Optional.of(Duration.ZERO))) {
            return false;
        }
        graceLength.ifPresent(this::graceBegins);
        return true;
    }

    @GuardedBy("this")
    private void graceBegins(Duration length) {
        stopGrace();
        grace = timer.schedule(this::graceEnds, length.toMillis(), TimeUnit.MILLISECONDS);
    }

    private void graceEnds() {
        boolean over;
        synchronized (this) {
            over = viewers == 0;
        }
        if (over) {
            producer.cancel(CancelCause.VIEWERS_LEFT);
        }
    }

    /** The generation has ended: nobody need come back, and nothing of it may be kept until somebody would have. */
    synchronized void ended() {
        ended = true;
        stopGrace();
    }

    @GuardedBy("this")
    private void stopGrace() {
        if (grace != null) {
            grace.cancel(false);
            grace = null;
        }
    }
}
