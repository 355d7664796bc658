package rivulet.feed;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.Socket;
import java.net.SocketTimeoutException;
import okhttp3.Call;
import okhttp3.Connection;
import okhttp3.EventListener;
import okhttp3.Protocol;
import okhttp3.internal.connection.RealConnection;
import okhttp3.internal.http2.ConnectionShutdownException;
import okhttp3.internal.http2.ErrorCode;
import okhttp3.internal.http2.StreamResetException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How far one request came; a tag of the request, told by OkHttp on the call's threads. Once it was sent, it may have been
 * billed, and must not be sent again.
 *
 * <p>So a connection that is to be used again is looked at first. Many servers close theirs after five quiet seconds,
 * some at once; OkHttp looks only after ten. A question written into such a connection would be lost, and nobody could
 * say whether it had been read.
 */
final class Attempt {
    private static final Logger LOG = LoggerFactory.getLogger(Attempt.class);
    /** A closed connection says so at once; one that is well says nothing. */
    private static final int LOOK_MILLIS = 1;

    private @Nullable UpstreamSocket socket;
    private boolean freshConnection;
    private volatile boolean throughProxy;
    private boolean staleConnection;
    private boolean tellsOfWaits;
    private volatile boolean requestSent;
    private boolean givenUp;
    /** To be asked no more if the request is cancelled before all of it was written; an HTTP/2 connection. */
    private volatile @Nullable RealConnection writtenTo;

    private volatile Runnable whenOver = () -> {};

    /** What is to be done, once, when the call has let go of its connection, however it went. Before the call is made. */
    void whenOver(Runnable done) {
        whenOver = done;
    }

    /** Whether the upstream may have seen any of the request. */
    boolean requestSent() {
        return requestSent;
    }

    /** From now on the request is not sent; false if it may have been. */
    synchronized boolean giveUp() {
        givenUp = !requestSent;
        return givenUp;
    }

    /** Whether a proxy was to lead to the upstream. */
    boolean throughProxy() {
        return throughProxy;
    }

    /** Whether the connection it was given had been closed by the peer, or was of no other use: another one may be well. */
    boolean staleConnection() {
        return staleConnection;
    }

    /** The connection it was given is of no use. */
    void stale() {
        staleConnection = true;
    }

    /** The connection it was given, where that is neither TLS nor shared: what is read there is this attempt's alone. */
    @Nullable
    UpstreamSocket socket() {
        return socket;
    }

    /**
     * Whether who reads its connection waits for the socket, and that tells of it. HTTP/2 has a reader of its own; and a
     * way through a SOCKS proxy is a socket of OkHttp's own making.
     */
    boolean tellsOfWaits() {
        return tellsOfWaits;
    }

    /**
     * Whether the upstream says that it has not looked at the request (RFC 9113, section 8.7); or had said that it would
     * look at no more on this connection (section 6.8), so that none of it was written.
     */
    static boolean refusedUnread(@Nullable Throwable cause) {
        return cause instanceof ConnectionShutdownException
                || (cause instanceof StreamResetException reset && reset.errorCode == ErrorCode.REFUSED_STREAM);
    }

    /** Tells each call's attempt of its progress. */
    static EventListener.Factory listeners() {
        return call -> {
            @Nullable Attempt attempt = call.request().tag(Attempt.class);
            return attempt == null ? EventListener.NONE : attempt.listener();
        };
    }

    private EventListener listener() {
        return new EventListener() {
            @Override
            public void connectStart(Call call, InetSocketAddress address, Proxy proxy) {
                freshConnection = true;
                throughProxy = proxy.type() != Proxy.Type.DIRECT;
            }

            @Override
            public void connectionAcquired(Call call, Connection connection) {
                socket = connection.socket() instanceof UpstreamSocket plain ? plain : null;
                tellsOfWaits = connection.protocol() != Protocol.HTTP_2
                        && connection.route().proxy().type() != Proxy.Type.SOCKS;
                writtenTo = connection.protocol() == Protocol.HTTP_2 && connection instanceof RealConnection shared
                        ? shared
                        : null;
                // HTTP/2 has a reader of its own, which knows when the connection is gone.
                if (!freshConnection && connection.protocol() != Protocol.HTTP_2 && isClosed(connection.socket())) {
                    staleConnection = true;
                    close(connection.socket());
                }
            }

            @Override
            public void requestHeadersStart(Call call) {
                if (!sends()) {
                    call.cancel();
                }
                if (socket != null) {
                    socket.asks();
                }
            }

            @Override
            public void responseHeadersStart(Call call) {
                writtenTo = null;
            }

            /**
             * The peer may have stopped reading, with a long question in all buffers on the way: pings wait behind that,
             * so that none is ever missed, and all who ask there later would wait, too. OkHttp has no public way to ask a
             * connection no more; this is its own, as of OkHttp 5.5.
             */
            @Override
            public void canceled(Call call) {
                RealConnection jammed = writtenTo;
                if (jammed != null) {
                    jammed.noNewExchanges();
                }
            }

            @Override
            public void callEnd(Call call) {
                whenOver.run();
            }

            @Override
            public void callFailed(Call call, IOException cause) {
                whenOver.run();
            }
        };
    }

    /** The request is about to be sent, on a connection that may be stale; whether it still is to be. */
    private synchronized boolean sends() {
        requestSent = !staleConnection && !givenUp;
        return !givenUp;
    }

    /** Whether the peer has closed; or has spoken out of turn, and nothing can be made of that either. */
    private static boolean isClosed(Socket socket) {
        // A peer that closes at once is given the moment to do so; one that never has need not be.
        if (socket instanceof UpstreamSocket plain && plain.isLasting()) {
            return plain.isOver();
        }
        try {
            int timeout = socket.getSoTimeout();
            socket.setSoTimeout(LOOK_MILLIS);
            try {
                int unused = socket.getInputStream().read();
                return true;
            } catch (SocketTimeoutException silent) {
                return false;
            } finally {
                socket.setSoTimeout(timeout);
            }
        } catch (IOException e) {
            return true;
        }
    }

    private static void close(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            LOG.debug("a connection that was closed already", e);
        }
    }
}
