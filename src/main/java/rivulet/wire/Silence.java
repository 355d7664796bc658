package rivulet.wire;

import org.eclipse.jetty.http2.HTTP2Connection;
import org.eclipse.jetty.http2.api.Stream;
import org.eclipse.jetty.server.Request;

/**
 * Lets an HTTP/2 request be silent while something is waited for that has a limit of its own. Jetty tells those who wait the
 * first time that nothing has come or gone for its idle timeout; the second time it resets the request, and tells nobody.
 * On HTTP/1.1 it only tells, each time.
 */
public final class Silence {
    private Silence() {}

    /**
     * Allows it from now on. To be ended before anything is sent, unless who sends it drops peers that do not read: else
     * nobody would.
     *
     * @return what ends it
     */
    public static Runnable allow(Request request) {
        try {
            if (request.getConnectionMetaData().getConnection() instanceof HTTP2Connection connection) {
                Stream stream = connection.getSession().getStream(Integer.parseInt(request.getId()));
                if (stream != null) {
                    long usual = stream.getIdleTimeout();
                    stream.setIdleTimeout(0);
                    return () -> stream.setIdleTimeout(usual);
                }
            }
        } catch (IllegalStateException requestIsOver) {
            // Then nobody waits any more.
        }
        return () -> {};
    }
}
