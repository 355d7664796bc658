package rivulet;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicInteger;

/** An HTTP proxy, and a SOCKS one, that tunnels whatever it is asked to connect to, to one port of this machine. */
final class TunnelProxy implements AutoCloseable {
    private static final byte SOCKS = 5;

    private final ServerSocket listener;
    private final int port;
    private final AtomicInteger tunnels = new AtomicInteger();
    /** How many of the tunnels lose all that they are given. */
    private volatile int lost;

    TunnelProxy(int port) {
        this.port = port;
        try {
            listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        SocketTask.start(this::accept);
    }

    String url() {
        return "http://127.0.0.1:" + listener.getLocalPort();
    }

    int tunnels() {
        return tunnels.get();
    }

    /** From now on nothing comes through the tunnels that there are, and nobody is told. */
    void lose() {
        lost = tunnels.get();
    }

    @Override
    public void close() throws IOException {
        listener.close();
    }

    private void accept() throws IOException {
        while (true) {
            Socket client = listener.accept();
            SocketTask.start(() -> tunnel(client));
        }
    }

    private void tunnel(Socket client) throws IOException {
        byte[] connected = meet(client);
        if (connected.length == 0) {
            client.close();
            return;
        }
        int number = tunnels.incrementAndGet();
        Socket target = new Socket(InetAddress.getLoopbackAddress(), port);
        client.getOutputStream().write(connected);
        SocketTask.start(() -> pass(client, target, number));
        pass(target, client, number);
    }

    /** Hears where the client wants to; what it is told when it is connected, nothing: it is no client of a proxy. */
    private static byte[] meet(Socket client) throws IOException {
        InputStream in = client.getInputStream();
        int first = in.read();
        if (first == SOCKS) {
            // RFC 1928: the ways to say who one is, of which none is needed; then the address, here always a name.
            in.readNBytes(in.read());
            client.getOutputStream().write(new byte[] {SOCKS, 0});
            in.readNBytes(4);
            in.readNBytes(in.read() + 2);
            return new byte[] {SOCKS, 0, 0, 1, 0, 0, 0, 0, 0, 0};
        }
        StringBuilder head = new StringBuilder().append((char) first);
        while (head.indexOf("\r\n\r\n") < 0) {
            head.append((char) in.read());
        }
        String connected = head.toString().startsWith("CONNECT ") ? "HTTP/1.1 200 OK\r\n\r\n" : "";
        return connected.getBytes(StandardCharsets.US_ASCII);
    }

    private void pass(Socket from, Socket to, int number) throws IOException {
        try (from;
                to;
                InputStream in = from.getInputStream();
                OutputStream out = to.getOutputStream()) {
            byte[] bytes = new byte[64 * 1024];
            for (int count = in.read(bytes); count >= 0; count = in.read(bytes)) {
                if (number > lost) {
                    out.write(bytes, 0, count);
                }
            }
        }
    }
}
