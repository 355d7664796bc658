package rivulet;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Stands between nodes and their upstream: notes each request's first line, and cuts connections when told to. */
final class UpstreamRelay implements AutoCloseable {
    /** An answer is begun at the upstream. */
    static final String CREATED = "POST /simulator/v1/responses";
    /** One that was cut is read on. */
    static final String RESUMED = "GET /simulator/v1/responses/resp_\\w+\\?stream=true.*";
    /** One is cancelled. */
    static final String CANCELLED = "POST /simulator/v1/responses/resp_\\w+/cancel";

    private static final Pattern REQUEST = Pattern.compile("(GET|POST) (/\\S+) HTTP/1\\.1\r\n");

    private final ServerSocket listener;
    private final int port;
    private final Queue<String> requests = new ConcurrentLinkedQueue<>();
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private volatile boolean refusing;

    /** @param port where the upstream listens on this machine */
    UpstreamRelay(int port) {
        this.port = port;
        try {
            listener = new ServerSocket(0, 1024, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        SocketTask.start(this::accept);
    }

    /** The simulator's address through this. */
    String url() {
        return "http://127.0.0.1:" + listener.getLocalPort() + "/simulator/v1";
    }

    /** The requests whose first line, without the version, matches. */
    List<String> requests(String regex) {
        return requests.stream().filter(line -> line.matches(regex)).toList();
    }

    /** Cuts all connections that there are. */
    void cut() {
        sockets.forEach(UpstreamRelay::close);
    }

    /** Whether new connections are closed at once. */
    void refuse(boolean now) {
        refusing = now;
    }

    @Override
    public void close() throws IOException {
        listener.close();
        cut();
    }

    private void accept() throws IOException {
        while (true) {
            Socket client = listener.accept();
            if (refusing) {
                client.close();
            } else {
                SocketTask.start(() -> relay(client));
            }
        }
    }

    private void relay(Socket client) throws IOException {
        Socket upstream = new Socket(InetAddress.getLoopbackAddress(), port);
        sockets.add(client);
        sockets.add(upstream);
        SocketTask.start(() -> pass(upstream, client, false));
        pass(client, upstream, true);
    }

    private void pass(Socket from, Socket to, boolean noting) throws IOException {
        try (from;
                to) {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            byte[] bytes = new byte[64 * 1024];
            for (int count = in.read(bytes); count >= 0; count = in.read(bytes)) {
                if (noting) {
                    note(new String(bytes, 0, count, StandardCharsets.ISO_8859_1));
                }
                out.write(bytes, 0, count);
            }
        } finally {
            sockets.remove(from);
            sockets.remove(to);
        }
    }

    private void note(String said) {
        Matcher matcher = REQUEST.matcher(said);
        while (matcher.find()) {
            requests.add(matcher.group(1) + " " + matcher.group(2));
        }
    }

    private static void close(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            // It is gone already.
        }
    }
}
