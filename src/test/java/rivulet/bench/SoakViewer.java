package rivulet.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * One who reads a stream over any number of connections, and compares each event with what the upstream was asked to say,
 * as it comes. On bare sockets, which can be left in any way. One thread.
 */
final class SoakViewer implements AutoCloseable {
    private static final ObjectMapper JACKSON = new ObjectMapper();
    /** Longer than the longest silence that is meant: a heartbeat comes every 15 s. */
    private static final Duration SILENCE = Duration.ofSeconds(60);

    /** What stands at a place where nothing or something else should. */
    static final class Wrong extends RuntimeException {
        private static final long serialVersionUID = 1;

        Wrong(String what) {
            super(what);
        }
    }

    private final int port;
    private final Script script;
    private final String expected;
    private @Nullable Socket socket;
    private InputStream in = InputStream.nullInputStream();
    private int left;
    private int shown;
    private int index = -1;
    private String lastId = "";
    private String streamId = "";
    private int status;
    private String refusal = "";
    private String end = "";

    SoakViewer(int port, Script script) {
        this.port = port;
        this.script = script;
        this.expected = script.form() == Script.Form.DOCUMENT ? script.summary() : script.text();
    }

    /** The head's status of the last connection. */
    int status() {
        return status;
    }

    /** What stood in the last answer that was not 200. */
    String refusal() {
        return refusal;
    }

    String streamId() {
        return streamId;
    }

    /** How the stream ended: {@code done} or {@code failed} and why; empty as long as it has not. */
    String end() {
        return end;
    }

    /** The index of the newest event. */
    int index() {
        return index;
    }

    /** Whether every piece that the upstream was asked for has come. */
    boolean whole() {
        return shown == expected.length();
    }

    /** Begins the stream. */
    void ask(String path, String body, String headers) throws IOException {
        open(
                "POST " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n" + headers
                        + "Content-Length: " + body.getBytes(StandardCharsets.UTF_8).length + "\r\n\r\n" + body,
                0);
    }

    /** Follows a stream from what has come; with a small buffer the server's writes soon come to nothing. */
    void follow(String stream, int receiveBuffer) throws IOException {
        String resume = lastId.isEmpty() ? "" : "Last-Event-ID: " + lastId + "\r\n";
        open("GET /streams/" + stream + " HTTP/1.1\r\nHost: 127.0.0.1\r\n" + resume + "\r\n", receiveBuffer);
    }

    /**
     * Reads until the event at an index has come, or the response ends.
     *
     * @throws IOException if it was broken off
     * @throws Wrong if an event is not what comes next
     */
    void read(int until) throws IOException {
        String name = "";
        String data = "";
        String id = "";
        while (status == 200 && index < until && end.isEmpty()) {
            String line = line();
            if (line == null) {
                throw new EOFException("the response ended cleanly before the stream");
            } else if (line.startsWith("event: ")) {
                name = line.substring(7);
            } else if (line.startsWith("data: ")) {
                data = line.substring(6);
            } else if (line.startsWith("id: ")) {
                id = line.substring(4);
            } else if (line.isEmpty() && !data.isEmpty()) {
                take(name, JACKSON.readTree(data), id);
                name = "";
                data = "";
            }
        }
    }

    /** Leaves. */
    void leave(boolean reset) {
        try {
            Socket leaving = socket;
            if (leaving != null) {
                if (reset) {
                    leaving.setSoLinger(true, 0);
                }
                leaving.close();
            }
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
        socket = null;
    }

    @Override
    public void close() {
        leave(false);
    }

    private void take(String name, JsonNode data, String id) {
        int dot = id.lastIndexOf('.');
        int at = Integer.parseInt(id.substring(dot + 1));
        if (name.equals("snapshot")) {
            shown = 0;
            piece(data.path("text").asText());
        } else if (at != index + 1 || !(streamId.isEmpty() || streamId.equals(id.substring(0, dot)))) {
            throw new Wrong(id + " comes after " + lastId + " of " + streamId);
        }
        index = at;
        lastId = id;
        streamId = id.substring(0, dot);
        switch (name) {
            case "" -> piece(data.path("delta").asText());
            case "field" ->
                piece(
                        data.path("path").asText().equals("/summary")
                                ? data.path("delta").asText("")
                                : "");
            case "done" -> done(data.path("finish_reason").asText());
            case "failed" -> end = "failed: " + data.path("error").path("code").asText();
            default -> {}
        }
    }

    private void piece(String piece) {
        if (!expected.startsWith(piece, shown)) {
            throw new Wrong("%s: \"%s\" comes at %d, where stands \"%s\""
                    .formatted(
                            script.model(),
                            piece,
                            shown,
                            expected.substring(
                                    Math.min(shown, expected.length()),
                                    Math.min(shown + piece.length(), expected.length()))));
        }
        shown += piece.length();
    }

    private void done(String reason) {
        end = "done: " + reason;
        if (reason.equals("stop") && !whole()) {
            throw new Wrong("%s: done after %d of %d characters".formatted(script.model(), shown, expected.length()));
        }
    }

    private void open(String request, int receiveBuffer) throws IOException {
        Socket opened = new Socket();
        socket = opened;
        if (receiveBuffer > 0) {
            opened.setReceiveBufferSize(receiveBuffer);
        }
        opened.setSoTimeout((int) SILENCE.toMillis());
        opened.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        opened.getOutputStream().write(request.getBytes(StandardCharsets.UTF_8));
        in = new BufferedInputStream(opened.getInputStream(), 2048);
        left = 0;
        String head = "";
        for (String line = rawLine(); !line.isEmpty(); line = rawLine()) {
            head += line + "\n";
        }
        status = Integer.parseInt(head.substring(9, 12));
        if (status != 200) {
            int length = Integer.parseInt(head.replaceAll("(?is).*content-length: (\\d+).*", "$1"));
            refusal = new String(in.readNBytes(length), StandardCharsets.UTF_8);
        }
    }

    /** One line of the body; null at its clean end. */
    private @Nullable String line() throws IOException {
        java.io.ByteArrayOutputStream line = new java.io.ByteArrayOutputStream();
        while (true) {
            while (left == 0) {
                String size = rawLine();
                left = size.isEmpty() ? 0 : Integer.parseInt(size, 16);
                if (size.equals("0")) {
                    return null;
                }
            }
            left--;
            int b = rawByte();
            if (b == '\n') {
                return line.toString(StandardCharsets.UTF_8);
            }
            line.write(b);
        }
    }

    private String rawLine() throws IOException {
        StringBuilder line = new StringBuilder();
        for (int b = rawByte(); b != '\n'; b = rawByte()) {
            if (b != '\r') {
                line.append((char) b);
            }
        }
        return line.toString();
    }

    private int rawByte() throws IOException {
        int b = in.read();
        if (b < 0) {
            throw new EOFException("broken off");
        }
        return b;
    }
}
