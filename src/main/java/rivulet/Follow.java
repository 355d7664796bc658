package rivulet;

import io.javalin.http.Context;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.eclipse.jetty.ee10.servlet.ServletContextRequest;
import org.eclipse.jetty.server.Request;
import rivulet.log.Entry;
import rivulet.log.Event;
import rivulet.log.StoreAway;
import rivulet.log.StreamLog;
import rivulet.log.StreamState;
import rivulet.telemetry.Metrics;
import rivulet.wire.Format;
import rivulet.wire.Peer;
import rivulet.wire.Peers;
import rivulet.wire.Silence;
import rivulet.wire.Viewers;

/** Answers a request with a stream: holds the head back while an early failure may still have a status of its own. */
final class Follow {
    /** How long: a slow model's client must have bytes before its own patience, or a proxy's, ends. */
    private static final Duration HOLD_BACK = Duration.ofMillis(1500);

    /** How long a cancelled stream may take to end: longer than a dead node's lease. */
    private static final Duration CANCEL_TIMEOUT = Duration.ofSeconds(10);

    private final Streams streams;
    private final Viewers viewers;
    private final Peers peers;
    private final int maxViewers;
    private final Executor turns;
    private final Executor waiting;
    private final ScheduledExecutorService timer;
    private final Metrics metrics;
    /** Requests that begin a stream, or whose head is held back: they are viewers, too, in a moment. */
    private final AtomicInteger heldBack = new AtomicInteger();
    /** Requests that are answered at once with all there is, and have not been sent it. */
    private final AtomicInteger unsent = new AtomicInteger();

    /**
     * @param maxViewers at once, about: of those who come in the same moment a few more may get in
     * @param turns runs what begins to show a stream; never blocked by it
     * @param waiting runs what writes a whole answer at once, and waits for a client that is slow to read it
     */
    Follow(
            Streams streams,
            Viewers viewers,
            Peers peers,
            int maxViewers,
            Executor turns,
            Executor waiting,
            ScheduledExecutorService timer,
            Metrics metrics) {
        this.maxViewers = maxViewers;
        this.streams = streams;
        this.viewers = viewers;
        this.peers = peers;
        this.turns = turns;
        this.waiting = waiting;
        this.timer = timer;
        this.metrics = metrics;
    }

    /** How many wait for their answer: 0 once each of them is a viewer, or was sent it. */
    int unanswered() {
        return heldBack.get() + unsent.get();
    }

    /** Whether one more viewer may come. */
    boolean hasPlace() {
        return viewers.count() + heldBack.get() < maxViewers;
    }

    /**
     * Shows a stream to the request that asks for it to begin, or for the same one once more.
     *
     * @param begin begins it; not called for a viewer too many
     */
    void begin(Context ctx, Format format, Supplier<Streams.Begun> begin) {
        counted(() -> {
            Streams.Begun begun = begin.get();
            if (begun.fresh()) {
                fromStart(ctx, begun.log(), format);
            } else {
                from(ctx, begun.log(), -1, format);
            }
        });
    }

    /**
     * Answers the request that asks for a stream to begin with the whole text, once that is complete.
     *
     * @param begin begins it; not called for a viewer too many
     */
    void beginWhole(Context ctx, Supplier<Streams.Begun> begin) {
        counted(() -> whole(ctx, begin.get().log()));
    }

    /** As unanswered from before its stream is live, lest the server stop between the end of that and its answer. */
    private void counted(Runnable begins) {
        if (!hasPlace()) {
            throw RequestError.tooManyViewers(maxViewers);
        }
        heldBack.incrementAndGet();
        try {
            begins.run();
        } finally {
            heldBack.decrementAndGet();
        }
    }

    /** Shows a stream that this request has begun: a failure before the first event is an HTTP error. */
    private void fromStart(Context ctx, StreamLog log, Format format) {
        Streams.Visit visit = streams.visit(log);
        Peer peer = peers.meet(ctx.req());
        CompletableFuture<Void> held = when(log, () -> log.head() > 0 || lost(log));
        completeAfter(HOLD_BACK, held);
        // Whoever has left has no use for an error's status, and need not be waited for.
        peer.onGone(() -> held.complete(null));
        heldBack.incrementAndGet();
        ctx.future(() -> held.thenRunAsync(
                        () -> {
                            // Of one that another node goes on with the id is told, before it is broken off.
                            Optional<Event.Failed> failed =
                                    lost(log) ? Optional.empty() : StreamState.failedAtOnce(log);
                            if (failed.isEmpty()) {
                                viewers.show(ctx, peer, log, -1, format, (sentAny, shown) -> visit.end(sentAny));
                            } else {
                                countUntilSent(ctx);
                                peer.giveBack();
                                visit.end(true);
                                Errors.answer(ctx, RequestError.ofFailure(failed.get()));
                            }
                        },
                        turns)
                .whenComplete((nothing, failure) -> heldBack.decrementAndGet()));
    }

