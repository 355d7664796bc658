package rivulet;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A viewer that knows nothing but Server-Sent Events: it keeps what it was given and the last id, and can be cut after
 * any byte. On a bare socket: other clients ask again by themselves when a connection breaks.
 */
final class PlainViewer {
    /** How one connection came to its end. */
    enum End {
        /** Not even the status came. */
        REFUSED,
        /** Cut, here or by the server, or broken off. */
        BROKEN,
        /** The response ended as it should. */
        CLEAN
    }

    private final List<SseParser.SseEvent> events = new ArrayList<>();
    private String lastEventId = "";
    private int status;
    private long bytes;

    /** What came in all connections. */
    List<SseParser.SseEvent> events() {
        return List.copyOf(events);
    }

    String lastEventId() {
        return lastEventId;
    }

    /** The status of the last connection. */
    int status() {
        return status;
    }

    /** How many bytes of bodies have come. */
    long bytes() {
        return bytes;
    }

    boolean ended() {
        return !events.isEmpty()
                && (last().name().equals("done") || last().name().equals("failed"));
    }

    SseParser.SseEvent last() {
        return events.get(events.size() - 1);
    }

    /** All that the deltas said. */
    String text() {
        StringBuilder text = new StringBuilder();
        for (SseParser.SseEvent event : events) {
            if (event.name().equals("message")) {
                text.append(TestServer.json(event.data()).path("delta").asText());
            }
        }
        return text.toString();
    }

    JsonNode lastData() {
        return TestServer.json(last().data());
    }

    /** Connects, with the last id if there is one, and reads until the end or until so many bytes have come in all. */
    End view(int port, String path, long cutAfterBytes) {
        status = 0;
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(30_000);
            String resume = lastEventId.isEmpty() ? "" : "Last-Event-ID: " + lastEventId + "\r\n";
            String request =
                    "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n" + resume + "\r\n";
            socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
            InputStream in = new BufferedInputStream(socket.getInputStream());
            String head = readHead(in);
            status = Integer.parseInt(head.substring(9, 12));
            return head.contains("chunked") ? readBody(new Chunks(in), cutAfterBytes) : End.CLEAN;
        } catch (IOException e) {
            return status == 0 ? End.REFUSED : End.BROKEN;
        }
    }

    private End readBody(Chunks body, long cutAfterBytes) throws IOException {
        ByteArrayOutputStream block = new ByteArrayOutputStream();
        int before = 0;
        while (true) {
            if (bytes >= cutAfterBytes) {
                return End.BROKEN;
            }
            int next = body.read();
            if (next < 0) {
                return End.CLEAN;
            }
            bytes++;
            block.write(next);
            if (next == '\n' && before == '\n') {
                take(block.toString(StandardCharsets.UTF_8));
                block.reset();
            }
            before = next;
        }
    }

    private void take(String block) {
        for (SseParser.SseEvent event : SseParser.parse(block)) {
            events.add(event);
            lastEventId = event.id();
        }
    }

    private static String readHead(InputStream in) throws IOException {
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            head.append((char) readByte(in));
        }
        return head.toString();
    }

    private static int readByte(InputStream in) throws IOException {
        int next = in.read();
        if (next < 0) {
            throw new EOFException();
        }
        return next;
    }

    /** A body in chunks; that it ends without the last one is an error. */
    private static final class Chunks {
        private final InputStream in;
        private int left;
        private boolean ended;

        private Chunks(InputStream in) {
            this.in = in;
        }

        private int read() throws IOException {
            while (left == 0 && !ended) {
                String size = readLine();
                left = size.isEmpty() ? 0 : Integer.parseInt(size, 16);
                ended = size.equals("0");
            }
            if (ended) {
                return -1;
            }
            left--;
            return readByte(in);
        }

        private String readLine() throws IOException {
            StringBuilder line = new StringBuilder();
            for (int next = readByte(in); next != '\n'; next = readByte(in)) {
                line.append(next == '\r' ? "" : String.valueOf((char) next));
            }
            return line.toString();
        }
    }

    /** The index of an event, from its id. */
    static int index(SseParser.SseEvent event) {
        return Integer.parseInt(event.id().substring(event.id().indexOf('.') + 1));
    }

    /** What is wrong with the order of the events, if anything: each index must come once, from 0 on. */
    @Nullable
    String disorder() {
        for (int i = 0; i < events.size(); i++) {
            boolean end = i == events.size() - 1 && ended();
            if (index(events.get(i)) != i && !end) {
                return "event " + i + " has the id " + events.get(i).id();
            }
        }
        return null;
    }
}
