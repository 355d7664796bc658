package rivulet.wire;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.IteratingCallback;
import rivulet.log.Entry;
import rivulet.log.Passage;
import rivulet.log.StreamLog;

/**
 * One who watches a stream: a position in its log, a format, and a response. Whatever has been appended since the last
 * write goes into the next one; while a write is in flight the log only grows, so a slow viewer delays no one and costs
 * no thread.
 *
 * <p>{@code IDLE -> WRITING -> IDLE … -> CLOSED}, kept by {@link IteratingCallback}: {@code process} runs on one thread
 * at a time, the executor's or the one that ended the write before.
 */
final class Viewer {
    private static final byte[] NOTHING = {};

    private final StreamLog log;
    private final Format format;
    private final StreamResponse response;
    private final Executor executor;
    private final LongSupplier nanoTime;
    private final Viewers.Closed onClose;
    private final LongConsumer passed;
    private final Shown shown;
    private final Passage passage;
    private final long sinceNanos;
    private final int retryMillis;
    private final Pump pump;
    private final StreamLog.Subscription subscription;
    /** From the beginning, so that an event wakes nobody before {@link #begin}. */
    private final AtomicBoolean wakeScheduled = new AtomicBoolean(true);

    private volatile boolean heartbeatDue;
    private volatile boolean writing;
    private volatile long lastWriteNanos;

    /**
     * A viewer that has seen the entries up to {@code after}; it starts with {@link #begin}.
     *
     * @param retryMillis how long the client waits before it comes back; told in the first block, if the format has a
     *     place for it
     * @param executor runs the viewer when there is something to write; never blocked by it
     * @param nanoTime a clock in nanoseconds
     * @param passed told now and then how many nanoseconds an event took from the upstream to here
     * @param onClose told once that the viewer is gone, for whatever reason, on any thread
     */
    Viewer(
            StreamLog log,
            int after,
            Format format,
            int retryMillis,
            StreamResponse response,
            Executor executor,
            LongSupplier nanoTime,
            LongConsumer passed,
            Viewers.Closed onClose) {
        this.log = log;
        this.format = format;
        this.retryMillis = retryMillis;
        this.response = response;
        this.executor = executor;
        this.nanoTime = nanoTime;
        this.passed = passed;
        this.onClose = onClose;
        this.sinceNanos = nanoTime.getAsLong();
        this.lastWriteNanos = sinceNanos;
        this.shown = new Shown(log.start().stream(), after);
        this.passage = log.passage();
        this.pump = new Pump(after);
        this.subscription = log.onAppend(this::wake);
    }

    /** Has the viewer begin, on another thread. It may be over at once: whoever keeps it must have it by now. */
    void begin() {
        executor.execute(this::run);
    }

    /** Has the viewer look for new entries, soon and on another thread. The producer calls this; it must not wait. */
    void wake() {
        // Mostly it is: of all that one read has brought, the first wakes it.
        if (!wakeScheduled.get() && wakeScheduled.compareAndSet(false, true)) {
            executor.execute(this::run);
        }
    }

    private void run() {
        wakeScheduled.set(false);
        pump.iterate();
    }

    /**
     * Called now and then: sends a heartbeat after so long a silence; drops the viewer if one write has been in flight for
     * so long.
     */
    void tick(Duration heartbeat, Duration slow) {
        // Looked at first: a write that is seen here has set its own time.
        boolean writes = writing;
        long nanos = nanoTime.getAsLong() - lastWriteNanos;
        if (writes && nanos >= slow.toNanos()) {
            shown.ended(Shown.End.SLOW);
            response.dropUnread();
            close(new IllegalStateException("the viewer does not read"));
        } else if (!writes && nanos >= heartbeat.toNanos()) {
            heartbeatDue = true;
            wake();
        }
    }

    /** What it has been shown. */
    Shown shown() {
        return shown;
    }

    /** Ends the viewer before its stream has ended: the response is broken off, so that the client comes back. */
    void close(Throwable cause) {
        pump.abort(cause);
    }

    /** Reads the log and writes the response, in turn. */
    private final class Pump extends IteratingCallback {
        private final Function<Entry, byte[]> encoder;
        private int position;
        private Batch inFlight;
        /** From the moment its write begins: the peer may have read it, and left, before that is known to be done. */
        private boolean headSent;

        private boolean retrySent;

        private Pump(int position) {
            this.position = position;
            this.encoder = format.encoder(log, position);
            this.inFlight = Batch.nothing(position);
        }

        @Override
        protected Action process() {
            while (!inFlight.ends()) {
                inFlight = Batch.after(position, log, format.snapshots(), encoder);
                if (inFlight.bytes().length > 0) {
                    return writeBlocks(inFlight.bytes());
                }
                if (inFlight.last() == position) {
                    return nothingToShow();
                }
                // Entries that this format does not show.
                position = inFlight.last();
            }
            return Action.SUCCEEDED;
        }

        @Override
        protected void onSuccess() {
            position = inFlight.last();
            long nanos = nanoTime.getAsLong();
            lastWriteNanos = nanos;
            shown.written(position, nanos);
            passage.written(position, sinceNanos, nanos, passed);
            writing = false;
        }

        @Override
        protected void onCompleteSuccess() {
            subscription.close();
            // Before the response ends: whoever writes it down then looks here.
            shown.ended(Shown.End.COMPLETE);
            response.end();
            onClose.closed(headSent, shown);
        }

        @Override
        protected void onAborted(Throwable cause) {
            // A write in flight fails by this, and only then is the pump complete.
            response.breakOff();
        }

        @Override
        protected void onCompleteFailure(Throwable cause) {
            subscription.close();
            shown.ended(Shown.End.LEFT);
            response.breakOff();
            onClose.closed(headSent, shown);
        }

        private Action nothingToShow() {
            if (heartbeatDue) {
                return write(format.heartbeat());
            }
            // The head alone: a client that follows must not wait for the next event to learn that it may.
            return headSent ? Action.IDLE : write(NOTHING);
        }

        private Action writeBlocks(byte[] blocks) {
            if (retrySent || !format.sse()) {
                return write(blocks);
            }
            retrySent = true;
            if (blocks.length <= Batch.MAX_BYTES) {
                return write(Sse.withRetry(blocks, retryMillis));
            }
            // Shared by all viewers: a crowd that comes back to a long stream must not hold a copy each.
            byte[] name = Sse.nameLine(blocks);
            ByteBuffer rest = ByteBuffer.wrap(blocks, name.length, blocks.length - name.length);
            return write(Sse.withRetry(name, retryMillis), rest);
        }

        private Action write(byte[] bytes) {
            beginWrite();
            response.write(ByteBuffer.wrap(bytes), next());
            return Action.SCHEDULED;
        }

        private Action write(byte[] first, ByteBuffer rest) {
            beginWrite();
            response.write(ByteBuffer.wrap(first), Callback.from(() -> response.write(rest, next()), this::failed));
            return Action.SCHEDULED;
        }

        /** What goes on when a write is done: at once, or, where each frame takes long, when others had their turn. */
        private Callback next() {
            return format.costly() ? Callback.from(() -> executor.execute(this::succeeded), this::failed) : this;
        }

        private void beginWrite() {
            headSent = true;
            heartbeatDue = false;
            lastWriteNanos = nanoTime.getAsLong();
            writing = true;
        }
    }
}
