package rivulet.simulator;

import io.javalin.http.Context;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import rivulet.simulator.Reply.Ending;
import rivulet.wire.Peer;
import rivulet.wire.StreamResponse;

/**
 * Writes a reply at its pace. No thread belongs to it: a step runs on the timer, starts at most one write, and the end of
 * that write puts the next step on the timer.
 *
 * <p>{@code WAITING -> WRITING -> WAITING … -> CLOSED}: there is either one step on the timer or one write in flight, so
 * what a step uses needs no lock; the hand-over by timer and callback makes it visible. Closing comes from anywhere.
 */
final class SimulatedStream implements Callback {
    private static final Logger LOG = LoggerFactory.getLogger(SimulatedStream.class);

    /** Frames a step at most: those without a delay between them share the timer's thread with all others. */
    private static final int MAX_FRAMES = 16;
    /** How often a waiting stream looks whether it is over already. */
    private static final long LOOK_NANOS = Duration.ofMillis(100).toNanos();

    private final ScheduledExecutorService timer;
    private final Peer peer;
    private final Reply reply;
    private final List<Frame> frames;
    private final long gapNanos;
    private final Runnable onClose;
    private final AtomicBoolean closed = new AtomicBoolean();

    private volatile @Nullable StreamResponse response;
    private volatile @Nullable Future<?> nextStep;

    // Owned by the step that runs.
    private int written;
    private boolean headSent;
    private boolean deltaSeen;
    private byte[] dripping = {};
    private int dripped;
    private long dueNanos;

    private SimulatedStream(Peer peer, Reply reply, ScheduledExecutorService timer, Runnable onClose) {
        this.peer = peer;
        this.reply = reply;
        this.frames = reply.frames();
        this.timer = timer;
        this.onClose = onClose;
        this.gapNanos = reply.gap().toNanos();
        this.deltaSeen = reply.deltaSeen();
        this.dueNanos = System.nanoTime() + reply.firstByteAfter().toNanos();
    }

    /** Starts a reply, on the thread of the request and before its handler returns; {@code onClose} is run once. */
    static void start(Context ctx, Reply reply, ScheduledExecutorService timer, Runnable onClose) {
        SimulatedStream stream = new SimulatedStream(new Peer(ctx.req()), reply, timer, onClose);
        ctx.status(reply.status());
        StreamResponse response = new StreamResponse(ctx, reply.headers(), stream.peer, gone -> stream.close());
        stream.response = response;
        response.heedPeer();
        if (stream.closed.get()) {
            response.breakOff();
        } else {
            stream.scheduleNext();
        }
    }

    /** Ends the stream wherever it is: its peer is gone, or nothing follows but a break. */
    private void close() {
        if (closed.compareAndSet(false, true)) {
            @Nullable Future<?> step = nextStep;
            if (step != null) {
                step.cancel(false);
            }
            @Nullable StreamResponse open = response;
            if (open != null) {
                open.breakOff();
            }
            onClose.run();
        }
    }

    private void end(StreamResponse open) {
        if (closed.compareAndSet(false, true)) {
            open.end();
            onClose.run();
        }
    }

    private void scheduleNext() {
        long nanos = Math.max(0, Math.min(dueNanos - System.nanoTime(), LOOK_NANOS));
        try {
            Future<?> step = timer.schedule(this::step, nanos, TimeUnit.NANOSECONDS);
            nextStep = step;
            if (closed.get()) {
                // Closed after it had looked for a step to cancel; this one would find out by itself, but only later.
                step.cancel(false);
            }
        } catch (RejectedExecutionException serverStops) {
            close();
        }
    }

    private void step() {
        try {
            @Nullable StreamResponse open = response;
            if (open == null || closed.get()) {
                return;
            }
            if (headSent && reply.over().getAsBoolean()) {
                end(open);
            } else if (System.nanoTime() < dueNanos) {
                // While it waits, nothing that is written could tell that the peer has left.
                peer.watch();
                scheduleNext();
            } else if (allWritten() && headSent) {
                finish(open);
            } else {
                headSent = true;
                open.write(ByteBuffer.wrap(nextBytes()), this);
            }
        } catch (RuntimeException e) {
            if (!closed.get()) {
                LOG.warn("a simulated stream failed", e);
            }
            close();
        }
    }

    @Override
    public void succeeded() {
        scheduleNext();
    }

    @Override
    public void failed(Throwable peerGone) {
        close();
    }

    @Override
    public InvocationType getInvocationType() {
        return InvocationType.NON_BLOCKING;
    }

    private void finish(StreamResponse open) {
        if (reply.ending() == Ending.END) {
            end(open);
        } else if (reply.ending() == Ending.BREAK) {
            close();
        } else {
            dueNanos = System.nanoTime() + Duration.ofDays(365).toNanos();
            scheduleNext();
        }
    }

    private boolean allWritten() {
        return written == frames.size() && dripped == dripping.length;
    }

    private byte[] nextBytes() {
        if (!reply.drip()) {
            return dueFrames();
        }
        if (dripped == dripping.length) {
            dripping = dueFrames();
            dripped = 0;
        }
        return dripping.length == 0 ? dripping : new byte[] {dripping[dripped++]};
    }

    /** The frames whose time has come, a bounded number of them. */
    private byte[] dueFrames() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        long now = System.nanoTime();
        for (int count = 0; count < MAX_FRAMES && written < frames.size() && dueNanos <= now; count++) {
            bytes.writeBytes(frames.get(written).bytes().get());
            written++;
            if (written < frames.size() && frames.get(written).delta()) {
                // Counted from when it was due, not from now: what comes late does not make the rest late.
                dueNanos += deltaSeen ? gapNanos : 0;
                deltaSeen = true;
            }
        }
        return bytes.toByteArray();
    }
}
