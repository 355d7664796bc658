package rivulet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A real nginx with the configuration from {@code src/deploy} passes streams on as they come. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class NginxTest {
    private static final Path NGINX = Path.of("/usr/sbin/nginx");

    @TempDir
    @SuppressWarnings("NullAway.Init")
    Path folder;

    @SuppressWarnings("NullAway.Init")
    private TestServer server;

    @SuppressWarnings("NullAway.Init")
    private Process nginx;

    private int port;

    @BeforeEach
    void start() throws Exception {
        Assumptions.assumeTrue(Files.isExecutable(NGINX), "nginx is not installed");
        server = TestServer.with(
                "OPENAI_MODEL",
                "sim-fast-echo",
                "DISCONNECT_GRACE",
                "1s",
                "HEARTBEAT",
                "500ms",
                "HOSTS",
                "chat.example");
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        String site = Files.readString(Path.of("src", "deploy", "nginx.conf"))
                .replace("127.0.0.1:8080", "127.0.0.1:" + server.port())
                .replace("listen 80;", "listen 127.0.0.1:" + port + ";");
        Path main = folder.resolve("main.conf");
        Files.writeString(main, """
                daemon off; master_process off; error_log stderr; pid %1$s/pid;
                events {}
                http {
                  access_log off;
                  client_body_temp_path %1$s/body; proxy_temp_path %1$s/proxy; fastcgi_temp_path %1$s/fastcgi;
                  uwsgi_temp_path %1$s/uwsgi; scgi_temp_path %1$s/scgi;
                  %2$s
                }
                """.formatted(folder, site));
        nginx = new ProcessBuilder(NGINX.toString(), "-p", folder.toString(), "-c", main.toString())
                .inheritIO()
                .start();
        TestServer.await("nginx listens", () -> {
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
                return socket.isConnected();
            } catch (IOException e) {
                return false;
            }
        });
    }

    @AfterEach
    void stop() throws Exception {
        if (server != null) {
            nginx.destroy();
            nginx.waitFor();
            server.close();
        }
    }

    @Test
    void eachEventArrivesBeforeTheNextIsSent() throws Exception {
        try (Socket socket = connect("/sse/countdown?from=3600&interval=100ms")) {
            // The stream goes on for minutes: whoever gathers it would show nothing yet.
            readUntil(socket, "data: 3598\n");
        }
        TestServer.await("the leaving is passed on", () -> server.liveStreams() == 0);
    }

    @Test
    void silenceIsPassedOnAsHeartbeats() throws Exception {
        try (Socket socket = connect("/sse/countdown?from=2&interval=1h")) {
            readUntil(socket, ": hb\n");
        }
    }

    @Test
    void aStreamIsResumedThroughIt() {
        PlainViewer viewer = new PlainViewer();
        String path = "/sse/fake-llm?format=json&delay=20ms&text=" + "abcdefghij".repeat(10);
        assertEquals(PlainViewer.End.BROKEN, viewer.view(port, path, 600));
        assertEquals(PlainViewer.End.CLEAN, viewer.view(port, path, Long.MAX_VALUE));
        assertNull(viewer.disorder());
        assertTrue(viewer.ended());
    }

    @Test
    void promptsInThePathArriveAsTheyWereWritten() {
        for (String prompt : new String[] {"a//b", "What%20is%20SSE%3F", "x".repeat(20_000)}) {
            RawHttp.Answer answer = RawHttp.get(port, "/stream/" + prompt + "?format=text");
            assertEquals(200, answer.status());
            assertEquals(prompt.replace("%20", " ").replace("%3F", "?"), SseParser.messages(answer.body()));
        }
    }

    /** As a browser asks for the site's own name; nginx passes it on, and it stands in HOSTS. */
    @ParameterizedTest
    @CsvSource({"chat.example,200", "other.example,421"})
    void theNameThatIsAskedForIsPassedOn(String host, int status) {
        String request = "GET /models HTTP/1.1\r\nHost: %s\r\nOrigin: https://%s\r\nConnection: close\r\n\r\n";
        assertEquals(status, RawHttp.send(port, request.formatted(host, host)).status());
    }

    private Socket connect(String path) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setSoTimeout(10_000);
        socket.getOutputStream()
                .write(("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
        return socket;
    }

    private static void readUntil(Socket socket, String wanted) throws IOException {
        StringBuilder read = new StringBuilder();
        while (read.indexOf(wanted) < 0) {
            int next = socket.getInputStream().read();
            if (next < 0) {
                throw new AssertionError("ended before " + wanted + ": " + read);
            }
            read.append((char) next);
        }
    }
}
