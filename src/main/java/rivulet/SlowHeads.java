package rivulet;

import java.time.Duration;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.http.HttpParser;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.io.ssl.SslConnection;
import org.eclipse.jetty.server.NegotiatingServerConnection;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.internal.HttpConnection;

/**
 * Closes connections whose next request, or whose first one, is too long in coming. Jetty's idle timeout begins anew with
 * each byte: a head that trickles in, or what begins TLS, would hold its connection for days. HTTP/2, once it has begun,
 * is Jetty's to bound.
 */
final class SlowHeads {
    private static final Duration LOOK = Duration.ofSeconds(1);

    private final ServerConnector connector;
    private final Duration timeout;

    private SlowHeads(ServerConnector connector, Duration timeout) {
        this.connector = connector;
        this.timeout = timeout;
    }

    /**
     * Looks after a connector from now on.
     *
     * @param timeout for a request's head from its first byte on, and for the first one, and TLS, from the connection on
     */
    static void of(ServerConnector connector, Duration timeout, ScheduledExecutorService timer) {
        long often = Math.min(LOOK.toMillis(), Math.max(1, timeout.toMillis() / 4));
        timer.scheduleWithFixedDelay(new SlowHeads(connector, timeout)::look, often, often, TimeUnit.MILLISECONDS);
    }

    private void look() {
        for (EndPoint endPoint : connector.getConnectedEndPoints()) {
            if (isLate(endPoint)) {
                endPoint.close();
            }
        }
    }

    private boolean isLate(EndPoint endPoint) {
        Connection connection = endPoint.getConnection();
        if (connection instanceof SslConnection tls) {
            connection = tls.getSslEndPoint().getConnection();
        }
        boolean old = System.currentTimeMillis() - endPoint.getCreatedTimeStamp() > timeout.toMillis();
        if (connection instanceof NegotiatingServerConnection) {
            // In the handshake of TLS, which trickles as well.
            return old;
        }
        if (!(connection instanceof HttpConnection http)) {
            return false;
        }
        HttpParser parser = http.getParser();
        if (parser.isStart() || http.getMessagesIn() == 0) {
            // Between two requests the idle timeout holds.
            return http.getMessagesIn() == 0 && old;
        }
        if (!parser.inHeaderState()) {
            return false;
        }
        // The connection's own thread sets it before it leaves the start, and clears it when it is back there.
        long begin = parser.getBeginNanoTime();
        return begin != 0
                && System.nanoTime() - begin > timeout.toNanos()
                && !parser.isStart()
                && parser.inHeaderState();
    }
}
