package rivulet.log;

import org.jspecify.annotations.Nullable;

/** One event at its place in one stream. */
public final class Entry {
    private final Event.Start start;
    private final int index;
    private final Event event;

    /** What was asked for last. Unguarded: of two threads that ask in one moment, one may encode for itself alone. */
    private @Nullable Encoded encoded;

    /** An event at an index, counted from 0, of the stream that {@code start} opened. */
    public Entry(Event.Start start, int index, Event event) {
        this.start = start;
        this.index = index;
        this.event = event;
    }

    /** What the stream began with: its id and kind. */
    public Event.Start start() {
        return start;
    }

    /** The event's place in the stream, from 0, without gaps. */
    public int index() {
        return index;
    }

    /** The event itself. */
    public Event event() {
        return event;
    }

    /** This entry in that encoding: encoded by whoever asks first, kept for all who come after. */
    public byte[] encoded(Encoding encoding) {
        Encoded newest = encoded;
        for (Encoded known = newest; known != null; known = known.before) {
            if (known.encoding == encoding) {
                return known.bytes;
            }
        }
        byte[] bytes = encoding.encode(this);
        encoded = new Encoded(encoding, bytes, newest);
        return bytes;
    }

    /** What an encoding gave. All of it is seen by whoever sees it, since nothing of it changes (JLS 17.5). */
    private record Encoded(
            Encoding encoding, byte[] bytes, @Nullable Encoded before) {}
}
