package rivulet.feed;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads an event stream (HTML standard, section 9.2.6) from bytes that are cut anywhere, and tells each event as soon as
 * its last byte is there. A line may end with CR, LF or both; a byte order mark at the beginning is dropped; an event that
 * the body's end leaves open is told as well, which the standard would not: some upstreams never end their last one.
 *
 * <p>Usual events that stand whole between two others are offered to the listener first, before they are cut into lines.
 * Of what is not whole yet it keeps a copy, up to a limit; between events it keeps nothing. Not for use by several threads.
 */
final class EventStreamParser {
    private static final byte[] BYTE_ORDER_MARK = {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF};
    private static final byte[] DATA = "data".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] EVENT = "event".getBytes(StandardCharsets.US_ASCII);
    private static final List<String> FIELDS = List.of("data", "event", "id", "retry");
    private static final byte[] NOTHING = {};
    private static final int FIRST_LENGTH = 256;
    /** How much is kept of a body that is no event stream, to be quoted. */
    private static final int MOST_STRANGE = 4096;

    /** Told the events, in their order. */
    interface Events {
        /**
         * Takes the usual events at the beginning of these bytes, where an event begins or goes on with its first data.
         *
         * @return how many bytes they are; 0: there are none, and what is there is to be told as an event
         */
        int usual(byte[] bytes, int from, int to);

        /**
         * An event.
         *
         * @param type its name, if it has one
         */
        void event(@Nullable String type, String data);
    }

    /** One event is larger than an event may be. */
    static final class EventTooLarge extends IOException {
        private static final long serialVersionUID = 1L;

        private EventTooLarge(int maxBytes) {
            super("One event of the upstream is larger than %d bytes; a larger MAX_EVENT_BYTES would take it."
                    .formatted(maxBytes));
        }
    }

    private final int maxEventBytes;
    private final Events events;

    /** Whether something has come that a mark may stand before. */
    private boolean begun;

    /** Whether there was any line that an event stream has. */
    private boolean known;
    /** The lines since the last event that an event stream has not: where there is no other, the body. */
    private String strange = "";

    private boolean lastWasCr;
    /** The beginning of a line whose end has not come. */
    private byte[] line = NOTHING;

    private int lineLength;

    private @Nullable String type;
    private @Nullable String data;
    /** {@code data}, where the event has several lines of it. */
    private @Nullable StringBuilder dataLines;
    /** How long it is, with an end for each line. */
    private int dataBytes;

    EventStreamParser(int maxEventBytes, Events events) {
        this.maxEventBytes = maxEventBytes;
        this.events = events;
    }

    /**
     * Takes what comes next.
     *
     * @param bytes of an array that may be used again
     */
    void accept(byte[] bytes, int from, int to) throws EventTooLarge {
        int at = from;
        while (at < to) {
            if (lastWasCr) {
                lastWasCr = false;
                if (bytes[at] == '\n') {
                    at++;
                    continue;
                }
            }
            if (betweenEvents()) {
                int taken = events.usual(bytes, at, to);
                if (taken > 0) {
                    begun = true;
                    known = true;
                    strange = "";
                }
                at += taken;
            }
            at = line(bytes, at, to);
        }
    }

    /** The body has ended: what is open ends with it. */
    void end() throws EventTooLarge {
        if (lineLength > 0) {
            lineEnds(NOTHING, 0, 0);
        }
        eventEnds();
    }

    /** Whether the body has anything of an event stream. */
    boolean known() {
        return known;
    }

    /** What stands at the body's end, behind the last event, and is nothing of an event stream; its beginning. */
    String strange() {
        return strange;
    }

    private boolean betweenEvents() {
        return lineLength == 0 && data == null && type == null;
    }

    /** Reads to the end of a line, or of the bytes. */
    private int line(byte[] bytes, int from, int to) throws EventTooLarge {
        int end = from;
        while (end < to && bytes[end] != '\n' && bytes[end] != '\r') {
            end++;
        }
        if (end == to) {
            keep(bytes, from, to);
            return to;
        }
        lastWasCr = bytes[end] == '\r';
        lineEnds(bytes, from, end);
        return end + 1;
    }

    /** @param from what of the line was not kept */
    private void lineEnds(byte[] bytes, int from, int to) throws EventTooLarge {
        if (lineLength == 0) {
            whole(bytes, from, to);
            return;
        }
        keep(bytes, from, to);
        byte[] kept = line;
        int length = lineLength;
        line = NOTHING;
        lineLength = 0;
        whole(kept, 0, length);
    }

    /** Reads a line that is whole. */
    private void whole(byte[] bytes, int lineFrom, int to) throws EventTooLarge {
        int from = begun ? lineFrom : behindMark(bytes, lineFrom, to);
        begun = true;
        if (from == to) {
            eventEnds();
            return;
        }
        int colon = from;
        while (colon < to && bytes[colon] != ':') {
            colon++;
        }
        if (colon == from) {
            // A comment.
            known = true;
            return;
        }
        int value = Math.min(colon + 1, to);
        if (value < to && bytes[value] == ' ') {
            value++;
        }
        if (is(DATA, bytes, from, colon)) {
            known = true;
            dataBytes += to - value + 1;
            requireSmall(dataBytes);
            data(text(bytes, value, to));
        } else if (is(EVENT, bytes, from, colon)) {
            known = true;
            type = value == to ? null : text(bytes, value, to);
        } else {
            ignored(bytes, from, colon, to);
        }
    }

    /** Id and retry are for who would come again, and the last line may be cut; others are none of an event stream's. */
    private void ignored(byte[] bytes, int from, int colon, int to) {
        String name = text(bytes, from, Math.min(colon, from + MOST_STRANGE));
        if (FIELDS.stream().anyMatch(field -> field.startsWith(name))) {
            known = true;
        } else if (strange.length() < MOST_STRANGE) {
            strange += text(bytes, from, Math.min(to, from + MOST_STRANGE)) + '\n';
        }
    }

    private static int behindMark(byte[] bytes, int from, int to) {
        int end = from + BYTE_ORDER_MARK.length;
        return end <= to && is(BYTE_ORDER_MARK, bytes, from, end) ? end : from;
    }

    private static boolean is(byte[] name, byte[] bytes, int from, int to) {
        return Arrays.equals(name, 0, name.length, bytes, from, to);
    }

    private static String text(byte[] bytes, int from, int to) {
        return new String(bytes, from, to - from, StandardCharsets.UTF_8);
    }

    private void data(String value) {
        if (data == null) {
            data = value;
            return;
        }
        if (dataLines == null) {
            dataLines = new StringBuilder(data);
        }
        dataLines.append('\n').append(value);
    }

    private void eventEnds() {
        String said = dataLines == null ? data : dataLines.toString();
        String name = type;
        data = null;
        dataLines = null;
        type = null;
        dataBytes = 0;
        if (said != null) {
            strange = "";
            events.event(name, said);
        }
    }

    private void keep(byte[] bytes, int from, int to) throws EventTooLarge {
        int length = lineLength + to - from;
        requireSmall(length);
        if (length > line.length) {
            line = Arrays.copyOf(line, Math.max(FIRST_LENGTH, Math.max(length, 2 * line.length)));
        }
        System.arraycopy(bytes, from, line, lineLength, to - from);
        lineLength = length;
    }

    private void requireSmall(int eventLength) throws EventTooLarge {
        if (eventLength > maxEventBytes) {
            throw new EventTooLarge(maxEventBytes);
        }
    }
}
