package rivulet.log;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import java.util.function.Supplier;
import rivulet.SocketTask;

/** A way to a server on this machine: what is sent comes later, or the connection is cut. */
final class Way implements AutoCloseable {
    private final ServerSocket listener = new ServerSocket(0, 64, InetAddress.getLoopbackAddress());
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private final int to;
    private final Supplier<Guard> guards;

    /** What comes by on one connection, looked at before it is passed on; the connection is cut where that says false. */
    record Guard(Predicate<String> asked, Predicate<String> answered) {}

    /** @param guards gives each connection its own */
    Way(int to, Supplier<Guard> guards) throws IOException {
        this.to = to;
        this.guards = guards;
        SocketTask.start(this::accept);
    }

    /** A long way: what the server is sent comes later. */
    static Way slow(int to, Duration delay) throws IOException {
        return new Way(
                to,
                () -> new Guard(
                        asked -> {
                            LockSupport.parkNanos(delay.toNanos());
                            return true;
                        },
                        answered -> true));
    }

    int port() {
        return listener.getLocalPort();
    }

    private void accept() throws IOException {
        while (true) {
            Socket near = listener.accept();
            Socket far = new Socket(InetAddress.getLoopbackAddress(), to);
            sockets.add(near);
            sockets.add(far);
            Guard guard = guards.get();
            SocketTask.start(() -> pass(near, far, guard.asked()));
            SocketTask.start(() -> pass(far, near, guard.answered()));
        }
    }

    private static void pass(Socket from, Socket to, Predicate<String> passes) throws IOException {
        try (from;
                to) {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            byte[] bytes = new byte[1 << 16];
            for (int read = in.read(bytes); read >= 0; read = in.read(bytes)) {
                if (!passes.test(new String(bytes, 0, read, StandardCharsets.ISO_8859_1))) {
                    return;
                }
                out.write(bytes, 0, read);
            }
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
        for (Socket socket : sockets) {
            socket.close();
        }
    }
}
