package rivulet.log;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import rivulet.SocketTask;

/** A long way to a server on this machine: what it is sent comes later. */
final class SlowWay implements AutoCloseable {
    private final ServerSocket listener = new ServerSocket(0, 64, InetAddress.getLoopbackAddress());
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private final int to;
    private final Duration delay;

    SlowWay(int to, Duration delay) throws IOException {
        this.to = to;
        this.delay = delay;
        SocketTask.start(this::accept);
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
            SocketTask.start(() -> pass(near, far, delay));
            SocketTask.start(() -> pass(far, near, Duration.ZERO));
        }
    }

    private static void pass(Socket from, Socket to, Duration delay) throws IOException {
        try (from;
                to) {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            byte[] bytes = new byte[1 << 16];
            for (int read = in.read(bytes); read >= 0; read = in.read(bytes)) {
                LockSupport.parkNanos(delay.toNanos());
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
