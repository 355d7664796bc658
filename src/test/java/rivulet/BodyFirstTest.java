package rivulet;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.Callback;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(value = 60, unit = TimeUnit.SECONDS)
class BodyFirstTest {
    private static final String HEAD = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n";
    private static final long IDLE_MILLIS = 500;

    /** Answers with the body it was given. */
    private static final class Echo extends Handler.Abstract {
        @Override
        public boolean handle(Request request, Response response, Callback callback) throws Exception {
            Content.copy(request, response, callback);
            return true;
        }
    }

    /** The timeout is the body's, however long the connection may otherwise be silent. */
    @ParameterizedTest
    @CsvSource({"10s, 200", "800ms, 408"})
    void aBodyMayPauseForAsLongAsItMayTake(String timeout, int status) throws Exception {
        ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
        org.eclipse.jetty.server.Server server = new org.eclipse.jetty.server.Server();
        ServerConnector connector = new ServerConnector(server);
        server.addConnector(connector);
        Duration most = Durations.parse(timeout).orElseThrow();
        BodyFirst bodyFirst = new BodyFirst(request -> 1000, 1000, most, timer);
        bodyFirst.setHandler(new Echo());
        server.setHandler(bodyFirst);
        server.start();
        // Once all is loaded: what takes long before the request has begun is an idle connection.
        assertEquals(
                200,
                RawHttp.send(connector.getLocalPort(), HEAD + "Connection: close\r\n\r\nab")
                        .status());
        connector.setIdleTimeout(IDLE_MILLIS);
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), connector.getLocalPort())) {
            OutputStream out = socket.getOutputStream();
            out.write((HEAD + "\r\na").getBytes(StandardCharsets.US_ASCII));
            if (status == 200) {
                TimeUnit.MILLISECONDS.sleep(3 * IDLE_MILLIS);
                out.write('b');
            }
            assertEquals(status, status(socket.getInputStream()));
        } finally {
            server.stop();
            timer.shutdownNow();
        }
    }

    private static int status(InputStream in) throws IOException {
        String line = new String(in.readNBytes("HTTP/1.1 200".length()), StandardCharsets.US_ASCII);
        return Integer.parseInt(line.substring(line.length() - 3));
    }
}
