package rivulet.wire;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import rivulet.log.Ascii;
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

    private static final String DATA = "data: ";
    private static final String ID = "\nid: ";
    private static final String END = "\n\n";

    private Sse() {}

    /** The event's members as JSON; an unnamed event if it is text. */
    static byte[] json(Entry entry) {
        return block(EventJson.name(entry.event()).orElse(null), JsonLine.of(EventJson.payload(entry)), entry);
    }

    /** The event's own text if it is for a reader's eyes; how the stream begins and ends as in {@link #json}. */
    static byte[] text(Entry entry) {
        Event event = entry.event();
        if (event instanceof Event.Text text) {
            return textBlock(text.delta(), entry);
        }
        if (event instanceof Event.Refusal refusal) {
            return textBlock(refusal.delta(), entry);
        }
        return event instanceof Event.Start || event.terminal() ? json(entry) : NOTHING;
    }

    /** {@code data: [DONE]}, the OpenAI API's own end of a stream. */
    static byte[] doneMarker(Entry entry) {
        return block(null, DONE_MARKER, entry);
    }

    /** An unnamed event of JSON. */
    static byte[] unnamed(byte[] json, Entry entry) {
        return block(null, JsonLine.of(json), entry);
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
        int rest = Ascii.put(ascii, longer, at);
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

    private static byte[] textBlock(String text, Entry entry) {
        String lines = lines(text);
        if (!Ascii.only(lines)) {
            return block(null, lines.getBytes(StandardCharsets.UTF_8), entry);
        }
        byte[] block = blockAround(lines.length(), DATA, entry);
        Ascii.put(lines, block, DATA.length());
        return block;
    }

    private static byte[] block(@Nullable String name, byte[] data, Entry entry) {
        String head = name == null ? DATA : "event: " + name + "\n" + DATA;
        byte[] block = blockAround(data.length, head, entry);
        System.arraycopy(data, 0, block, head.length(), data.length);
        return block;
    }

    /** A block that lacks only its data, behind the head. */
    private static byte[] blockAround(int dataLength, String head, Entry entry) {
        String stream = entry.start().stream();
        int behindId = head.length() + dataLength + ID.length() + stream.length() + 1 + digits(entry.index());
        byte[] block = new byte[behindId + END.length()];
        int at = Ascii.put(ID, block, Ascii.put(head, block, 0) + dataLength);
        block[Ascii.put(stream, block, at)] = '.';
        Ascii.put(END, block, behindId);
        for (int left = entry.index(), i = behindId - 1; block[i] != '.'; left /= 10) {
            block[i--] = (byte) ('0' + left % 10);
        }
        return block;
    }

    private static int digits(int index) {
        int digits = 1;
        for (int left = index; left > 9; left /= 10) {
            digits++;
        }
        return digits;
    }

    /** A line end inside the data becomes a further {@code data:} line; all three of them mean LF to a parser. */
    private static String lines(String text) {
        boolean one = text.indexOf('\n') < 0 && text.indexOf('\r') < 0;
        return one ? text : text.replace("\r\n", "\n").replace('\r', '\n').replace("\n", "\ndata: ");
    }
}
