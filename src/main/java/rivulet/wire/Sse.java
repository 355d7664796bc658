package rivulet.wire;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import rivulet.log.Entry;
import rivulet.log.Event;
import rivulet.log.EventJson;

/**
 * Server-Sent Events, as the HTML standard's section 9.2.6 has them parsed. A block reads
 *
 * <pre>
 * event: done
 * data: {"finish_reason":"stop", …}
 * id: Qm3v…x.3
 *
 * </pre>
 *
 * The id stands last: a client may keep an id as soon as it has read that line, and a connection cut inside the block
 * would then lose the block's data for ever.
 */
final class Sse {
    private static final byte[] NOTHING = {};
    private static final byte[] DONE_MARKER = "[DONE]".getBytes(StandardCharsets.US_ASCII);

    private static final String ID = "\nid: ";
    private static final String END = "\n\n";

    private Sse() {}

    /** The event's members as JSON; an unnamed event if it is text. */
    static byte[] json(Entry entry) {
        return block(EventJson.name(entry.event()).orElse(null), EventJson.payload(entry), entry);
    }

    /** The event's own text if it is for a reader's eyes; how the stream begins and ends as in {@link #json}. */
    static byte[] text(Entry entry) {
        Event event = entry.event();
        if (event instanceof Event.Text text) {
            return block(null, lines(text.delta()), entry);
        }
        if (event instanceof Event.Refusal refusal) {
            return block(null, lines(refusal.delta()), entry);
        }
        return event instanceof Event.Start || event.terminal() ? json(entry) : NOTHING;
    }

    /** {@code data: [DONE]}, the OpenAI API's own end of a stream. */
    static byte[] doneMarker(Entry entry) {
        return block(null, DONE_MARKER, entry);
    }

    /** A block of data that is one line. */
    static byte[] unnamed(byte[] data, Entry entry) {
        return block(null, data, entry);
    }

    /** The same block with the time after which a client that has lost its connection comes back. */
    static byte[] withRetry(byte[] block, int millis) {
        return inserted("retry: " + millis + "\n", block, endOfNameLine(block));
    }

    /** A block's first line, if that is its name; else nothing. */
    static byte[] nameLine(byte[] block) {
        return Arrays.copyOf(block, endOfNameLine(block));
    }

    /** The same block with a zero before the index in its id. */
    static byte[] withZeroInId(byte[] block, int index) {
        return inserted("0", block, block.length - (index + "\n\n").length());
    }

    private static byte[] inserted(String ascii, byte[] block, int at) {
        byte[] longer = Arrays.copyOf(block, block.length + ascii.length());
        int rest = putAscii(ascii, longer, at);
        System.arraycopy(block, at, longer, rest, block.length - at);
        return longer;
    }

    private static int endOfNameLine(byte[] block) {
        int at = 0;
        if (block.length > 0 && block[0] == 'e') {
            while (block[at] != '\n') {
                at++;
            }
            at++;
        }
        return at;
    }

    private static byte[] block(@Nullable String name, byte[] data, Entry entry) {
        String head = name == null ? "data: " : "event: " + name + "\ndata: ";
        String stream = entry.start().stream();
        String index = Integer.toString(entry.index());
        int size = head.length() + data.length + ID.length() + stream.length() + 1 + index.length() + END.length();
        byte[] block = new byte[size];
        int at = putAscii(head, block, 0);
        System.arraycopy(data, 0, block, at, data.length);
        at = putAscii(ID, block, at + data.length);
        at = putAscii(stream, block, at);
        block[at] = '.';
        at = putAscii(index, block, at + 1);
        int unused = putAscii(END, block, at);
        return block;
    }

    /** Where what follows begins. */
    private static int putAscii(String text, byte[] into, int at) {
        for (int i = 0; i < text.length(); i++) {
            into[at + i] = (byte) text.charAt(i);
        }
        return at + text.length();
    }

    /** A line end inside the data becomes a further {@code data:} line; all three of them mean LF to a parser. */
    private static byte[] lines(String text) {
        boolean one = text.indexOf('\n') < 0 && text.indexOf('\r') < 0;
        String lines =
                one ? text : text.replace("\r\n", "\n").replace('\r', '\n').replace("\n", "\ndata: ");
        return lines.getBytes(StandardCharsets.UTF_8);
    }
}
