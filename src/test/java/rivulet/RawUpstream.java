package rivulet;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ServerSocketFactory;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/** An upstream with control over each byte, and over how its connections end. */
public final class RawUpstream implements AutoCloseable {
    /** What is said to one request. */
    @FunctionalInterface
    public interface Script {
        void play(Request request, Connection connection) throws IOException;
    }

    /** One request, whole. */
    public record Request(String line, Map<String, String> headers, String body) {}

    private final ServerSocket listener;
    private final Script script;
    private final String scheme;
    private final BlockingQueue<Request> requests = new LinkedBlockingQueue<>();
    private final BlockingQueue<Long> closedNanos = new LinkedBlockingQueue<>();
    private final AtomicInteger count = new AtomicInteger();

    public RawUpstream(Script script) {
        this(script, ServerSocketFactory.getDefault(), "http");
    }

    private RawUpstream(Script script, ServerSocketFactory sockets, String scheme) {
        this.script = script;
        this.scheme = scheme;
        try {
            listener = sockets.createServerSocket(0, 1024, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        daemon(this::accept);
    }

    /** The same behind TLS. */
    public static RawUpstream overTls(Script script, SSLContext context) {
        return new RawUpstream(script, context.getServerSocketFactory(), "https");
    }

    /** An upstream that answers each request with these bytes, head and all, and closes. */
    public static RawUpstream saying(byte[] answer) {
        return new RawUpstream((request, connection) -> connection.send(answer));
    }

    public String url() {
        return scheme + "://127.0.0.1:" + listener.getLocalPort() + "/v1";
    }

    /** How many requests have come. */
    public int requestCount() {
        return count.get();
    }

    /** The next request that has come. */
    public Request takeRequest() throws InterruptedException {
        Request request = requests.poll(5, TimeUnit.SECONDS);
        if (request == null) {
            throw new AssertionError("no request came");
        }
        return request;
    }

    /** When, on the clock of {@link System#nanoTime}, the peer closed the next connection. */
    public long takeClosedNanos() throws InterruptedException {
        Long nanos = closedNanos.poll(10, TimeUnit.SECONDS);
        if (nanos == null) {
            throw new AssertionError("no connection was closed by the peer");
        }
        return nanos;
    }

    @Override
    public void close() throws IOException {
        listener.close();
    }

    /** A connection's end here. */
    public final class Connection {
        private final Socket socket;
        private final InputStream in;
        private final OutputStream out;

        private Connection(Socket socket, InputStream in) throws IOException {
            this.socket = socket;
            this.in = in;
            this.out = socket.getOutputStream();
        }

        public void send(byte[] bytes) throws IOException {
            out.write(bytes);
            out.flush();
        }

        public void send(String text) throws IOException {
            send(text.getBytes(StandardCharsets.UTF_8));
        }

        /** The next request of this connection, null if the peer closes it; the first one began the script. */
        public @Nullable Request nextRequest() throws IOException {
            return take(in);
        }

        /** The head of an event stream whose end is the connection's. */
        public void sendStreamHead() throws IOException {
            send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n");
        }

        /** Resets the connection. */
        public void reset() throws IOException {
            socket.setSoLinger(true, 0);
            socket.close();
        }

        /** Waits until the peer closes, and notes when. */
        public void awaitPeerClose() {
            try {
                while (in.read() >= 0) {
                    // A peer that closes says nothing more.
                }
            } catch (IOException e) {
                // A reset is a close too.
            }
            closedNanos.add(System.nanoTime());
        }
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket socket = listener.accept();
                daemon(() -> serve(socket));
            } catch (IOException e) {
                return;
            }
        }
    }

    private void serve(Socket socket) {
        try (socket) {
            socket.setTcpNoDelay(true);
            InputStream in = new BufferedInputStream(socket.getInputStream());
            Request request = take(in);
            if (request != null) {
                script.play(request, new Connection(socket, in));
            }
        } catch (IOException e) {
            // The peer left, which many tests have it do; one that is quick has before it was told anything.
            closedNanos.add(System.nanoTime());
        }
    }

    private @Nullable Request take(InputStream in) throws IOException {
        Request request = read(in);
        if (request != null) {
            count.incrementAndGet();
            requests.add(request);
        }
        return request;
    }

    private static @Nullable Request read(InputStream in) throws IOException {
        String head = readHead(in);
        if (head.isEmpty()) {
            return null;
        }
        String[] lines = head.split("\r\n", -1);
        Map<String, String> headers = new ConcurrentHashMap<>();
        for (int i = 1; i < lines.length && !lines[i].isEmpty(); i++) {
            String[] header = lines[i].split(": ?", 2);
            headers.put(header[0].toLowerCase(java.util.Locale.ROOT), header[1]);
        }
        int length = Integer.parseInt(headers.getOrDefault("content-length", "0"));
        return new Request(lines[0], headers, new String(in.readNBytes(length), StandardCharsets.UTF_8));
    }

    private static String readHead(InputStream in) throws IOException {
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        while (!head.toString(StandardCharsets.UTF_8).endsWith("\r\n\r\n")) {
            int next = in.read();
            if (next < 0) {
                return "";
            }
            head.write(next);
        }
        return head.toString(StandardCharsets.UTF_8);
    }

    private static void daemon(Runnable task) {
        Thread thread = new Thread(task, "raw-upstream");
        thread.setDaemon(true);
        thread.start();
    }
}
