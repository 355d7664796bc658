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

    /**
     * Takes the usual events at the beginning of these bytes, where an event begins or goes on with its first data.
     *
     * @return how many bytes they are; 0: there are none, and what is there is to be told as an event
     */
    abstract int usual(byte[] bytes, int from, int to);

    /** The body has ended: an event that is told from now on may have been cut. */
    abstract void bodyEnds();
}
