package rivulet.log;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import org.jspecify.annotations.Nullable;

/** One event at its place in one stream. */
public final class Entry {
    private final Event.Start start;
    private final int index;
    private final Event event;

    /** The first encoding that was asked for: there are many entries, and of most no other is. */
    @GuardedBy("this")
    private @Nullable Encoding first;

    @GuardedBy("this")
    private byte @Nullable [] encodedFirst;

    @GuardedBy("this")
    private byte @Nullable [] @Nullable [] others;

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
    public synchronized byte[] encoded(Encoding encoding) {
        if (encodedFirst == null) {
            first = encoding;
            encodedFirst = encoding.encode(this);
        }
        return encoding == first ? encodedFirst : other(encoding);
    }

    @GuardedBy("this")
    private byte[] other(Encoding encoding) {
        if (others == null) {
            others = new byte[Encoding.SLOTS][];
        }
        byte[] bytes = others[encoding.slot()];
        if (bytes == null) {
            bytes = encoding.encode(this);
            others[encoding.slot()] = bytes;
        }
        return bytes;
    }
}
