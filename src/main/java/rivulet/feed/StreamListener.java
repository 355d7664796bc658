package rivulet.feed;

import okhttp3.sse.EventSourceListener;

/** Told what comes of one question: the events, and what lies below them. */
abstract class StreamListener extends EventSourceListener {
    /**
     * Bytes have come; the events in them are told next.
     *
     * @param nanos when, on the clock of {@link System#nanoTime}
     */
    abstract void read(long nanos);

    /** Takes usual events, as {@link EventStreamParser.Events#usual} has it. */
    abstract int usual(byte[] bytes, int from, int to);

    /**
     * The body has ended, and there was nothing of an event stream in it.
     *
     * @param body how it begins
     */
    abstract void strange(String body);

    /** The body has ended: an event that is told from now on may have been cut. */
    abstract void bodyEnds();
}
