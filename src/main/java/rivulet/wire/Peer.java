package rivulet.wire;

import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.eclipse.jetty.ee10.servlet.ServletContextRequest;
import org.eclipse.jetty.http.HttpVersion;
import org.eclipse.jetty.io.AbstractEndPoint;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.internal.HttpConnection;
import org.eclipse.jetty.util.BufferUtil;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/**
 * Who waits for an answer. Jetty reads nothing from an HTTP/1.1 connection while a response is open, so nobody else
 * notices that the peer of a silent one has left; on HTTP/2 Jetty itself tells.
 *
 * <p>To notice it is to read, and what is read may be the peer's next request. That is kept here while the response is
 * open, and handed to the connection by {@link #giveBack}, before it reads on its own again: its buffer is no two
 * threads' at once. {@code NEW -> WATCHED -> OVER}, guarded by this, or straight from NEW to OVER; it is over when the
 * peer has left, or need not be watched any more.
 */
public final class Peer {
    /** Of the next request, while this one is answered: a peer that sends more is believed to be there. */
    private static final int MOST_AHEAD = 1024;

    private final boolean http2;
    /** Null once it is let go: whoever still holds the peer, as {@link Peers} do, is not to hold all of its request. */
    private @Nullable ServletContextRequest request;
    /** Told that the peer has left. */
    private Runnable onGone = Peer::nobody;

    private boolean gone;
    /** What was read of the next request, in flush mode. */
    private ByteBuffer ahead = BufferUtil.allocate(1);

    private boolean watched;
    private boolean over;

    /** Registered at the connection while the peer is watched on HTTP/1.1. */
    private @Nullable Watch watch;

    /** The peer that sent a request. */
    public Peer(HttpServletRequest request) {
        ServletContextRequest asked = ServletContextRequest.getServletContextRequest(request);
        this.request = asked;
        http2 = asked.getConnectionMetaData().getHttpVersion().getVersion() >= HttpVersion.HTTP_2.getVersion();
        if (http2) {
            watched = true;
            listen(asked);
        } else {
            // What comes next then is the body, which Jetty may read at the same time.
            over = hasUnreadBody(request);
        }
    }

    private void listen(ServletContextRequest asked) {
        try {
            asked.addFailureListener(cause -> leaves());
            // Jetty does not tell those who begin to listen after the failure; reading does. Not through
            // what is put around the request, which may have the body from elsewhere.
            Content.Chunk next = Request.unWrap(asked).read();
            if (Content.Chunk.isFailure(next)) {
                leaves();
            } else if (next != null) {
                next.release();
            }
        } catch (IllegalStateException requestIsOver) {
            leaves();
        }
    }

    private static void nobody() {}

    private static boolean hasUnreadBody(HttpServletRequest request) {
        boolean body = request.getContentLengthLong() > 0 || request.getHeader("Transfer-Encoding") != null;
        try {
            return body && !request.getInputStream().isFinished();
        } catch (IOException e) {
            return true;
        }
    }

    /** Whether its connection carries others' answers too. */
    boolean isHttp2() {
        return http2;
    }

    /** Whether it has taken its HTTP/2 request back: then Jetty has ended that, and nobody is to touch it any more. */
    public synchronized boolean hasTakenBack() {
        return http2 && gone;
    }

    /** Whether it is known to have left. */
    public synchronized boolean hasLeft() {
        return gone;
    }

    /**
     * Breaks its HTTP/2 request off, unless it has taken it back: then Jetty is ending it, and logs an error when somebody
     * else does so in the midst.
     */
    synchronized void abort(Throwable cause) {
        if (!gone && request != null) {
            request.getServletChannel().abort(cause);
        }
    }

    /**
     * Who is to know that the peer has left, in place of whoever was before: told once, at once if it has left already, and
     * not after {@link #giveBack} or {@link #letGo}; on one of the server's threads, which it must not keep.
     */
    public void onGone(Runnable told) {
        synchronized (this) {
            if (!gone) {
                onGone = over ? Peer::nobody : told;
                return;
            }
        }
        told.run();
    }

