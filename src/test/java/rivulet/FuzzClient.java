package rivulet;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Sends requests as they are, on one connection for as long as that is possible, and reads what comes back. */
final class FuzzClient implements AutoCloseable {
    /** A stream that says nothing for so long is left; it may go on for an hour. */
    private static final int PATIENCE_MILLIS = 40;
    /** Longer than any answer that does not stream takes. */
    private static final int ANSWER_MILLIS = 20_000;

    /** What came back; {@code status} 0: nothing. */
    record Answer(int status, String head, String body, boolean whole) {
        Optional<String> header(String name) {
            Matcher header = Pattern.compile("(?im)^" + name + ": *(.*?)\r?$").matcher(head);
            return header.find() ? Optional.of(header.group(1)) : Optional.empty();
        }
    }

    private final int port;
    private @Nullable Socket socket;
    private InputStream in = InputStream.nullInputStream();

    FuzzClient(int port) {
        this.port = port;
    }

    Answer send(FuzzRequests.Request request) throws IOException {
        Socket open = connected();
        try {
            open.getOutputStream().write(request.bytes());
            if (!request.wellFormed()) {
                // It may promise more than it has.
                open.shutdownOutput();
            }
            return read(open, request);
        } catch (IOException e) {
            // Refused with the rest unread: the answer is lost in the reset, as TCP has it.
            close();
            return new Answer(0, "", "", false);
        } finally {
            if (!request.wellFormed()) {
                close();
            }
        }
    }

    private Socket connected() throws IOException {
        Socket open = socket;
        if (open == null) {
            open = new Socket(InetAddress.getLoopbackAddress(), port);
            open.setTcpNoDelay(true);
            in = new BufferedInputStream(open.getInputStream());
            socket = open;
        }
        return open;
    }

    private Answer read(Socket open, FuzzRequests.Request request) throws IOException {
        open.setSoTimeout(ANSWER_MILLIS);
        String head = head();
        while (head.matches("(?s)HTTP/1\\.1 1\\d\\d .*")) {
            head = head();
        }
        Matcher status = Pattern.compile("HTTP/1\\.[01] (\\d{3})").matcher(head);
        if (!status.lookingAt()) {
            close();
            return new Answer(0, head, "", false);
        }
        int code = Integer.parseInt(status.group(1));
        String lower = head.toLowerCase(Locale.ROOT);
        if (lower.contains("event-stream") || lower.contains("x-ndjson")) {
            open.setSoTimeout(PATIENCE_MILLIS);
        }
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        boolean whole = request.headOnly() || code == 204 || code == 304 || readBody(lower, body);
        if (!whole || lower.contains("connection: close")) {
            close();
        }
        return new Answer(code, head, body.toString(StandardCharsets.UTF_8), whole);
    }

    /** Whether all of it came. */
    private boolean readBody(String head, ByteArrayOutputStream body) throws IOException {
        try {
            Matcher length = Pattern.compile("content-length: *(\\d+)").matcher(head);
            if (length.find()) {
                int bytes = Integer.parseInt(length.group(1));
                body.write(in.readNBytes(bytes));
                return body.size() == bytes;
            }
            if (!head.contains("transfer-encoding: chunked")) {
                body.write(in.readAllBytes());
                return false;
            }
            while (true) {
                String line = line();
                int size = line.isEmpty() ? -1 : Integer.parseInt(line, 16);
                if (size < 0) {
                    return false;
                }
                body.write(in.readNBytes(size));
                line();
                if (size == 0) {
                    return true;
                }
            }
        } catch (SocketTimeoutException silent) {
            return false;
        }
    }

    private String head() throws IOException {
        StringBuilder head = new StringBuilder();
        for (String line = line(); !line.isEmpty(); line = line()) {
            head.append(line).append("\r\n");
        }
        return head.toString();
    }

    private String line() throws IOException {
        StringBuilder line = new StringBuilder();
        for (int c = in.read(); c >= 0 && c != '\n'; c = in.read()) {
            line.append((char) c);
        }
        return line.toString().stripTrailing();
    }

    @Override
    public void close() throws IOException {
        if (socket != null) {
            socket.close();
            socket = null;
        }
    }
}
