package rivulet.feed;

import java.io.IOException;
import java.net.ProtocolException;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.function.Supplier;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/**
 * A response's body that is read as it comes: by the call's thread what is there already, by a {@link ReadLoop} all else.
 * When it has ended, OkHttp is told so in its own terms, and its connection can be used again.
 *
 * <p>{@code OPEN -> OVER}. One thread at a time, the call's and then the loop's.
 */
final class LentBody implements ReadLoop.Body {
    private static final int FIRST_READ_BYTES = 8 * 1024;
    /** What OkHttp is given to read in place of chunks that were read here. */
    private static final byte[] LAST_CHUNK = "0\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

    private final AnswerSource source;
    private final Response response;
    private final UpstreamSocket socket;
    /** Null: all that comes until the connection ends is the body's. */
    private final @Nullable ChunkedBody chunks;

    private boolean over;
    /** Whether the connection can be used again: of what it brought, all was this body's. */
    private boolean clean;

    LentBody(AnswerSource source, Response response, UpstreamSocket socket, boolean inChunks) {
        this.source = source;
        this.response = response;
        this.socket = socket;
        this.chunks = inChunks ? new ChunkedBody(source::accept) : null;
    }

    /**
     * Reads what is there, and has the rest read.
     *
     * @param first what came with the head
     * @param turns told how this thread reads
     */
    void begin(byte[] first, ReadTurns turns, Supplier<ReadLoop> loops) {
        turns.begin();
        boolean more = take(first, first.length) && read(new byte[FIRST_READ_BYTES]);
        turns.end();
        if (!more || !goesOn(loops)) {
            left();
        }
    }

    private boolean goesOn(Supplier<ReadLoop> loops) {
        try {
            ReadLoop loop = loops.get();
            socket.whenClosed(() -> loop.closed(this));
            loop.add(this);
            return true;
        } catch (Throwable t) {
            fail(t);
            return false;
        }
    }

    @Override
    public SocketChannel channel() {
        return socket.getChannel();
    }

    @Override
    public boolean read(byte[] buffer) {
        if (over) {
            return false;
        }
        try {
            return take(buffer, socket.readNow(buffer));
        } catch (Throwable t) {
            fail(t);
            return false;
        }
    }

    /**
     * Takes what was read.
     *
     * @param count of bytes, -1 at the end of the connection
     * @return whether more is to come
     */
    private boolean take(byte[] bytes, int count) {
        try {
            if (count < 0) {
                connectionEnds();
            } else if (count > 0) {
                source.came();
                accept(bytes, count);
            }
        } catch (Throwable t) {
            fail(t);
        }
        return !over;
    }

    private void accept(byte[] bytes, int count) throws IOException {
        if (chunks == null) {
            source.accept(bytes, 0, count);
            return;
        }
        int taken = chunks.accept(bytes, 0, count);
        if (chunks.over()) {
            over = true;
            clean = taken == count;
            source.ends();
        }
    }

    private void connectionEnds() throws IOException {
        if (chunks != null) {
            throw new ProtocolException("unexpected end of stream");
        }
        over = true;
        source.ends();
    }

    private void fail(Throwable cause) {
        over = true;
        clean = false;
        source.fails(cause, response);
    }

    @Override
    public void cancel() {
        source.cancel();
    }

    @Override
    public void closed() {
        if (!over) {
            fail(new IOException("the connection was closed"));
            left();
        }
    }

    @Override
    public void left() {
        try (response) {
            if (clean) {
                source.giveBack(socket, response, LAST_CHUNK);
            } else {
                source.cancel();
            }
        } catch (IOException | RuntimeException e) {
            // The answer is whole, or its end was told: what is lost is a connection.
            source.cancel();
        }
    }
}