    /**
     * Begins to watch, which on HTTP/2 is done from the beginning. A peer has left when it resets its connection or takes
     * its HTTP/2 request back, and when it closes its side of an HTTP/1.1 connection: one that only shuts down its output
     * counts as gone, as it does for most servers. Safe on any thread, and done once.
     */
    public synchronized void watch() {
        if (watched || over || request == null) {
            return;
        }
        watched = true;
        // Asked of the connection: what it says is this request's only while its response is open.
        if (request.getConnectionMetaData().getConnection() instanceof HttpConnection connection
                && connection.getEndPoint() instanceof AbstractEndPoint endPoint) {
            watch = new Watch(connection, endPoint);
            watch.register();
        }
    }

    /**
     * Hands what was read of the next request to the connection, and ends the watching. To be called before the response
     * is ended: from then on the connection reads, perhaps on another thread.
     */
    public synchronized void giveBack() {
        Watch ends = watch;
        letGo();
        if (ends != null && ahead.hasRemaining()) {
            ends.connection.onUpgradeTo(ahead);
        }
    }

    /** Ends the watching; for a connection that is closed, and takes nothing back. */
    public synchronized void letGo() {
        over = true;
        request = null;
        onGone = Peer::nobody;
        if (watch != null) {
            watch.unregister();
            watch = null;
        }
    }

    /** It has left, unless the answer has ended. */
    private void leaves() {
        Runnable told;
        synchronized (this) {
            if (over) {
                return;
            }
            over = true;
            gone = true;
            told = onGone;
        }
        told.run();
    }

    /** Without a stack trace: there is one at the end of each response, and nobody looks at it. */
    private static final class NoLongerWatched extends Exception {
        private NoLongerWatched() {
            super("no longer watched", null, false, false);
        }
    }

    /** Waits for what the peer sends next, or its end. */
    private final class Watch implements Callback {
        private final HttpConnection connection;
        private final AbstractEndPoint endPoint;

        private Watch(HttpConnection connection, AbstractEndPoint endPoint) {
            this.connection = connection;
            this.endPoint = endPoint;
        }

        private void register() {
            // Not if the connection waits itself, which it does not while a response is open.
            boolean unused = endPoint.tryFillInterested(this);
        }

        /** Else Jetty would take the end of the response for one that comes before all of the request was read. */
        private void unregister() {
            boolean unused = endPoint.getFillInterest().onFail(new NoLongerWatched());
        }

        @Override
        public InvocationType getInvocationType() {
            // Read without waiting, by the thread that found that there is something.
            return InvocationType.NON_BLOCKING;
        }

        /** There is something to read. */
        @Override
        public void succeeded() {
            boolean left;
            synchronized (Peer.this) {
                left = !over && fill() < 0;
            }
            if (left) {
                leaves();
            }
        }

        /** The connection is closed, or this is no longer registered. */
        @Override
        public void failed(Throwable cause) {
            leaves();
        }

        /** Reads all there is, and waits for more; -1 if the peer has left. */
        private int fill() {
            try {
                int read;
                do {
                    if (BufferUtil.isFull(ahead) && !grow(room())) {
                        // Into a full buffer nothing is read, and an end not seen.
                        return 0;
                    }
                    read = endPoint.fill(ahead);
                } while (read > 0);
                if (read == 0) {
                    register();
                }
                return read;
            } catch (IOException e) {
                return -1;
            }
        }

        /** Few peers send ahead, and only these need the room; whether there is more now. */
        private boolean grow(int room) {
            ByteBuffer small = ahead;
            if (small.capacity() < room) {
                ahead = BufferUtil.allocate(room);
                BufferUtil.append(ahead, small);
            }
            return ahead.capacity() > small.capacity();
        }

        /**
         * How much the connection can surely take back: it drops what does not fit. Where it holds some of the next
         * request already, one byte fits in place of this one's.
         */
        private int room() {
            return connection.isRequestBufferEmpty() ? Math.min(MOST_AHEAD, connection.getInputBufferSize()) : 1;
        }
    }
}
