package rivulet.wire;

import jakarta.servlet.http.HttpServletRequest;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Watches those who have waited a moment for their answer's end: most answers that are short have ended by then, and to
 * watch costs as much as a write. Safe on any thread.
 */
public final class Peers {
    private static final Logger LOG = LoggerFactory.getLogger(Peers.class);
    /** The moment; up to twice as long, since those who came in the meantime are looked at together. */
    private static final Duration MOMENT = Duration.ofMillis(20);

    private final ScheduledExecutorService timer;
    private final LongSupplier nanoTime;
    private final Queue<Newcomer> newcomers = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean planned = new AtomicBoolean();

    /**
     * @param timer runs the looking
     * @param nanoTime a clock in nanoseconds
     */
    public Peers(ScheduledExecutorService timer, LongSupplier nanoTime) {
        this.timer = timer;
        this.nanoTime = nanoTime;
    }

    private record Newcomer(Peer peer, long sinceNanos) {}

    /** Who sent a request; watched from soon on, until the answer ends. */
    public Peer meet(HttpServletRequest request) {
        Peer peer = new Peer(request);
        newcomers.add(new Newcomer(peer, nanoTime.getAsLong()));
        plan();
        return peer;
    }

    private void plan() {
        if (planned.compareAndSet(false, true)) {
            timer.schedule(this::look, MOMENT.toMillis(), TimeUnit.MILLISECONDS);
        }
    }

    private void look() {
        long before = nanoTime.getAsLong() - MOMENT.toNanos();
        for (Newcomer first = newcomers.peek();
                first != null && first.sinceNanos() - before <= 0;
                first = newcomers.peek()) {
            newcomers.remove();
            watch(first.peer());
        }
        planned.set(false);
        if (!newcomers.isEmpty()) {
            plan();
        }
    }

    private static void watch(Peer peer) {
        try {
            peer.watch();
        } catch (RuntimeException e) {
            // One that fails must not end the looking after all others.
            LOG.error("a viewer could not be watched", e);
        }
    }
}
