package rivulet;

import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Asks as some clients do, each on a connection that it keeps for a while, and reads every answer to its end. */
final class WarmUpClient implements Closeable {
    /** How many questions a connection is kept for. */
    private static final int KEPT = 20;

    private static final Duration PATIENCE = Duration.ofSeconds(30);
    /** No event holds it: their lines end without a carriage return. */
    private static final byte[] BODY_END = "\r\n0\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

    private final int port;
    private final List<byte[]> requests;
    private final List<Socket> connections = new ArrayList<>();
    private final byte[] read = new byte[64 * 1024];
    private int turn;

    /**
     * @param port of a server on this machine
     * @param clients how many there are
     * @param questions what they ask in turn, each as the method and path of a request, and its body in JSON, if any, in
     *     a line of its own
     */
    WarmUpClient(int port, int clients, List<String> questions) throws IOException {
        this.port = port;
        requests = questions.stream().map(question -> request(port, question)).toList();
        for (int i = 0; i < clients; i++) {
            connections.add(connect());
        }
    }

    /**
     * Has each client ask one question.
     *
     * @param together whether all ask at once; else one after the other
     * @throws IOException if an answer does not come, or breaks off
     */
    void ask(boolean together) throws IOException {
        if (together) {
            begin();
        }
        for (int i = 0; i < connections.size(); i++) {
            readAnswer(together ? connections.get(i) : question(i));
        }
    }

    /** Has all clients ask, and does not wait for the answers. */
    void begin() throws IOException {
        for (int i = 0; i < connections.size(); i++) {
            question(i);
        }
    }

    private Socket question(int client) throws IOException {
        turn++;
        if (turn % KEPT == 0) {
            leave(client);
            connections.set(client, connect());
        }
        Socket connection = connections.get(client);
        connection.getOutputStream().write(requests.get(turn % requests.size()));
        return connection;
    }

    @Override
    public void close() throws IOException {
        for (int i = 0; i < connections.size(); i++) {
            leave(i);
        }
    }

    /** Some reset their connection. */
    private void leave(int client) throws IOException {
        Socket connection = connections.get(client);
        connection.setSoLinger(client % 2 == 0, 0);
        connection.close();
    }

    private Socket connect() throws IOException {
        Socket connection = new Socket(InetAddress.getLoopbackAddress(), port);
        connection.setSoTimeout((int) PATIENCE.toMillis());
        return connection;
    }

    private static byte[] request(int port, String question) {
        String[] parts = question.split("\n", 2);
        String body = parts.length == 1
                ? "\r\n"
                : "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
                        .formatted(parts[1].length(), parts[1]);
        return "%s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n%s"
                .formatted(parts[0], port, body)
                .getBytes(StandardCharsets.US_ASCII);
    }

    private void readAnswer(Socket connection) throws IOException {
        InputStream in = connection.getInputStream();
        int length = 0;
        while (length < BODY_END.length
                || !Arrays.equals(read, length - BODY_END.length, length, BODY_END, 0, BODY_END.length)) {
            // Only the end is looked at: what came before may go.
            if (length > read.length / 2) {
                System.arraycopy(read, length - BODY_END.length, read, 0, BODY_END.length);
                length = BODY_END.length;
            }
            int count = in.read(read, length, read.length - length);
            if (count < 0) {
                throw new EOFException("the answer broke off");
            }
            length += count;
        }
    }
}
