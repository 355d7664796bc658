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
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * The upstream of the warm-up: answers any question with the next of some bodies, which are made beforehand and cost
 * nothing to send. They come as they do from afar: an event by itself, many at once, or cut anywhere; and from one model
 * bit by bit.
 */
final class WarmUpUpstream implements Closeable {
    /** The model that takes its time. */
    static final String SLOW_MODEL = "slow";

    private static final byte[] HEAD = head("keep-alive");
    private static final byte[] LAST_HEAD = head("close");
    /** How many questions a connection is kept for. */
    private static final int KEPT = 50;
    /** How many bytes are written at a time. */
    private static final int[] SLICES = {200, 1500, 64 * 1024};
    /** How long the slow one pauses behind each slice, the smallest there are. */
    private static final Duration THINKS = Duration.ofMillis(10);

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

    private static byte[] head(String connection) {
        return """
                HTTP/1.1 200 OK\r
                Content-Type: text/event-stream; charset=utf-8\r
                Transfer-Encoding: chunked\r
                Connection: %s\r
                \r
                """.formatted(connection).getBytes(StandardCharsets.US_ASCII);
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
                boolean slow = question(in).contains(SLOW_MODEL);
                out.write(left == 0 ? LAST_HEAD : HEAD);
                int turn = asked.getAndIncrement();
                byte[] body = answers.get(turn % answers.size());
                int slice = slow ? SLICES[0] : SLICES[turn / answers.size() % SLICES.length];
                for (int at = 0; at < body.length; at += slice) {
                    out.write(body, at, Math.min(slice, body.length - at));
                    LockSupport.parkNanos(slow ? THINKS.toNanos() : 0);
                }
            }
        } catch (IOException ended) {
            // Whoever asked has left.
        } finally {
            connections.remove(connection);
        }
    }

    /** The question's body. */
    private static String question(InputStream in) throws IOException {
        int body = 0;
        for (String line = line(in); !line.isEmpty(); line = line(in)) {
            if (line.startsWith("Content-Length: ")) {
                body = Integer.parseInt(line.substring(line.indexOf(' ') + 1));
            }
        }
        return new String(in.readNBytes(body), StandardCharsets.UTF_8);
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
