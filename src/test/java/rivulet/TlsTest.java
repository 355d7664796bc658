package rivulet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLSocket;
import okhttp3.Call;
import okhttp3.Callback;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.Response;
import okhttp3.tls.HandshakeCertificates;
import okhttp3.tls.HeldCertificate;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.ServerConnector;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** HTTPS, spoken directly: what holds for streams without TLS holds inside it, on HTTP/1.1 and on HTTP/2. */
@Timeout(value = 30, unit = TimeUnit.SECONDS)
class TlsTest {
    private static final String DELTA = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n";

    @TempDir
    @SuppressWarnings("NullAway.Init")
    Path folder;

    @SuppressWarnings("NullAway.Init")
    private Certificates certificates;

    @BeforeEach
    void makeCertificates() {
        certificates = Certificates.in(folder);
    }

    /** An upstream that says one delta and then waits for the peer to close. */
    private static RawUpstream waiting() {
        return new RawUpstream((request, connection) -> {
            connection.sendStreamHead();
            connection.send(DELTA);
            connection.awaitPeerClose();
        });
    }

    private TestServer server(String... settings) {
        return TestServer.with(certificates.settings(settings));
    }

    private static Request.Builder request(TestServer server, String path) {
        return new Request.Builder().url(server.url(path));
    }

    private static String body(OkHttpClient client, Request request) throws IOException {
        try (Response response = client.newCall(request).execute()) {
            return response.body().string();
        }
    }

    private static void close(OkHttpClient client) {
        client.connectionPool().evictAll();
        client.dispatcher().executorService().shutdown();
    }

    @ParameterizedTest
    @EnumSource(names = {"HTTP_1_1", "HTTP_2"})
    void aStreamArrivesWholeAndResumes(Protocol protocol) throws Exception {
        OkHttpClient client = certificates.client(protocol);
        try (TestServer server = server()) {
            assertTrue(server.url("").startsWith("https://127.0.0.1:"), server.url(""));
            String id;
            try (Response response = client.newCall(
                            request(server, "/sse/fake-llm?text=abc&delay=1ms").build())
                    .execute()) {
                assertEquals(protocol, response.protocol());
                id = String.valueOf(response.header("Stream-Id"));
                assertEquals("abc[DONE]", SseParser.messages(response.body().string()));
            }
            Request resuming = request(server, "/sse/fake-llm")
                    .header("Last-Event-ID", id + ".2")
                    .build();
            assertEquals("c[DONE]", SseParser.messages(body(client, resuming)));
        } finally {
            close(client);
        }
    }

