package rivulet.feed;

import java.time.Duration;
import java.util.Iterator;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import rivulet.log.FinishReason;

/**
 * A feed of known pieces, one each interval, the first at once. Each piece's time is counted from the start, so that
 * late ones do not delay those that follow.
 */
final class PacedText implements Feed {
    /** Pieces said in one go at most, where the interval is nothing: others use the timer too. */
    private static final int MOST_AT_ONCE = 256;

    private final Iterable<String> pieces;
    private final Duration interval;
    private final ScheduledExecutorService timer;

    /** @param pieces gone through as they are said: those to come need not be there yet */
    PacedText(Iterable<String> pieces, Duration interval, ScheduledExecutorService timer) {
        this.pieces = pieces;
        this.interval = interval;
        this.timer = timer;
    }

    @Override
    public Cancellation start(Sink sink) {
        Speaker speaker = new Speaker(sink);
        speaker.speakLater(0);
        return speaker;
    }

    private final class Speaker implements Cancellation {
        private final Sink sink;
        private final Iterator<String> left = pieces.iterator();
        private final long startNanos = System.nanoTime();
        /** The step to come; null once cancelled. */
        private final AtomicReference<@Nullable Future<?>> step = new AtomicReference<>();

        private volatile boolean cancelled;
        private int said;

        private Speaker(Sink sink) {
            this.sink = sink;
        }

        @Override
        public void cancel() {
            cancelled = true;
            Future<?> next = step.getAndSet(null);
            if (next != null) {
                next.cancel(false);
            }
        }

        private void speak() {
            int most = interval.isZero() ? MOST_AT_ONCE : 1;
            for (int i = 0; i < most && left.hasNext() && !cancelled; i++) {
                sink.text(left.next());
                said++;
            }
            if (!left.hasNext()) {
                sink.done(FinishReason.STOP, null);
            } else if (!cancelled) {
                long due = startNanos + said * interval.toNanos();
                speakLater(Math.max(0, due - System.nanoTime()));
            }
        }

        private void speakLater(long nanos) {
            step.set(timer.schedule(this::speak, nanos, TimeUnit.NANOSECONDS));
            if (cancelled) {
                cancel();
            }
        }
    }
}
