package rivulet;

import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import rivulet.log.Claim;
import rivulet.log.Event;
import rivulet.log.LogStore;
import rivulet.log.StreamLog;
import rivulet.log.StreamState;

/** Has all requests under one idempotency key mean one stream, on all nodes that share a store. For any thread. */
final class Claims {
    private final LogStore store;
    private final Function<String, StreamLog> find;
    private final OneByOne beginning = new OneByOne();

    /** @param find the stream of an id */
    Claims(LogStore store, Function<String, StreamLog> find) {
        this.store = store;
        this.find = find;
    }

    /**
     * The stream that was begun under a key, or else the one that is begun now.
     *
     * @param start of the one that would be begun
     * @param begin begins it; where that fails, the key is free again
     * @throws RequestError if the key is another request's
     */
    Streams.Begun begin(IdempotencyKey key, Event.Start start, Supplier<StreamLog> begin) {
        // So what has a key is a stream that counts its viewers, or has given the key back.
        return beginning.run(key.key(), () -> {
            Optional<Claim> earlier = claim(key, start);
            return earlier.isPresent() ? found(key, earlier.get()) : fresh(key, start, begin);
        });
    }

    private Streams.Begun found(IdempotencyKey key, Claim earlier) {
        if (!earlier.fingerprint().equals(key.fingerprint())) {
            throw RequestError.keyReused();
        }
        return new Streams.Begun(find.apply(earlier.stream()), false);
    }

    private Streams.Begun fresh(IdempotencyKey key, Event.Start start, Supplier<StreamLog> begin) {
        try {
            return new Streams.Begun(begin.get(), true);
        } catch (RuntimeException e) {
            store.release(key.key(), start.stream());
            throw e;
        }
    }

    /** The earlier claim, if there is one; what said nothing and may do better is no answer, and gives its key back. */
    private Optional<Claim> claim(IdempotencyKey key, Event.Start start) {
        Optional<Claim> earlier = store.claim(key.key(), key.fingerprint(), start);
        // Looked at here and not when it ends: whoever has seen the end may ask again sooner than that is done.
        boolean mayDoBetter = earlier.flatMap(claim -> store.find(claim.stream()))
                .filter(Claims::mayDoBetter)
                .isPresent();
        if (!mayDoBetter) {
            return earlier;
        }
        store.release(key.key(), earlier.get().stream());
        return store.claim(key.key(), key.fingerprint(), start);
    }

    /** Whether it ended before it said anything, by what may pass or because its viewers had left. */
    private static boolean mayDoBetter(StreamLog log) {
        if (!log.ended() || log.head() != 1) {
            return false;
        }
        return StreamState.cancelled(log)
                || StreamState.failedAtOnce(log)
                        .filter(failed -> failed.code().retryable())
                        .isPresent();
    }
}
