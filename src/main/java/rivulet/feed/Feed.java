package rivulet.feed;

/** A source of one stream's events. */
public interface Feed {

    /**
     * Begins to speak. Returns soon: whatever takes time happens on the feed's own threads, which call the sink one at
     * a time, and end it exactly once unless cancelled first.
     *
     * @return what stops the feed
     */
    Cancellation start(Sink sink);

    /** Stops a feed. */
    interface Cancellation {
        /** Lets go of all that the feed holds, its connection first of all. May be called twice, and after the end. */
        void cancel();

        /** The same, but for what goes on without a connection: that is another node's now, and is left alone. */
        default void abandon() {
            cancel();
        }
    }
}
