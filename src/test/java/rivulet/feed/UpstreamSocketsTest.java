package rivulet.feed;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.Socket;
import org.junit.jupiter.api.Test;

class UpstreamSocketsTest {
    /** Or the end of a long question would wait for 40 ms; how long it takes is nothing to be sure of here. */
    @Test
    void whatIsGivenToItIsSentAtOnce() throws IOException {
        try (Socket socket = new UpstreamSockets(new NoTurns()).createSocket()) {
            assertTrue(socket.getTcpNoDelay());
        }
    }
}
