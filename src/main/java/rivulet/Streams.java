package rivulet;

import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.Semaphore;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import rivulet.feed.Producer;
import rivulet.log.Claim;
import rivulet.log.ErrorCode;
import rivulet.log.Event;
import rivulet.log.LogStore;
import rivulet.log.StoreState;
import rivulet.log.StreamLog;
import rivulet.log.StreamState;

/** The streams of this node: begins them, finds them, and ends those that nobody watches any more. */
final class Streams {
    private static final Logger LOG = LoggerFactory.getLogger(Streams.class);

    private final LogStore store;
    private final Config config;
    private final ScheduledExecutorService timer;
    private final LongSupplier nanoTime;
    private final Map<String, LiveStream> live = new ConcurrentHashMap<>();
    private final Semaphore places;
    private volatile boolean draining;

    Streams(LogStore store, Config config, ScheduledExecutorService timer, LongSupplier nanoTime) {
        this.store = store;
        this.config = config;
        this.timer = timer;
        this.nanoTime = nanoTime;
        this.places = new Semaphore(config.maxStreams());
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
     * @throws RequestError where there is no place for one more, the server stops, or the key is another request's
     */
    Begun begin(Asked asked, Optional<IdempotencyKey> key) {
        Event.Start start = new Event.Start(store.newId(), asked.kind(), asked.model());
        Optional<Claim> earlier = key.flatMap(k -> store.claim(k.key(), k.fingerprint(), start));
        if (earlier.isPresent()) {
            if (!earlier.get().fingerprint().equals(key.get().fingerprint())) {
                throw RequestError.keyReused();
            }
            return new Begun(find(earlier.get().stream()), false);
        }
        try {
            takePlace();
        } catch (RequestError e) {
            key.ifPresent(k -> store.release(k.key(), start.stream()));
            throw e;
        }
        return new Begun(run(asked, start, key), true);
    }

    private void takePlace() {
        if (draining) {
            throw RequestError.draining();
        }
        if (store.full()) {
            throw RequestError.logsFull();
        }
        if (!places.tryAcquire()) {
            throw RequestError.tooManyStreams(config.maxStreams());
        }
    }

    private StreamLog run(Asked asked, Event.Start start, Optional<IdempotencyKey> key) {
        StreamLog log = store.create(start);
        Producer producer = new Producer(log, config.maxAnswerBytes(), nanoTime, () -> ended(log, key));
        // A client that has a key of its own can come back though it was never told the stream's id.
        live.put(
                start.stream(),
                new LiveStream(producer, asked.background(), key.isPresent(), config.disconnectGrace(), timer));
        LOG.info("stream {} begins: {}", start.stream(), asked.kind().wireName());
        producer.run(asked.feed());
        return log;
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
        if (!cancelHere(id) && !log.ended()) {
            store.cancel(id);
        }
    }

    private boolean cancelHere(String id) {
        LiveStream stream = live.get(id);
        if (stream != null) {
            stream.producer().cancel();
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
        live.values()
                .forEach(stream -> stream.producer()
                        .fail(
                                ErrorCode.SHUTTING_DOWN,
                                "The server stopped before the answer was complete; ask again."));
    }

    private void ended(StreamLog log, Optional<IdempotencyKey> key) {
        String id = log.start().stream();
        LiveStream stream = live.remove(id);
        if (stream != null) {
            stream.stopGrace();
            places.release();
            LOG.info("stream {} ends: {} events", id, log.head() + 1);
        }
        // Last: a store that hangs may take its time, and must not keep the place.
        if (StreamState.failedAtOnce(log)
                .filter(failed -> failed.code().retryable())
                .isPresent()) {
            // The same request may be made again, and may do better.
            key.ifPresent(k -> store.release(k.key(), id));
        }
    }

    /** What other nodes ask for the streams that are generated here. */
    private final class OtherNodes implements LogStore.Remote {
        @Override
        public void cancel(String id) {
            cancelHere(id);
        }

        @Override
        public Runnable watched(String id) {
            LiveStream stream = live.get(id);
            if (stream == null) {
                return () -> {};
            }
            stream.viewerCame();
            return () -> stream.viewerLeft(true);
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
