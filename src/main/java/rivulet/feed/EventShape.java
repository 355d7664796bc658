package rivulet.feed;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * All of an event but what changes from one to the next: its bytes, with holes. One upstream's usual events differ in the
 * piece of text, and at most in a number that counts them and in a string that pads them. Of one that fits, nothing
 * needs to be parsed: where the bytes are those of an event that was, and a hole holds what such a hole may hold, it
 * reads as that one did.
 *
 * <p>For one thread.
 */
final class EventShape {
    /** The Responses API counts its events. */
    private static final byte[] COUNTER = "\"sequence_number\":".getBytes(StandardCharsets.US_ASCII);
    /** OpenAI has all its events look equally long. */
    private static final byte[] PADDING = "\"obfuscation\":\"".getBytes(StandardCharsets.US_ASCII);

    /** What may change: a string's inside without escapes, or an integer. */
    private record Hole(int from, int to, boolean digits) {}

    private final byte[][] literals;
    private final boolean[] digits;
    private final int pieceHole;
    private int pieceFrom;
    private int pieceTo;

    private EventShape(byte[] event, List<Hole> holes, int pieceHole) {
        this.pieceHole = pieceHole;
        this.digits = new boolean[holes.size()];
        this.literals = new byte[holes.size() + 1][];
        int at = 0;
        for (int i = 0; i < digits.length; i++) {
            literals[i] = Arrays.copyOfRange(event, at, holes.get(i).from);
            digits[i] = holes.get(i).digits;
            at = holes.get(i).to;
        }
        literals[digits.length] = Arrays.copyOfRange(event, at, event.length);
    }

    /**
     * The shape of a usual event.
     *
     * @param event all of it, with the blank line that ends it; ASCII
     * @param from where its piece begins
     * @param to where its piece ends
     */
    static EventShape of(byte[] event, int from, int to) {
        List<Hole> holes = new ArrayList<>();
        int counter = endOf(COUNTER, event, 0, from);
        int count = counter < 0 ? from : behindSpaces(event, counter, from);
        int countEnd = digitsEnd(event, count, from);
        if (countEnd > count) {
            holes.add(new Hole(count, countEnd, true));
        }
        int pieceHole = holes.size();
        holes.add(new Hole(from, to, false));
        int padding = endOf(PADDING, event, to, event.length);
        if (padding >= 0) {
            holes.add(new Hole(padding, stringEnd(event, padding, event.length), false));
        }
        return new EventShape(event, holes, pieceHole);
    }

    /** How many bytes from there on are an event of this shape; 0 if they are none, or not a whole one. */
    int match(byte[] bytes, int from, int to) {
        int at = from;
        for (int i = 0; i <= digits.length; i++) {
            byte[] literal = literals[i];
            int end = at + literal.length;
            if (end > to || !Arrays.equals(bytes, at, end, literal, 0, literal.length)) {
                return 0;
            }
            at = end;
            if (i < digits.length) {
                end = digits[i] ? digitsEnd(bytes, at, to) : stringEnd(bytes, at, to);
                if (end == at && digits[i]) {
                    return 0;
                }
                if (i == pieceHole) {
                    pieceFrom = at;
                    pieceTo = end;
                }
                at = end;
            }
        }
        return at - from;
    }

    /** The piece in the event that was matched last. */
    String piece(byte[] bytes) {
        return new String(bytes, pieceFrom, pieceTo - pieceFrom, StandardCharsets.UTF_8);
    }

    /** Where the string that has begun stops being plain: at its quotation mark, an escape, or what may not be there. */
    private static int stringEnd(byte[] bytes, int from, int to) {
        int at = from;
        while (at < to && bytes[at] != '"' && bytes[at] != '\\' && (bytes[at] >= ' ' || bytes[at] < 0)) {
            at++;
        }
        return at;
    }

    private static int behindSpaces(byte[] bytes, int from, int to) {
        int at = from;
        while (at < to && bytes[at] == ' ') {
            at++;
        }
        return at;
    }

    /** Where the integer ends that begins there; there, if none does. */
    private static int digitsEnd(byte[] bytes, int from, int to) {
        int at = from;
        while (at < to && bytes[at] >= '0' && bytes[at] <= '9') {
            at++;
        }
        // JSON knows no leading zero.
        return at > from + 1 && bytes[from] == '0' ? from : at;
    }

    /** Where the first of these bytes end that stand between two places; -1 if none do. */
    private static int endOf(byte[] wanted, byte[] bytes, int from, int to) {
        for (int end = from + wanted.length; end <= to; end++) {
            if (Arrays.equals(bytes, end - wanted.length, end, wanted, 0, wanted.length)) {
                return end;
            }
        }
        return -1;
    }
}