    @Test
    void aHandshakeThatTricklesIsClosed() throws IOException {
        byte[] longHello = {0x16, 3, 1, 0x20, 0, 1, 0, 0x1f, (byte) 0xfc, 3, 3};
        try (TestServer server = server("HEAD_TIMEOUT", "500ms");
                Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            socket.setSoTimeout(100);
            socket.getOutputStream().write(longHello);
            TestServer.await("it is closed", () -> {
                try {
                    socket.getOutputStream().write('a');
                    return socket.getInputStream().read() < 0;
                } catch (SocketTimeoutException open) {
                    return false;
                } catch (IOException closed) {
                    return true;
                }
            });
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"HTTP_1_1", "HTTP_2"})
    void aViewerThatLeavesIsNoticedThoughNothingIsSent(Protocol protocol) throws Exception {
        OkHttpClient client = certificates.client(protocol);
        try (RawUpstream upstream = waiting();
                TestServer server = TestServer.before(
                        upstream, certificates.settings("OPENAI_MODEL", "m", "DISCONNECT_GRACE", "0s"))) {
            for (String path : List.of("/sse/chat", "/sse/chat-normal")) {
                Call call = client.newCall(request(server, path).build());
                if (path.equals("/sse/chat")) {
                    assertEquals("event: start", call.execute().body().source().readUtf8Line());
                } else {
                    call.enqueue(new Ignore());
                }
                upstream.takeRequest();
                call.cancel();
                upstream.takeClosedNanos();
            }
            TestServer.await(
                    "nothing is live",
                    () -> json(client, server, "/health").contains("\"live_streams\":0,\"viewers\":0"));
        } finally {
            close(client);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"HTTP_1_1", "HTTP_2"})
    void aCancelReachesTheUpstream(Protocol protocol) throws Exception {
        OkHttpClient client = certificates.client(protocol);
        try (RawUpstream upstream = waiting();
                TestServer server = TestServer.before(upstream, certificates.settings("OPENAI_MODEL", "m"))) {
            try (Response response =
                    client.newCall(request(server, "/sse/chat").build()).execute()) {
                String id = String.valueOf(response.header("Stream-Id"));
                String state =
                        body(client, request(server, "/streams/" + id).delete().build());
                assertTrue(state.contains("\"finish_reason\":\"cancelled\""), state);
                upstream.takeClosedNanos();
                assertEquals("a[DONE]", SseParser.messages(response.body().string()));
            }
        } finally {
            close(client);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"HTTP_1_1", "HTTP_2"})
    void aStopTellsEachStreamItsEnd(Protocol protocol) throws Exception {
        OkHttpClient client = certificates.client(protocol);
        List<Response> responses = new ArrayList<>();
        try (RawUpstream upstream = waiting()) {
            TestServer server = TestServer.before(upstream, certificates.settings("OPENAI_MODEL", "m"));
            for (int i = 0; i < 20; i++) {
                responses.add(
                        client.newCall(request(server, "/sse/chat").build()).execute());
            }
            server.close();
            for (Response response : responses) {
                String rest = response.body().string();
                assertTrue(rest.contains("\"code\":\"shutting_down\""), rest);
            }
        } finally {
            close(client);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"HTTP_1_1", "HTTP_2"})
    void aPromptInThePathMayHoldAnything(Protocol protocol) throws Exception {
        OkHttpClient client = certificates.client(protocol);
        try (TestServer server = server("OPENAI_MODEL", "sim-fast-echo")) {
            Request request =
                    request(server, "/stream/a/b%20c%3Fd%2Fe?format=text").build();
            assertEquals("a/b c?d/e", SseParser.messages(body(client, request)));
        } finally {
            close(client);
        }
    }