    /** Shows a stream from a position on, whoever began it. */
    void from(Context ctx, StreamLog log, int after, Format format) {
        Streams.Visit visit = streams.visit(log);
        if (after >= 0) {
            metrics.resumed();
        }
        int head = log.head();
        viewers.show(ctx, peers.meet(ctx.req()), log, after, format, (sentAny, shown) -> {
            metrics.replayed(Math.min(shown.last(), head) - after);
            // A client that comes with an id can come again, however little it is sent now.
            visit.end(true);
        });
    }

    /** Shows the end alone, of a stream that lost its node, to a client that may or may not have seen it. */
    void end(Context ctx, StreamLog log, Format format) {
        viewers.showEnd(ctx, log, format);
    }

    /** Sends the client away so that it comes back: what it wants to see is out of reach just now. */
    void later(Context ctx, Format format) {
        viewers.later(ctx, format);
    }

    /**
     * Answers once a stream that was cancelled has ended, or after a while anyway: the node that generates it may be dead,
     * and then another one ends it.
     */
    void onceEnded(Context ctx, StreamLog log, Runnable answer) {
        countUntilSent(ctx);
        CompletableFuture<Void> ended = when(log, log::ended);
        completeAfter(CANCEL_TIMEOUT, ended);
        ctx.future(() -> ended.thenRunAsync(answer, waiting));
    }

    /** A client that does not wait for it leaves as a viewer does. */
    private void whole(Context ctx, StreamLog log) {
        countUntilSent(ctx);
        ctx.attribute(Requests.STREAM, log.start().stream());
        Streams.Visit visit = streams.visit(log);
        Peer peer = peers.meet(ctx.req());
        Runnable endSilence = Silence.allow(ServletContextRequest.getServletContextRequest(ctx.req()));
        CompletableFuture<Void> over = when(log, () -> log.ended() || lost(log));
        peer.onGone(() -> over.complete(null));
        ctx.future(() -> over.thenRunAsync(
                () -> {
                    endSilence.run();
                    // What the peer says from now on is its next request, and not to be read here.
                    peer.giveBack();
                    // It was told no id: only a key of its own lets it, or others, come back.
                    visit.end(false);
                    answerWhole(ctx, log);
                },
                waiting));
    }

    /** Whether the end will never come here, since another node goes on with the stream: asked again, it is shown there. */
    private static boolean lost(StreamLog log) {
        try {
            List<Entry> unused = log.read(log.head(), 1);
            return false;
        } catch (StoreAway e) {
            return true;
        }
    }

    private static void answerWhole(Context ctx, StreamLog log) {
        List<Entry> end = log.read(Integer.MAX_VALUE, 1);
        if (end.isEmpty() || StreamState.cancelled(log)) {
            // A client that has left, and may still read, is told the same while the stream goes on for others.
            Errors.answer(ctx, RequestError.cancelled());
        } else if (end.get(0).event() instanceof Event.Failed failed) {
            Errors.answer(ctx, RequestError.ofFailure(failed));
        } else {
            ctx.json(Map.of("message", StreamState.of(log).shownText()));
        }
    }

    private void countUntilSent(Context ctx) {
        unsent.incrementAndGet();
        Request.addCompletionListener(
                ServletContextRequest.getServletContextRequest(ctx.req()), failure -> unsent.decrementAndGet());
    }

    private void completeAfter(Duration most, CompletableFuture<Void> future) {
        Future<?> later = timer.schedule(() -> future.complete(null), most.toMillis(), TimeUnit.MILLISECONDS);
        CompletableFuture<Void> unused = future.whenComplete((nothing, failure) -> later.cancel(false));
    }

    /** Completes once the log is in some state; on the thread that brought it there, so little may hang on it. */
    private static CompletableFuture<Void> when(StreamLog log, BooleanSupplier reached) {
        CompletableFuture<Void> future = new CompletableFuture<>();
        Runnable look = () -> {
            if (reached.getAsBoolean()) {
                future.complete(null);
            }
        };
        StreamLog.Subscription subscription = log.onAppend(look);
        // What was appended before the registration gave no signal.
        look.run();
        CompletableFuture<Void> unused = future.whenComplete((nothing, failure) -> subscription.close());
        return future;
    }
}
