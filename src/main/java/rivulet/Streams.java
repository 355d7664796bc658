package rivulet;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import rivulet.access.Caller;
import rivulet.access.Limits;
import rivulet.feed.CancelCause;
import rivulet.feed.Feed;
import rivulet.feed.Feeds;
import rivulet.feed.Outcome;
import rivulet.feed.Producer;
import rivulet.log.ErrorCode;
import rivulet.log.Event;
import rivulet.log.LogStore;
import rivulet.log.Origin;
import rivulet.log.Recovery;
import rivulet.log.StoreState;
import rivulet.log.StreamLog;
import rivulet.telemetry.Generation;

/** The streams of this node: begins them, finds them, and ends those that nobody watches any more. */
final class Streams {
    private static final Logger LOG = LoggerFactory.getLogger(Streams.class);
    /** How long viewers have to come back after their node has died: a client's pause, and a renewal of other nodes. */
    private static final Duration LEAST_GRACE = Duration.ofSeconds(5);

    private final LogStore store;
    private final Config config;
    private final Limits limits;
    private final ScheduledExecutorService timer;
    private final LongSupplier nanoTime;
    private final Consumer<Generation> onEnd;
    private final Map<String, LiveStream> live = new ConcurrentHashMap<>();
    private final Claims claims;

    private final Semaphore places;
    /** Of the heap, what all logs may take before live answers are cut: the rest is for all else. */
    private final long mostLogBytes;

    private final Feeds feeds;
    private volatile boolean draining;
    /** Whether all that is live was ended, or is being. */
    private volatile boolean stopping;

    /**
     * @param limits of each caller
     * @param onEnd told how each generation went, once it has ended
     */
    Streams(
            LogStore store,
            Config config,
            Limits limits,
            ScheduledExecutorService timer,
            LongSupplier nanoTime,
            Feeds feeds,
            Consumer<Generation> onEnd) {
        this.limits = limits;
        this.feeds = feeds;
        this.onEnd = onEnd;
        this.store = store;
        this.claims = new Claims(store, this::find);
        this.config = config;
        this.timer = timer;
        this.nanoTime = nanoTime;
        this.places = new Semaphore(config.maxStreams());
        this.mostLogBytes = Math.max(config.maxLogBytes(), Runtime.getRuntime().maxMemory() / 2);
        store.serve(new OtherNodes());
    }

    /**
     * What a request has begun.
     *
     * @param fresh whether it was this request that began it, rather than an earlier one under the same key
     */
    record Begun(StreamLog log, boolean fresh) {}

    /**
     * Begins a stream, or finds the one that was begun under the same key.
     *
     * @param caller who asks
     * @throws RequestError where there is no place for one more, the server stops, or the key is another request's
     * @throws rivulet.access.Refusal where the caller has had as much as it may
     */
    Begun begin(Asked asked, Optional<IdempotencyKey> key, Caller caller) {
        Event.Start start = new Event.Start(store.newId(), asked.kind(), asked.model(), caller.name());
        return key.map(k -> claims.begin(k, start, () -> beginNow(asked, start, true, caller)))
                .orElseGet(() -> new Begun(beginNow(asked, start, false, caller), true));
    }

    private void takePlace(Asked asked, Event.Start start, Caller caller) {
        if (draining) {
            throw RequestError.draining();
        }
        if (store.full()) {
            throw RequestError.logsFull();
        }
        if (!places.tryAcquire()) {
            throw RequestError.tooManyStreams(config.maxStreams());
        }
        try {
            limits.begin(caller, start.stream(), asked.kind().asksModel());
        } catch (RuntimeException e) {
            places.release();
            throw e;
        }
    }

    private StreamLog beginNow(Asked asked, Event.Start start, boolean hasKey, Caller caller) {
        takePlace(asked, start, caller);
        StreamLog log = store.create(start);
        Producer producer = new Producer(
                log,
                config.maxAnswerBytes(),
                this::memoryShare,
                asked.background(),
                nanoTime,
                ending(log, Optional.of(caller), true));
        // A client that has a key of its own can come back though it was never told the stream's id.
        live.put(start.stream(), new LiveStream(producer, asked.background(), hasKey, config.disconnectGrace(), timer));
        // The access log tells of it when it has ended.
        LOG.debug("stream {} begins: {}", start.stream(), asked.kind().wireName());
        producer.run(asked.feed());
        if (stopping) {
            // It may have come too late to be seen there.
            endAll();
        }
        return log;
    }

    /**
     * How much memory one live log may take now. Together they outgrow what is meant for logs; where they would take the
     * whole server's, none may have more than an equal share.
     */
    private long memoryShare() {
        return store.bytes() <= mostLogBytes ? Long.MAX_VALUE : mostLogBytes / Math.max(1, live.size());
    }

    /** The stream with that id. */
    StreamLog find(String id) {
        return store.find(id).orElseThrow(() -> RequestError.noSuchStream(id));
    }

