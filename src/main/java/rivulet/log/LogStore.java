package rivulet.log;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Where the logs are kept: the seam between this machine's memory and a store that several nodes share. All methods may
 * be called on any thread. What asks the shared store may take its time, two seconds at most; {@link #create} and what
 * is written to a log made by it never waits for it.
 */
public interface LogStore extends AutoCloseable {

    /** A new stream's id, which cannot be guessed. */
    String newId();

    /** Opens a new stream, which this node writes, with its {@link Event.Start} at index 0. */
    StreamLog create(Event.Start start);

    /** Opens a new stream under a new id. */
    default StreamLog create(Kind kind, @Nullable String model) {
        return create(new Event.Start(newId(), kind, model));
    }

    /**
     * The stream with that id, whichever node writes it, if it is live or ended less than the store's retention ago.
     *
     * @throws StoreAway if that cannot be told just now
     */
    Optional<StreamLog> find(String id);

    /**
     * Claims an idempotency key for a stream that is to be created next, unless the key is claimed already. Of all who
     * try at once, on all nodes, one gets it, for the store's retention. While a shared store is away a claim holds on
     * this node.
     *
     * @param fingerprint of the request, so that another request under the same key can be told
     * @return the earlier claim, whose stream can be found already; empty if the key is now this stream's
     */
    Optional<Claim> claim(String key, String fingerprint, Event.Start start);

    /** Gives the key back, if it is still that stream's. */
    void release(String key, String stream);

    /**
     * Asks the node that writes the stream to end it, if that is another one; its end is then read in the log, soon.
     *
     * @throws StoreAway if that node cannot be asked just now
     */
    void cancel(String id);

    /** Who answers what other nodes ask of this one. Called once, before the first stream. */
    void serve(Remote remote);

    /** How the store is doing. */
    StoreState state();

    /** What nodes can count together; empty where there are no other nodes. */
    default Optional<SharedCells> cells() {
        return Optional.empty();
    }

    /** Whether live streams alone take all the memory there is for logs, so that no new one should begin. */
    boolean full();

    /** Lets the logs of other nodes go: their readers are to come back elsewhere, since this node stops. */
    void stopFollowing();

    /** Hands over what is left, and lets go of threads and connections. */
    @Override
    void close();

    /** What other nodes, and the store itself, ask of the node that writes a stream. Called on any thread; quick. */
    interface Remote {
        /** Ends the stream now, if it is live: someone asked another node to, or the stream is no longer this node's. */
        void cancel(String id);

        /**
         * The stream is watched on another node, as if by a viewer here.
         *
         * @return to be run once, when it no longer is
         */
        Runnable watched(String id);
    }
}
