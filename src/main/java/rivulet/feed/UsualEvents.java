package rivulet.feed;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The short way of usual events: takes them out of the body's bytes, where they stand whole and one behind the other,
 * before the parser of event streams cuts these into lines, the lines into fields and makes strings of them. Whatever is
 * not usual is left, and everything behind it: it goes the parser's way.
 *
 * <p>For one thread.
 */
final class UsualEvents {
    /** Finds the piece in an event's data. */
    @FunctionalInterface
    interface Reading {
        /** The piece; throws where the event is for the API's reader. */
        UsualPiece piece(String data) throws JsonCursor.Unusual;
    }

    private static final byte[] DATA = "data:".getBytes(StandardCharsets.US_ASCII);
    /** The Responses API names its events, by what is their type too. */
    private static final byte[] NAME = ("event: " + UsualPiece.TEXT_DELTA + "\n").getBytes(StandardCharsets.US_ASCII);

    private final Reading reading;
    private final Consumer<String> pieces;
    private @Nullable EventShape shape;

    /** @param pieces takes the pieces, in their order */
    UsualEvents(Reading reading, Consumer<String> pieces) {
        this.reading = reading;
        this.pieces = pieces;
    }

    /**
     * Takes the usual events at the beginning.
     *
     * @param bytes of an event stream, from the beginning of an event on
     * @return how many bytes were taken
     */
    int take(byte[] bytes, int from, int to) {
        int at = from;
        int length = one(bytes, at, to);
        while (length > 0) {
            at += length;
            length = one(bytes, at, to);
        }
        return at - from;
    }

    private int one(byte[] bytes, int from, int to) {
        EventShape last = shape;
        int length = last == null ? 0 : last.match(bytes, from, to);
        if (last == null || length == 0) {
            return read(bytes, from, to);
        }
        pieces.accept(last.piece(bytes));
        return length;
    }

    private int read(byte[] bytes, int from, int to) {
        int dataFrom = begins(bytes, from, to, NAME) ? from + NAME.length : from;
        if (!begins(bytes, dataFrom, to, DATA)) {
            return 0;
        }
        dataFrom += DATA.length;
        dataFrom += dataFrom < to && bytes[dataFrom] == ' ' ? 1 : 0;
        int dataTo = dataFrom;
        while (dataTo < to && bytes[dataTo] != '\n' && bytes[dataTo] != '\r') {
            dataTo++;
        }
        int end = dataTo + 2;
        if (end > to || bytes[dataTo] != '\n' || bytes[end - 1] != '\n') {
            return 0;
        }
        String data = new String(bytes, dataFrom, dataTo - dataFrom, StandardCharsets.UTF_8);
        UsualPiece piece;
        try {
            piece = reading.piece(data);
        } catch (JsonCursor.Unusual e) {
            return 0;
        }
        // Only of ASCII is the place in the text the place in the bytes.
        if (piece.plain() && data.length() == dataTo - dataFrom) {
            int before = dataFrom - from;
            shape = EventShape.of(Arrays.copyOfRange(bytes, from, end), before + piece.from(), before + piece.to());
        }
        pieces.accept(piece.text());
        return end - from;
    }

    private static boolean begins(byte[] bytes, int from, int to, byte[] with) {
        int end = from + with.length;
        return end <= to && Arrays.equals(bytes, from, end, with, 0, with.length);
    }
}
