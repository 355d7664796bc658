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
     * The body has ended, and what stands behind its last event is nothing of an event stream.
     *
     * @param words how that begins
     * @param inStream whether there was anything of an event stream before it
     */
    abstract void strange(String words, boolean inStream);

    /** The body has ended: an event that is told from now on may have been cut. */
    abstract void bodyEnds();
}
