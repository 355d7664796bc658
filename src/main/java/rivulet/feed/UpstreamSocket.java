package rivulet.feed;

import java.io.IOException;
import java.io.InputStream;
import java.net.SocketAddress;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.channels.IllegalBlockingModeException;
import java.nio.channels.SocketChannel;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A connection to an upstream, which OkHttp holds for a socket like any other: it connects, asks, and reads the head of
 * the response, and waits for each. Behind the head the body can be lent to one who reads what is there and never waits,
 * so that no thread need wait for it; and be given back when it has ended.
 *
 * <pre>
 *   PLAIN --a question is asked--> HEAD --the empty line--> BODY --lend--> LENT --giveBack--> PLAIN
 *                                                             |--OkHttp reads it itself-----> PLAIN
 * </pre>
 *
 * What came with the head is kept here, lest it lie in a buffer of OkHttp's when the body is lent. Used by one thread at a
 * time, but for {@link #close}, which is for any.
 */
final class UpstreamSocket extends ChannelSocket {
    private static final byte[] NOTHING = {};

    private enum Part {
        PLAIN,
        HEAD,
        BODY,
        LENT
    }

    private final ReadTurns turns;
    private Part part = Part.PLAIN;
    private volatile @Nullable Runnable onClose;
    /** What was read behind the head, or is to be read in place of what the borrower has read. */
    private byte[] kept = NOTHING;

    private int keptFrom;
    private int questions;
    private ResponseHead head = new ResponseHead();

    /** @param turns told before a thread waits for bytes */
    UpstreamSocket(ReadTurns turns) throws IOException {
        super(SocketChannel.open());
        this.turns = turns;
    }

    /**
     * Connects; a proxy's word and TLS belong to that, and are waited for no longer than the peer. With each question
     * OkHttp sets anew how long is waited.
     */
    @Override
    public void connect(SocketAddress to, int timeoutMillis) throws IOException {
        super.connect(to, timeoutMillis);
        setSoTimeout(timeoutMillis);
    }

    /** A question is asked next: what is read then begins with the head of a response. */
    void asks() {
        questions++;
        part = Part.HEAD;
        head = new ResponseHead();
    }

    /** Whether the peer has left it open after an answer, and answered again: one that closes at once has not. */
    boolean isLasting() {
        return questions > 1;
    }

    /** Whether the peer has closed, as far as is known now; or has spoken out of turn. */
    boolean isOver() {
        try {
            getChannel().configureBlocking(false);
            try {
                return keptFrom < kept.length || getChannel().read(ByteBuffer.allocate(1)) != 0;
            } finally {
                getChannel().configureBlocking(true);
            }
        } catch (IOException | IllegalBlockingModeException e) {
            return true;
        }
    }

    /**
     * Lends the body: from now on {@link #readNow} reads it, and OkHttp must not.
     *
     * @return what of it came with the head; null if OkHttp has some of it already, or may have: then it reads the rest, too
     */
    byte @Nullable [] lend() {
        if (part != Part.BODY) {
            return null;
        }
        part = Part.LENT;
        byte[] first = kept;
        kept = NOTHING;
        return first;
    }

    /** Who is told, by the thread that closes this, should that be before it is given back. */
    void whenClosed(Runnable told) {
        onClose = told;
    }

    /** Of a body that is lent: reads what is there, 0 bytes if nothing is, -1 at the end of the connection. */
    int readNow(byte[] into) throws IOException {
        // Only now: of a short body all may have come with the head.
        if (getChannel().isBlocking()) {
            getChannel().configureBlocking(false);
        }
        return getChannel().read(ByteBuffer.wrap(into));
    }

    /**
     * Takes a body back that has ended well. No selector may know of the channel any more.
     *
     * @param rest the body as OkHttp is to read it
     */
    void giveBack(byte[] rest) throws IOException {
        onClose = null;
        kept = rest;
        keptFrom = 0;
        if (!getChannel().isBlocking()) {
            getChannel().configureBlocking(true);
        }
        part = Part.PLAIN;
    }

    private int readWaiting(InputStream in, byte[] into, int offset, int length) throws IOException {
        if (part == Part.LENT) {
            throw new SocketException("the body is read elsewhere");
        }
        if (part == Part.BODY) {
            part = Part.PLAIN;
        }
        int count = takeKept(into, offset, length);
        if (count > 0) {
            return count;
        }
        turns.waits();
        count = in.read(into, offset, length);
        if (part != Part.HEAD || count <= 0) {
            return count;
        }
        int headBytes = headIn(into, offset, offset + count);
        kept = Arrays.copyOfRange(into, offset + headBytes, offset + count);
        return headBytes;
    }

    /** How many of these bytes belong to the head. */
    private int headIn(byte[] bytes, int from, int to) {
        for (int i = from; i < to; i++) {
            if (head.endsWith(bytes[i])) {
                part = Part.BODY;
                return i + 1 - from;
            }
        }
        return to - from;
    }

    private int takeKept(byte[] into, int offset, int length) {
        int count = Math.min(length, kept.length - keptFrom);
        System.arraycopy(kept, keptFrom, into, offset, count);
        keptFrom += count;
        if (keptFrom == kept.length) {
            kept = NOTHING;
            keptFrom = 0;
        }
        return count;
    }

    @Override
    public InputStream getInputStream() throws IOException {
        InputStream in = super.getInputStream();
        return new InputStream() {
            @Override
            public int read() throws IOException {
                byte[] one = new byte[1];
                return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
            }

            @Override
            public int read(byte[] into, int offset, int length) throws IOException {
                return readWaiting(in, into, offset, length);
            }

            @Override
            public int available() throws IOException {
                return kept.length - keptFrom + in.available();
            }

            @Override
            public void close() throws IOException {
                UpstreamSocket.this.close();
            }
        };
    }

    @Override
    void closed() {
        Runnable told = onClose;
        if (told != null) {
            told.run();
        }
    }
}
