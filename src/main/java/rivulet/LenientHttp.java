package rivulet;

import java.util.concurrent.locks.ReentrantLock;
import org.eclipse.jetty.http.HttpVersion;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.internal.HttpConnection;

/**
 * HTTP/1.1 for those who do not write it well: paths may hold a percent sign that encodes nothing, as a page writes that
 * puts a prompt there; and what is no HTTP at all is answered by one thread.
 */
final class LenientHttp extends HttpConnectionFactory {
    /** Where a request has a body, Jetty keeps this buffer for as long as the response lasts: for a stream, minutes. */
    private static final int INPUT_BUFFER_BYTES = 4096;

    LenientHttp(HttpConfiguration http) {
        // A configuration of its own: HTTP/2 sets this very size in the one it is given.
        super(new HttpConfiguration(http));
        setInputBufferSize(INPUT_BUFFER_BYTES);
    }

    @Override
    public Connection newConnection(Connector connector, EndPoint endPoint) {
        HttpConnection connection = new HttpConnection(getHttpConfiguration(), connector, endPoint) {
            private final ReentrantLock reading = new ReentrantLock();

            /**
             * Jetty 12.1.12 answers what is no HTTP on another thread, which then reads on while the first one is
             * still here: both release the one buffer ("already released", at HttpConnection.onFillable).
             */
            @Override
            public void onFillable() {
                reading.lock();
                try {
                    super.onFillable();
                } finally {
                    reading.unlock();
                }
            }

            @Override
            protected HttpStreamOverHTTP1 newHttpStream(String method, String uri, HttpVersion version) {
                return super.newHttpStream(method, Percent.repair(uri), version);
            }
        };
        connection.setTransferEncodingChunkMaxLength(getTransferEncodingChunkMaxLength());
        return configure(connection, connector, endPoint);
    }
}
