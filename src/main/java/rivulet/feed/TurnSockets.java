package rivulet.feed;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import javax.net.SocketFactory;

/** Makes sockets that tell before they wait for bytes. Above them lie TLS and OkHttp's buffers, which ask them last. */
final class TurnSockets extends SocketFactory {
    private final ReadTurns turns;

    TurnSockets(ReadTurns turns) {
        this.turns = turns;
    }

    @Override
    public Socket createSocket() {
        return new Telling();
    }

    @Override
    public Socket createSocket(String host, int port) throws IOException {
        throw connectsLater();
    }

    @Override
    public Socket createSocket(String host, int port, InetAddress from, int fromPort) throws IOException {
        throw connectsLater();
    }

    @Override
    public Socket createSocket(InetAddress host, int port) throws IOException {
        throw connectsLater();
    }

    @Override
    public Socket createSocket(InetAddress host, int port, InetAddress from, int fromPort) throws IOException {
        throw connectsLater();
    }

    /** OkHttp connects its sockets itself, with its own timeout. */
    private static IOException connectsLater() {
        return new IOException("only sockets that are not connected yet are made here");
    }

    private final class Telling extends Socket {
        @Override
        public InputStream getInputStream() throws IOException {
            return new FilterInputStream(super.getInputStream()) {
                @Override
                public int read(byte[] into, int offset, int length) throws IOException {
                    turns.waits();
                    return super.read(into, offset, length);
                }
            };
        }
    }
}
