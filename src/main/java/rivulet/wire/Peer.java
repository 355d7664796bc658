package rivulet.wire;

import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.eclipse.jetty.ee10.servlet.ServletContextRequest;
import org.eclipse.jetty.http.HttpVersion;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.server.ConnectionMetaData;
import org.eclipse.jetty.util.BufferUtil;

/**
 * Who waits for an answer. Jetty reads nothing from an HTTP/1.1 connection while a response is open, so nobody else
 * notices that the peer of a silent one has left; on HTTP/2 Jetty itself tells.
 */
public final class Peer {
    private final ServletContextRequest request;
    /** Whether the peer has sent its next request already: then it is there, and no more may be read. */
    private boolean nextRequestSeen;

    /** The peer that sent a request. */
    public Peer(HttpServletRequest request) {
        this.request = ServletContextRequest.getServletContextRequest(request);
        // What comes next then is the body, which Jetty may read at the same time.
        nextRequestSeen = hasUnreadBody(request);
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
     * gone, as it does for most servers. Called while the response is open, by one thread at a time, after the request's
     * body has been read.
     */
    public synchronized boolean gone() {
        ConnectionMetaData meta = request.getConnectionMetaData();
        if (nextRequestSeen || meta.getHttpVersion().getVersion() >= HttpVersion.HTTP_2.getVersion()) {
            return false;
        }
        ByteBuffer ahead = BufferUtil.allocate(1);
        try {
            int filled = meta.getConnection().getEndPoint().fill(ahead);
            if (filled > 0 && meta.getConnection() instanceof Connection.UpgradeTo reader) {
                // It belongs to the connection, which looks at it when this response has ended.
                nextRequestSeen = true;
                reader.onUpgradeTo(ahead);
            }
            return filled < 0;
        } catch (IOException e) {
            return true;
        }
    }
}