    /**
     * Ends the stream, if it is live: at once where it is generated here, else soon.
     *
     * @throws rivulet.log.StoreAway if the node that generates it cannot be asked just now
     */
    void cancel(StreamLog log) {
        String id = log.start().stream();
        if (!cancelHere(id, CancelCause.VIEWER_ASKED) && !log.ended()) {
            store.cancel(id);
        }
    }

    private boolean cancelHere(String id, CancelCause cause) {
        LiveStream stream = live.get(id);
        if (stream != null) {
            stream.producer().cancel(cause);
        }
        return stream != null;
    }

    /** Counts one more viewer of the stream, until the visit is closed. */
    Visit visit(StreamLog log) {
        LiveStream stream = live.get(log.start().stream());
        if (stream != null) {
            stream.viewerCame();
        }
        return new Visit(stream);
    }

    /** How what keeps the streams is doing. */
    StoreState storeState() {
        return store.state();
    }

    /** About how much memory the streams take on this node, in bytes. */
    long logBytes() {
        return store.bytes();
    }

    int liveCount() {
        return live.size();
    }

    boolean draining() {
        return draining;
    }

    /** Begins nothing new from now on. */
    void drain() {
        draining = true;
    }

    /** Ends all that are live: the server stops. */
    void endAll() {
        stopping = true;
        boolean others = store.othersLive();
        live.forEach((id, stream) -> {
            if (others && store.handOver(id)) {
                LOG.info("stream {} is left to the other nodes", id);
                stream.producer().abandon();
            } else {
                stream.producer()
                        .fail(ErrorCode.SHUTTING_DOWN, "The server stopped before the answer was complete; ask again.");
            }
        });
    }

    /**
     * What is done when the generation ends.
     *
     * @param caller who began it, by name alone where another node did; empty if nobody had a name there
     * @param placed whether it has one of the places
     */
    private Producer.Ending ending(StreamLog log, Optional<Caller> caller, boolean placed) {
        String id = log.start().stream();
        return new Producer.Ending() {
            @Override
            public void ends() {
                caller.ifPresent(who -> limits.ends(who, id));
                if (placed) {
                    places.release();
                }
            }

            @Override
            public void ended(Optional<Outcome> how) {
                if (log.start().kind().asksModel()) {
                    how.ifPresent(outcome -> caller.ifPresent(who -> limits.answered(who, outcome.outputTokens())));
                }
                LiveStream stream = live.remove(id);
                if (stream != null) {
                    stream.ended();
                    // The access log tells the same, and more.
                    LOG.debug("stream {} ends: {} events", id, log.head() + 1);
                }
                how.ifPresent(outcome -> onEnd.accept(
                        new Generation(log.start(), caller.map(Caller::name).orElse(null), outcome)));
            }
        };
    }

    /** What other nodes ask for the streams that are generated here. */
    private final class OtherNodes implements LogStore.Remote {
        @Override
        public void cancel(String id) {
            cancelHere(id, CancelCause.OTHER_NODE);
        }

        @Override
        public void abandon(String id) {
            LiveStream stream = live.get(id);
            if (stream != null) {
                stream.producer().abandon();
            }
        }

        @Override
        public LogStore.Readiness readiness(Origin origin) {
            if (draining) {
                return LogStore.Readiness.LEAVES;
            }
            return store.full() || !feeds.canResume(origin) ? LogStore.Readiness.REFUSES : LogStore.Readiness.TAKES;
        }

        @Override
        public void takenOver(StreamLog log, Recovery recovery) {
            // First: nothing else may be left of a stream that cannot go on.
            Optional<Feed> rest = feeds.resume(recovery.origin(), recovery.sequence());
            // Without a place if there is none left: it had one, and it is paid for.
            boolean placed = places.tryAcquire();
            Optional<Caller> creator =
                    Optional.ofNullable(log.start().creator()).map(Caller::named);
            Producer producer = new Producer(
                    log,
                    config.maxAnswerBytes(),
                    Streams.this::memoryShare,
                    recovery,
                    nanoTime,
                    ending(log, creator, placed));
            LiveStream stream = new LiveStream(producer, recovery.unwatched(), true, config.disconnectGrace(), timer);
            live.put(log.start().stream(), stream);
            LOG.warn("stream {} goes on here: its node is gone", log.start().stream());
            rest.ifPresentOrElse(
                    producer::run,
                    () -> producer.fail(ErrorCode.OWNER_LOST, "The node that generated this answer was lost."));
            if (recovery.visited()) {
                stream.awaitViewers(LEAST_GRACE);
            }
        }

        @Override
        public Optional<Runnable> watched(String id) {
            LiveStream stream = live.get(id);
            if (stream == null) {
                return Optional.empty();
            }
            stream.viewerCame();
            return Optional.of(() -> stream.viewerLeft(true));
        }
    }

    /** One viewer's stay at a stream. */
    static final class Visit {
        private final @Nullable LiveStream stream;

        private Visit(@Nullable LiveStream stream) {
            this.stream = stream;
        }

        /**
         * The viewer has left. Called once.
         *
         * @param toldId whether it was sent the stream's id: if no viewer was, none can come back
         */
        void end(boolean toldId) {
            if (stream != null) {
                stream.viewerLeft(toldId);
            }
        }
    }
}
