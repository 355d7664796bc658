package rivulet;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The upstream of the warm-up: answers any question with the next of some bodies, which are made beforehand and cost
 * nothing to send. They come as they do from afar: an event by itself, many at once, or cut anywhere.
 */
final class WarmUpUpstream implements Closeable {
    private static final String HEAD = """
            HTTP/1.1 200 OK\r
            Content-Type: text/event-stream; charset=utf-8\r
            Transfer-Encoding: chunked\r
            Connection: %s\r
            \r
            """;
    /** How many questions a connection is kept for. */
    private static final int KEPT = 50;
    /** How many bytes are written at a time. */
    private static final int[] SLICES = {200, 1500, 64 * 1024};

    private final ServerSocket listening = new ServerSocket(0, 0, InetAddress.getLoopbackAddress());
    private final Set<Socket> connections = ConcurrentHashMap.newKeySet();
    private final AtomicInteger asked = new AtomicInteger();
    private final List<byte[]> answers;

    /**
     * Listens, on the loopback address.
     *
     * @param answers what is said: one stream of events for each question, in turn
     */
    WarmUpUpstream(List<List<byte[]>> answers) throws IOException {
        this.answers = answers.stream().map(WarmUpUpstream::chunked).toList();
        Threads.start("rivulet-warm-up-upstream", this::accept);
    }

    /** Where it is reached, as a base URL. */
    String url() {
        return "http://127.0.0.1:" + listening.getLocalPort() + "/v1";
    }

    @Override
    public void close() throws IOException {
        listening.close();
        for (Socket connection : connections) {
            connection.close();
        }
    }

    private static byte[] chunked(List<byte[]> events) {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        for (byte[] event : events) {
            body.writeBytes((Integer.toHexString(event.length) + "\r\n").getBytes(StandardCharsets.US_ASCII));
            body.writeBytes(event);
            body.writeBytes(new byte[] {'\r', '\n'});
        }
        body.writeBytes("0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        return body.toByteArray();
    }

    private void accept() {
        try {
            while (true) {
                Socket connection = listening.accept();
                connections.add(connection);
                Threads.start("rivulet-warm-up-upstream", () -> answer(connection));
            }
        } catch (IOException closed) {
            // The warm-up is over.
        }
    }

    private void answer(Socket connection) {
        try (connection) {
            connection.setTcpNoDelay(true);
            InputStream in = new BufferedInputStream(connection.getInputStream());
            OutputStream out = connection.getOutputStream();
            for (int left = KEPT - 1; left >= 0; left--) {
                skipQuestion(in);
                String then = left == 0 ? "close" : "keep-alive";
                out.write(HEAD.formatted(then).getBytes(StandardCharsets.US_ASCII));
                int turn = asked.getAndIncrement();
                byte[] body = answers.get(turn % answers.size());
                int slice = SLICES[turn / answers.size() % SLICES.length];
                for (int at = 0; at < body.length; at += slice) {
                    out.write(body, at, Math.min(slice, body.length - at));
                }
            }
        } catch (IOException ended) {
            // Whoever asked has left.
        } finally {
            connections.remove(connection);
        }
    }

    private static void skipQuestion(InputStream in) throws IOException {
        int body = 0;
        for (String line = line(in); !line.isEmpty(); line = line(in)) {
            if (line.startsWith("Content-Length: ")) {
                body = Integer.parseInt(line.substring(line.indexOf(' ') + 1));
            }
        }
        in.skipNBytes(body);
    }

    private static String line(InputStream in) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int next = in.read(); next != '\n'; next = in.read()) {
            if (next < 0) {
                throw new EOFException("no more questions");
            }
            if (next != '\r') {
                line.append((char) next);
            }
        }
        return line.toString();
    }
}