    @Test
    void aViewerThatDoesNotReadIsBrokenOff() throws Exception {
        try (TestServer server = server("OPENAI_MODEL", "sim-fast-99999tokens", "SLOW_VIEWER_TIMEOUT", "300ms");
                SSLSocket socket = connect(server)) {
            say(socket, "GET /sse/chat?format=json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
            OkHttpClient client = certificates.client(Protocol.HTTP_1_1);
            TestServer.await(
                    "the viewer came", () -> json(client, server, "/health").contains("\"viewers\":1"));
            TestServer.await(
                    "the viewer was sent away",
                    () -> json(client, server, "/health").contains("\"viewers\":0"));
            close(client);
            assertFalse(readToEnd(socket).endsWith("0\r\n\r\n"));
        }
    }

    @Test
    void aRequestSentAheadIsAnsweredWhenTheStreamHasEnded() throws Exception {
        try (TestServer server = server();
                SSLSocket socket = connect(server)) {
            say(socket, """
                    GET /sse/countdown?from=3&interval=500ms HTTP/1.1
                    Host: 127.0.0.1

                    GET /health HTTP/1.1
                    Host: 127.0.0.1
                    Connection: close

                    """.replace("\n", "\r\n"));
            String both = readToEnd(socket);
            assertTrue(both.contains("발사!") && both.endsWith("}"), both);
            assertTrue(both.contains("Server is running"), both);
        }
    }

    @Test
    void aRenewedCertificateIsTakenWithoutARestart() throws Exception {
        Tls tls = new Tls(certificates.certificate(), certificates.key());
        org.eclipse.jetty.server.Server jetty = new org.eclipse.jetty.server.Server();
        HttpConfiguration http = new HttpConfiguration();
        ServerConnector connector = new ServerConnector(jetty, tls.protocols(http, new HttpConnectionFactory(http)));
        jetty.addConnector(connector);
        jetty.start();
        try {
            HeldCertificate renewed = Certificates.make();
            HandshakeCertificates trust = certificates
                    .trustBuilder()
                    .addTrustedCertificate(renewed.certificate())
                    .build();
            int port = connector.getLocalPort();
            String first = serial(port, trust);
            tls.look();
            assertEquals(first, serial(port, trust));
            Certificates.write(certificates.key(), "half writ");
            tls.look();
            assertEquals(first, serial(port, trust), "what is not whole is not taken");
            certificates.write(renewed);
            tls.look();
            assertEquals(renewed.certificate().getSerialNumber().toString(), serial(port, trust));
        } finally {
            jetty.stop();
        }
    }

    @Test
    void eachRenewalThatFailsIsToldOnce() {
        Tls tls = new Tls(certificates.certificate(), certificates.key());
        PrintStream console = System.err;
        ByteArrayOutputStream logged = new ByteArrayOutputStream();
        System.setErr(new PrintStream(logged, true, StandardCharsets.UTF_8));
        try {
            for (int renewal = 0; renewal < 2; renewal++) {
                HeldCertificate renewed = Certificates.make();
                // The one file is there before the other.
                Certificates.write(certificates.certificate(), renewed.certificatePem());
                tls.look();
                tls.look();
                certificates.write(renewed);
                tls.look();
            }
        } finally {
            System.setErr(console);
        }
        String said = logged.toString(StandardCharsets.UTF_8);
        assertEquals(
                2, said.lines().filter(line -> line.contains("not renewed")).count(), said);
    }

    @Test
    void filesThatCannotBeUsedAreNamedWithTheReason() {
        Path cert = certificates.certificate();
        Path key = certificates.key();
        assertRefused(
                "TLS_CERT names " + folder.resolve("no.pem") + ", which is not there.", folder.resolve("no.pem"), key);
        assertRefused("TLS_CERT " + key + " cannot be used: it holds no BEGIN CERTIFICATE.", key, key);
        assertRefused("TLS_KEY " + cert + " cannot be used: it holds no BEGIN PRIVATE KEY.", cert, cert);
        Path other = folder.resolve("other.pem");
        Certificates.write(other, Certificates.make().privateKeyPkcs8Pem());
        assertRefused("TLS_KEY " + other + " is not the key of the first certificate in TLS_CERT " + cert, cert, other);
        Certificates.write(other, "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n");
        assertRefused(
                "TLS_KEY " + other
                        + " cannot be used: its key is encrypted; openssl pkey -in FILE -out PLAIN_FILE takes"
                        + " the password away.",
                cert,
                other);
        Certificates.write(other, "-----BEGIN EC PRIVATE KEY-----\nMDA=\n-----END EC PRIVATE KEY-----\n");
        assertThrows(SettingError.class, () -> new Tls(cert, other));
    }

    private static void assertRefused(String message, Path certificate, Path key) {
        SettingError error = assertThrows(SettingError.class, () -> new Tls(certificate, key));
        assertEquals(message, error.getMessage());
    }

    private static String serial(int port, HandshakeCertificates trust) throws IOException {
        try (SSLSocket socket = (SSLSocket) trust.sslSocketFactory().createSocket("127.0.0.1", port)) {
            socket.startHandshake();
            X509Certificate shown = (X509Certificate) socket.getSession().getPeerCertificates()[0];
            return shown.getSerialNumber().toString();
        }
    }

    private static String json(OkHttpClient client, TestServer server, String path) {
        try {
            return body(client, request(server, path).build());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private SSLSocket connect(TestServer server) throws IOException {
        SSLSocket socket = (SSLSocket) certificates.trust().sslSocketFactory().createSocket("127.0.0.1", server.port());
        socket.setSoTimeout(10_000);
        return socket;
    }

    private static void say(SSLSocket socket, String request) throws IOException {
        socket.getOutputStream().write(request.getBytes(StandardCharsets.UTF_8));
    }

    /** What comes until the connection ends, however it does. */
    private static String readToEnd(SSLSocket socket) throws IOException {
        InputStream in = socket.getInputStream();
        ByteArrayOutputStream read = new ByteArrayOutputStream();
        byte[] buffer = new byte[8192];
        try {
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                read.write(buffer, 0, n);
            }
        } catch (IOException e) {
            // Broken off.
        }
        return read.toString(StandardCharsets.UTF_8);
    }

    /** For an answer that is never waited for. */
    private static final class Ignore implements Callback {
        @Override
        public void onFailure(Call call, IOException e) {}

        @Override
        public void onResponse(Call call, Response response) {
            response.close();
        }
    }
}
