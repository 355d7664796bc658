package rivulet.wire;

import io.javalin.http.Context;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.IntSupplier;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;
import org.eclipse.jetty.io.EofException;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import rivulet.log.Entry;
import rivulet.log.StreamLog;

/** All viewers of this node. Looks at each now and then: one timer in all, where one each would be re-armed at every write. */
public final class Viewers {
    /** The attribute of a request under which its {@link Shown} is found, once a stream is shown to it. */
    public static final String SHOWN = "rivulet.shown";

    private static final Logger LOG = LoggerFactory.getLogger(Viewers.class);
    /** How often each viewer is looked at, and so how late a heartbeat may come. */
    private static final Duration TICK = Duration.ofMillis(250);

    private final Set<Viewer> viewers = ConcurrentHashMap.newKeySet();
    private final Duration heartbeat;
    private final Duration slow;
    private final Executor writer;
    private final Executor aside;
    private final LongSupplier nanoTime;
    private final IntSupplier retryMillis;
    private final LongConsumer passed;
    private final LongAdder dropped = new LongAdder();

    /**
     * @param heartbeat how long a connection stays silent; proxies drop idle ones, many at 60 s
     * @param slow how long a viewer may take to read what it was sent
     * @param writer runs the viewers; none of them blocks its threads
     * @param aside runs those whose frames take long to encode, on no thread that reads answers
     * @param timer runs the looking
     * @param nanoTime a clock in nanoseconds
     * @param retryMillis draws how long one client waits before it comes back: not all at once after a restart
     * @param passed told now and then, in nanoseconds, how long an event took from the upstream to its first viewer
     */
    public Viewers(
            Duration heartbeat,
            Duration slow,
            Executor writer,
            Executor aside,
            ScheduledExecutorService timer,
            LongSupplier nanoTime,
            IntSupplier retryMillis,
            LongConsumer passed) {
        this.heartbeat = heartbeat;
        this.slow = slow;
        this.writer = writer;
        this.aside = aside;
        this.nanoTime = nanoTime;
        this.retryMillis = retryMillis;
        this.passed = passed;
        timer.scheduleWithFixedDelay(this::tick, TICK.toMillis(), TICK.toMillis(), TimeUnit.MILLISECONDS);
    }

    /**
     * Answers a request with a stream, from a position on. Called on the request's own thread before its handler
     * returns, or from a stage of the future that the handler gave.
     *
     * @param peer who asked
     * @param after the index of the last entry the client has, -1 if it has none
     * @param onClose told when the viewer is gone
     */
    public void show(Context ctx, Peer peer, StreamLog log, int after, Format format, Closed onClose) {
        if (peer.hasTakenBack()) {
            onClose.closed(false, new Shown(log.start().stream(), after));
            return;
        }
        AtomicReference<@Nullable Viewer> self = new AtomicReference<>();
        StreamResponse response = null;
        Viewer viewer;
        try {
            response = new StreamResponse(
                    ctx,
                    head(log, format),
                    peer,
                    cause -> ifSet(self, gone -> writer.execute(() -> gone.close(cause))));
            // A model may think for longer, and heartbeats be rarer; who reads too slowly is dropped here.
            response.allowSilence();
            viewer = new Viewer(
                    log,
                    after,
                    format,
                    retryMillis.getAsInt(),
                    response,
                    format.costly() ? aside : writer,
                    nanoTime,
                    passed,
                    (sent, shown) -> {
                        ifSet(self, viewers::remove);
                        if (shown.end() == Shown.End.SLOW) {
                            dropped.increment();
                        }
                        onClose.closed(sent, shown);
                    });
            ctx.attribute(SHOWN, viewer.shown());
        } catch (RuntimeException e) {
            if (response == null) {
                // The request was taken back in this very moment.
                peer.letGo();
            } else {
                // It is kept open by now, and without a viewer nobody would ever end it.
                response.end();
            }
            onClose.closed(false, new Shown(log.start().stream(), after));
            throw e;
        }
        // All before it begins: what has ended by then would stay here for ever.
        viewers.add(viewer);
        self.set(viewer);
        if (peer.hasLeft()) {
            // Before it is written anything: it was told no id, and cannot come back.
            viewer.close(new EofException("the peer has left"));
        }
        response.heedPeer();
        viewer.begin();
    }

    /**
     * Answers with the end of an ended stream, to a client whose position says that it has it. Where the stream lost its
     * node that can be wrong: what the client has at that index may be an event that was lost with the node. It is told
     * again, under an id that says so, {@code <stream>.0<index>}, and whoever comes back with that one is not told again.
     */
    public void showEnd(Context ctx, StreamLog log, Format format) {
        Entry end = log.read(Integer.MAX_VALUE, 1).get(0);
        byte[] bytes = end.encoded(format);
        if (format.sse()) {
            bytes = Sse.withRetry(Sse.withZeroInId(bytes, end.index()), retryMillis.getAsInt());
        }
        StreamResponse response = new StreamResponse(ctx, head(log, format), new Peer(ctx.req()), cause -> {});
        response.write(ByteBuffer.wrap(bytes), Callback.from(response::end));
    }

    /**
     * Answers with a heartbeat and breaks off: any status but 200, or a clean end, would keep the client from coming
     * again.
     */
    public void later(Context ctx, Format format) {
        StreamResponse response = new StreamResponse(ctx, head(format), new Peer(ctx.req()), cause -> {});
        response.write(ByteBuffer.wrap(format.heartbeat()), Callback.from(response::breakOff));
    }

    /** Told of a viewer's end, once, on any thread. */
    @FunctionalInterface
    public interface Closed {
        /**
         * The viewer is gone.
         *
         * @param sentAny whether anything was handed to the network, the head with the stream's id at least
         * @param shown what it was shown
         */
        void closed(boolean sentAny, Shown shown);
    }

    /** How many there are. */
    public int count() {
        return viewers.size();
    }

    /** How many were dropped because they did not read, since the start. */
    public long dropped() {
        return dropped.sum();
    }

    /** Breaks off all that are left. */
    public void closeAll() {
        viewers.forEach(viewer -> {
            viewer.shown().ended(Shown.End.STOPPED);
            viewer.close(new IllegalStateException("the server stops"));
        });
    }

    private static Map<String, String> head(StreamLog log, Format format) {
        String id = log.start().stream();
        Map<String, String> head = head(format);
        head.put("Stream-Id", id);
        head.put("Location", "/streams/" + id);
        return head;
    }

    private static Map<String, String> head(Format format) {
        Map<String, String> head = new LinkedHashMap<>();
        head.put("Content-Type", format.contentType());
        head.put("Cache-Control", "no-cache, no-transform");
        // nginx buffers an answer without it.
        head.put("X-Accel-Buffering", "no");
        return head;
    }

    private void tick() {
        for (Viewer viewer : viewers) {
            try {
                viewer.tick(heartbeat, slow);
            } catch (Throwable t) {
                // One that fails, of whatever, must not end the looking after all others.
                LOG.error("a viewer could not be looked at", t);
            }
        }
    }

    private static void ifSet(AtomicReference<@Nullable Viewer> reference, java.util.function.Consumer<Viewer> action) {
        Viewer viewer = reference.get();
        if (viewer != null) {
            action.accept(viewer);
        }
    }
}
