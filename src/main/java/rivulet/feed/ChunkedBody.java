package rivulet.feed;

import java.io.IOException;
import java.net.ProtocolException;

/**
 * A body in chunks (RFC 9112, section 7.1), read from bytes that are cut anywhere.
 *
 * <pre>
 *   SIZE ----> SIZE_END --;--> EXTENSION --LF--> DATA --its last byte--> DATA_END --LF--> SIZE
 *                                                of size 0: TRAILER, line by line, an empty one: OVER
 * </pre>
 *
 * Extensions and trailers are passed over. A line may end with LF alone (section 2.2). Not for use by several threads.
 */
final class ChunkedBody {
    /** Takes what the chunks hold. */
    @FunctionalInterface
    interface Content {
        /** Takes these bytes, of an array that is used again. */
        void accept(byte[] bytes, int from, int to) throws IOException;
    }

    private enum State {
        SIZE,
        SIZE_END,
        EXTENSION,
        DATA,
        DATA_END,
        TRAILER,
        OVER
    }

    /** What {@link #size} may be before a digit is added to it. */
    private static final long LARGEST = Long.MAX_VALUE >> 4;

    private final Content content;
    private State state = State.SIZE;
    /** Of the chunk that comes: the size as far as it is read; then how much of it is still to come. */
    private long size;

    private boolean anyDigit;
    private boolean trailerLine;

    ChunkedBody(Content content) {
        this.content = content;
    }

    /** Whether all of it has come. */
    boolean over() {
        return state == State.OVER;
    }

    /**
     * Takes what comes next.
     *
     * @return up to where these bytes are the body's: less than all only if it is {@link #over}
     * @throws ProtocolException if these are no chunks
     * @throws IOException what the content's taker throws
     */
    int accept(byte[] bytes, int from, int to) throws IOException {
        int at = from;
        while (at < to && state != State.OVER) {
            if (state == State.DATA) {
                int end = at + (int) Math.min(to - at, size);
                content.accept(bytes, at, end);
                size -= end - at;
                at = end;
                if (size == 0) {
                    state = State.DATA_END;
                }
            } else {
                frame(bytes[at++]);
            }
        }
        return at;
    }

    private void frame(byte next) throws ProtocolException {
        switch (state) {
            case SIZE -> size(next);
            case SIZE_END -> afterSize(next);
            case EXTENSION -> {
                if (next == '\n') {
                    chunkBegins();
                }
            }
            case DATA_END -> {
                if (next == '\n') {
                    beginSize();
                } else if (next != '\r') {
                    throw new ProtocolException("a chunk is longer than its size");
                }
            }
            default -> trailer(next);
        }
    }

    private void size(byte next) throws ProtocolException {
        int digit = Character.digit(next, 16);
        if (digit >= 0) {
            if (size > LARGEST) {
                throw new ProtocolException("a chunk is too large");
            }
            size = (size << 4) + digit;
            anyDigit = true;
        } else if (!anyDigit) {
            throw new ProtocolException("a chunk has no size");
        } else {
            afterSize(next);
        }
    }

    private void afterSize(byte next) throws ProtocolException {
        switch (next) {
            case '\n' -> chunkBegins();
            case ';' -> state = State.EXTENSION;
            case '\r', ' ', '\t' -> state = State.SIZE_END;
            default -> throw new ProtocolException("a chunk's size is no hexadecimal number");
        }
    }

    private void chunkBegins() {
        state = size == 0 ? State.TRAILER : State.DATA;
    }

    private void beginSize() {
        state = State.SIZE;
        size = 0;
        anyDigit = false;
    }

    private void trailer(byte next) {
        if (next != '\n') {
            trailerLine |= next != '\r';
        } else if (trailerLine) {
            trailerLine = false;
        } else {
            state = State.OVER;
        }
    }
}
