package rivulet.wire;

import io.javalin.http.Context;
import io.javalin.http.sse.SseClient;
import jakarta.servlet.AsyncContext;
import jakarta.servlet.AsyncEvent;
import jakarta.servlet.AsyncListener;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.eclipse.jetty.ee10.servlet.ServletContextRequest;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpHeaderValue;
import org.eclipse.jetty.http.HttpVersion;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.io.EofException;
import org.eclipse.jetty.io.SocketChannelEndPoint;
import org.eclipse.jetty.util.Callback;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The response of one request that streams. Javalin's {@link SseClient} is its handle: it keeps the request open without
 * a thread and ends it. The bytes go past it, by Jetty's own asynchronous write: {@code SseClient.sendEvent} loses line
 * ends, cannot write {@code retry:}, costs 34 KB of garbage an event, and blocks a thread for each viewer that does not
 * read.
 *
 * <p>{@code OPEN -> CLOSED}, once, by {@link #end}, {@link #breakOff} or the peer. Everything is safe on any thread, but
 * only one write may be in flight.
 */
public final class StreamResponse {
    private static final Logger LOG = LoggerFactory.getLogger(StreamResponse.class);

    private final SseClient client;
    private final ServletContextRequest request;
    private final AtomicBoolean closed = new AtomicBoolean();
    private final Consumer<Throwable> onGone;
    private final Peer peer;

    /**
     * Opens the response. Called on the request's own thread before its handler returns, or from a stage of the future
     * that the handler gave. Nothing is sent yet.
     *
     * @param headers what goes into the head, beside the status, which is 200 unless the context has another; no
     *     Content-Length: Jetty does not count what goes past its output stream, and would break the connection at the end
     * @param peer who is answered; given back, or let go, at the end
     * @param onGone told, maybe more than once, when the peer leaves, from {@link #heedPeer} on, or the server ends the
     *     request, while it is open; on one of the server's threads, which it must not keep
     */
    public StreamResponse(Context ctx, Map<String, String> headers, Peer peer, Consumer<Throwable> onGone) {
        client = new SseClient(ctx);
        client.keepAlive();
        // They would look at a response that Jetty may have taken back by then: Javalin 7.2 has that failure handled,
        // and where that fails too, the failure of that, for ever.
        ctx.skipRemainingHandlers();
        request = ServletContextRequest.getServletContextRequest(ctx.req());
        this.onGone = onGone;
        this.peer = peer;
        HttpFields.Mutable head = request.getServletContextResponse().getHeaders();
        headers.forEach(head::put);
        if (isOf(HttpVersion.HTTP_1_1)) {
            // Jetty would else end it with a connection that is to be closed, as it ends where it is broken off.
            head.put(HttpHeader.TRANSFER_ENCODING, HttpHeaderValue.CHUNKED.asString());
        }
        // Javalin does not listen.
        async(ctx.req()).addListener(new GoneListener());
    }

    /**
     * Writes to the peer without blocking; the callback is called once, when all has been handed to the network or
     * nothing can be any more. The first write sends the head, an empty one only the head.
     */
    public void write(ByteBuffer bytes, Callback callback) {
        request.getServletContextResponse().write(false, bytes, callback);
    }

    /** Nothing need be written for as long as its writer likes, who is to drop a peer that does not read. */
    void allowSilence() {
        Runnable unused = Silence.allow(request);
    }

    /** Has it told when the peer leaves, or if it has left already. */
    public void heedPeer() {
        peer.onGone(() -> tellGone(() -> new EofException("the peer has left")));
    }

    /** Ends the response cleanly, once all writes are done. */
    public void end() {
        if (closed.compareAndSet(false, true)) {
            peer.giveBack();
            client.close();
        }
    }

    /**
     * Breaks the response off: the connection is closed without a last chunk, or is reset where HTTP/1.0 has no chunks, or
     * the HTTP/2 stream is reset, so that the peer can tell it from an end. A write in flight fails.
     */
    public void breakOff() {
        if (closed.compareAndSet(false, true)) {
            if (peer.isHttp2()) {
                peer.abort(new EofException("broken off"));
            } else {
                if (isOf(HttpVersion.HTTP_1_0)) {
                    dropUnread();
                }
                // Not by abort: while the handler has not returned yet, that would leave the connection open for ever.
                request.getConnectionMetaData().getConnection().getEndPoint().close();
            }
            // After the close, or the connection would go on with a request whose beginning it was not given.
            peer.letGo();
            client.close();
        }
    }

    /**
     * Has what the peer has not read dropped when the response is broken off. The network would hold it, some megabytes, for
     * as long as the peer is there and does not read. On HTTP/2 the connection is others' too, and keeps what it has.
     */
    public void dropUnread() {
        EndPoint endPoint = request.getConnectionMetaData().getConnection().getEndPoint();
        EndPoint below = endPoint instanceof EndPoint.Wrapper secure ? secure.unwrap() : endPoint;
        if (!peer.isHttp2() && below instanceof SocketChannelEndPoint socket) {
            try {
                // It is reset then, rather than closed behind the last byte.
                socket.getChannel().setOption(StandardSocketOptions.SO_LINGER, 0);
            } catch (IOException closedAlready) {
                LOG.debug("nothing is left to be dropped", closedAlready);
            }
        }
    }

    private boolean isOf(HttpVersion version) {
        return request.getConnectionMetaData().getHttpVersion() == version;
    }

    private static AsyncContext async(HttpServletRequest request) {
        if (request.isAsyncStarted()) {
            return request.getAsyncContext();
        }
        AsyncContext async = request.startAsync();
        // A stream takes as long as it takes; the limits are the feed's.
        async.setTimeout(0);
        return async;
    }

    /** Mostly it was ended here, and then there is no cause to be made. */
    private void tellGone(Supplier<Throwable> cause) {
        if (!closed.get()) {
            onGone.accept(cause.get());
        }
    }

    /** Jetty's word that the request is over. */
    private final class GoneListener implements AsyncListener {
        @Override
        public void onError(AsyncEvent event) {
            tellGone(event::getThrowable);
        }

        @Override
        public void onComplete(AsyncEvent event) {
            tellGone(() -> new EofException("the request was ended"));
        }

        @Override
        public void onTimeout(AsyncEvent event) {}

        @Override
        public void onStartAsync(AsyncEvent event) {}
    }
}
