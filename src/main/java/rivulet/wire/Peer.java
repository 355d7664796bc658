package rivulet.wire;

import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.eclipse.jetty.ee10.servlet.ServletContextRequest;
import org.eclipse.jetty.http.HttpVersion;
import org.eclipse.jetty.server.ConnectionMetaData;
import org.eclipse.jetty.server.internal.HttpConnection;
import org.eclipse.jetty.util.BufferUtil;

/**
 * Who waits for an answer. Jetty reads nothing from an HTTP/1.1 connection while a response is open, so nobody else
 * notices that the peer of a silent one has left; on HTTP/2 Jetty itself tells.
 *
 * <p>To notice it is to read, and what is read may be the peer's next request. That is kept here while the response is
 * open, and handed to the connection by {@link #giveBack}, before it reads on its own again: its buffer is no two
 * threads' at once. {@code LOOKING -> OVER}, guarded by this.
 */
public final class Peer {
    /** Of the next request, while this one is answered: a peer that sends more is believed to be there. */
    private static final int MOST_AHEAD = 1024;

    private final ServletContextRequest request;
    /** What was read of the next request, in flush mode. */
    private ByteBuffer ahead = BufferUtil.allocate(1);

    private boolean over;

    /** The peer that sent a request. */
    public Peer(HttpServletRequest request) {
        this.request = ServletContextRequest.getServletContextRequest(request);
        // What comes next then is the body, which Jetty may read at the same time.
        over = hasUnreadBody(request);
    }

    private static boolean hasUnreadBody(HttpServletRequest request) {
        boolean body = request.getContentLengthLong() > 0 || request.getHeader("Transfer-Encoding") != null;
        try {
            return body && !request.getInputStream().isFinished();
        } catch (IOException e) {
            return true;
        }
    }

    /** Has something done when an HTTP/2 peer takes its request back, or its connection is lost; on any thread. */
    public void onReset(Runnable action) {
        request.addFailureListener(cause -> action.run());
    }

    /**
     * Whether the peer has closed its side of an HTTP/1.1 connection. One that only shuts down its output counts as
     * gone, as it does for most servers. Nothing is read, and the peer is never gone, once {@link #giveBack} or
     * {@link #letGo} was called. On any thread.
     */
    public synchronized boolean gone() {
        ConnectionMetaData meta = request.getConnectionMetaData();
        // The version is asked of the connection, and is this request's only while its response is open.
        if (over
                || meta.getHttpVersion().getVersion() >= HttpVersion.HTTP_2.getVersion()
                || !(meta.getConnection() instanceof HttpConnection connection)) {
            return false;
        }
        try {
            boolean room = !BufferUtil.isFull(ahead) || grow(room(connection));
            // Into a full buffer nothing is read, and an end not seen.
            return room && connection.getEndPoint().fill(ahead) < 0;
        } catch (IOException e) {
            return true;
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
     * How much the connection can surely take back: it drops what does not fit. Where it holds some of the next request
     * already, one byte fits in place of this one's.
     */
    private static int room(HttpConnection connection) {
        return connection.isRequestBufferEmpty() ? Math.min(MOST_AHEAD, connection.getInputBufferSize()) : 1;
    }

    /**
     * Hands what was read of the next request to the connection, and ends the looking. To be called before the response
     * is ended: from then on the connection reads, perhaps on another thread.
     */
    public synchronized void giveBack() {
        if (!over && ahead.hasRemaining()) {
            ((HttpConnection) request.getConnectionMetaData().getConnection()).onUpgradeTo(ahead);
        }
        over = true;
    }

    /** Ends the looking; for a connection that is closed, and takes nothing back. */
    public synchronized void letGo() {
        over = true;
    }
}
