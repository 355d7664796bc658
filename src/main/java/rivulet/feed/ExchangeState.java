package rivulet.feed;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import okhttp3.sse.EventSource;
import org.jspecify.annotations.Nullable;

/**
 * Where an {@link Exchange} stands, its connection, and the one thing that is planned for it. For any thread.
 *
 * <p>{@code ASKING -> READING -> SETTLING -> ENDED}, guarded by this; from ASKING and READING also back to ASKING, by
 * another connection, from SETTLING to READING, where what was taken for the last word was not, and from anywhere to
 * ENDED. No lock is held while a connection is closed.
 */
final class ExchangeState {
    /** What the exchange is at. */
    enum Phase {
        /** The answer has not begun. */
        ASKING,
        READING,
        /** The model's last word was said; what it took may follow. */
        SETTLING,
        /** The end has been told. */
        ENDED
    }

    private final ScheduledExecutorService timer;

    /** Written under the lock; read without, too, since each delta asks for it. */
    private volatile Phase phase = Phase.ASKING;

    @GuardedBy("this")
    private @Nullable EventSource connection;

    /** What the timer is to do: ask again or, in the end, close the connection. */
    @GuardedBy("this")
    private @Nullable Future<?> planned;

    ExchangeState(ScheduledExecutorService timer) {
        this.timer = timer;
    }

    Phase phase() {
        return phase;
    }

    boolean ended() {
        return phase == Phase.ENDED;
    }

    /** Goes from one phase to another; whether it was in that one. */
    synchronized boolean step(Phase from, Phase to) {
        boolean steps = phase == from;
        if (steps) {
            phase = to;
        }
        return steps;
    }

    /** Ends it; whether this was the one step that did. */
    synchronized boolean end() {
        boolean ends = phase != Phase.ENDED;
        phase = Phase.ENDED;
        return ends;
    }

    /**
     * Opens a connection, if one is still wanted.
     *
     * @param opening called under the lock; it calls nothing back on this thread
     */
    synchronized void open(Supplier<EventSource> opening) {
        if (phase == Phase.ASKING) {
            connection = opening.get();
        }
    }

    /**
     * Has the question asked again after a while, if it is still in that phase; whether it is.
     *
     * @param ask run on the timer's thread
     */
    synchronized boolean planAsk(Phase from, Duration delay, Runnable ask) {
        boolean asks = step(from, Phase.ASKING);
        if (asks) {
            plan(ask, delay);
        }
        return asks;
    }

    /** Closes the connection, if there is one: nothing more is read. */
    void close() {
        EventSource open;
        synchronized (this) {
            open = connection;
        }
        if (open != null) {
            open.cancel();
        }
    }

    /** Closes the connection after a while, unless that is forgotten. */
    synchronized void closeAfter(Duration delay) {
        plan(this::close, delay);
    }

    /** Nothing is planned any more. */
    synchronized void forgetPlanned() {
        if (planned != null) {
            planned.cancel(false);
        }
    }

    @GuardedBy("this")
    private void plan(Runnable task, Duration delay) {
        planned = timer.schedule(task, delay.toMillis(), TimeUnit.MILLISECONDS);
    }
}
