package rivulet.wire;

import jakarta.servlet.http.HttpServletRequest;
import java.time.Duration;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.LongSupplier;
import rivulet.log.DelayLine;

/**
 * Watches those who have waited a moment for their answer's end: most answers that are short have ended by then, and to
 * watch costs as much as a write. Safe on any thread.
 */
public final class Peers {
    /** The moment; up to twice as long, since those who came in the meantime are looked at together. */
    private static final Duration MOMENT = Duration.ofMillis(20);

    private final DelayLine<Peer> newcomers;

    /**
     * @param timer runs the looking
     * @param nanoTime a clock in nanoseconds
     */
    public Peers(ScheduledExecutorService timer, LongSupplier nanoTime) {
        newcomers = new DelayLine<>(MOMENT, MOMENT, timer, nanoTime, Peer::watch);
    }

    /** Who sent a request; watched from soon on, until the answer ends. */
    public Peer meet(HttpServletRequest request) {
        Peer peer = new Peer(request);
        newcomers.add(peer);
        return peer;
    }
}
