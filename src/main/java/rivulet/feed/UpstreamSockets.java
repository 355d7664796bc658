package rivulet.feed;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import javax.net.SocketFactory;

/** Makes {@link UpstreamSocket}s, not connected yet. */
final class UpstreamSockets extends SocketFactory {
    private final ReadTurns turns;

    /** @param turns told before a thread waits for bytes */
    UpstreamSockets(ReadTurns turns) {
        this.turns = turns;
    }

    @Override
    public Socket createSocket() throws IOException {
        UpstreamSocket socket = new UpstreamSocket(turns);
        // What OkHttp sends in pieces would wait, with the last, until the upstream has confirmed those before: 40 ms.
        socket.setTcpNoDelay(true);
        return socket;
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
}
