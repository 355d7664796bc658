package rivulet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** HTTP/2 with letters that stand in the address unencoded, as curl sends a query: by hand, since clients encode them. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class Http2AddressTest {
    private static final byte DATA = 0;
    private static final byte HEADERS = 1;
    private static final byte SETTINGS = 4;
    private static final int END_STREAM = 1;
    private static final int END_HEADERS = 4;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/sse/chat?format=ndjson&model=sim-fast-echo&message=안é",
                "/stream/안é?format=ndjson&model=sim-fast-echo"
            })
    void lettersAreReadInHttp2AsInHttp1(String address) throws Exception {
        try (TestServer server = TestServer.with()) {
            assertEquals("안é", text(RawHttp.get(server.port(), address).body()));
            assertEquals("안é", text(http2(server.port(), address)));
            assertEquals("안é", text(upgraded(server.port(), address)));
        }
    }

    private static String text(String ndjson) {
        StringBuilder text = new StringBuilder();
        TestServer.ndjson(ndjson)
                .forEach(event -> text.append(event.path("delta").asText("")));
        return text.toString();
    }

    /** What a GET is answered; its head is HPACK (RFC 7541) without Huffman codes. */
    private static String http2(int port, String address) throws IOException {
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        head.write(0x82); // :method GET
        head.write(0x86); // :scheme http
        literal(head, 1, "localhost");
        literal(head, 4, address);
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            begin(out);
            frame(out, HEADERS, END_STREAM | END_HEADERS, 1, head.toByteArray());
            socket.getOutputStream().write(out.toByteArray());
            socket.setSoTimeout(20_000);
            return body(new DataInputStream(socket.getInputStream()));
        }
    }

    /** What a GET of HTTP/1.1 is answered that offers HTTP/2. */
    private static String upgraded(int port, String address) throws IOException {
        String head = "GET " + address + " HTTP/1.1\r\nHost: localhost\r\n"
                + "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n";
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            out.writeBytes(head.getBytes(StandardCharsets.UTF_8));
            begin(out);
            socket.getOutputStream().write(out.toByteArray());
            socket.setSoTimeout(20_000);
            DataInputStream in = new DataInputStream(socket.getInputStream());
            String said = "";
            while (!said.endsWith("\r\n\r\n")) {
                said += (char) in.readUnsignedByte();
            }
            assertTrue(said.startsWith("HTTP/1.1 101 "), said);
            return body(in);
        }
    }

    private static void begin(ByteArrayOutputStream out) {
        out.writeBytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        frame(out, SETTINGS, 0, 0, new byte[0]);
    }

    private static String body(DataInputStream in) throws IOException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        while (true) {
            int lengthAndType = in.readInt();
            int flags = in.readUnsignedByte();
            in.readInt();
            byte[] payload = in.readNBytes(lengthAndType >>> 8);
            int type = lengthAndType & 0xff;
            if (type == DATA) {
                body.writeBytes(payload);
            }
            if (type <= HEADERS && (flags & END_STREAM) != 0) {
                return body.toString(StandardCharsets.UTF_8);
            }
        }
    }

    private static void literal(ByteArrayOutputStream head, int name, String value) {
        byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
        head.write(name);
        head.write(bytes.length);
        head.writeBytes(bytes);
    }

    private static void frame(ByteArrayOutputStream out, int type, int flags, int stream, byte[] payload) {
        out.write(payload.length >> 16);
        out.write(payload.length >> 8);
        out.write(payload.length);
        out.write(type);
        out.write(flags);
        out.writeBytes(new byte[] {0, 0, 0, (byte) stream});
        out.writeBytes(payload);
    }
}
