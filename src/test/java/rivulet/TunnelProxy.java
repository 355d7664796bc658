package rivulet;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.atomic.AtomicInteger;

/** An HTTP proxy that tunnels whatever it is asked to connect to, to one port of this machine. */
final class TunnelProxy implements AutoCloseable {
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
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            head.append((char) client.getInputStream().read());
        }
        if (!head.toString().startsWith("CONNECT ")) {
            client.close();
            return;
        }
        int number = tunnels.incrementAndGet();
        Socket target = new Socket(InetAddress.getLoopbackAddress(), port);
        client.getOutputStream().write("HTTP/1.1 200 OK\r\n\r\n".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
        SocketTask.start(() -> pass(client, target, number));
        pass(target, client, number);
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
