package rivulet;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import mockwebserver3.Dispatcher;
import mockwebserver3.MockResponse;
import mockwebserver3.MockResponseBody;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import mockwebserver3.SocketEffect;
import okhttp3.Protocol;
import okhttp3.internal.http2.Settings;
import okhttp3.tls.HandshakeCertificates;
import okhttp3.tls.HeldCertificate;
import okio.BufferedSink;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The way to the upstream: TLS by a private authority, HTTP/2, proxies, headers, several upstreams. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class UpstreamTransportTest {
    private static final String CHAT = "{\"kind\":\"chat\",\"message\":\"hi\"}";
    private static final String ANSWER =
            "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\ndata: [DONE]\n\n";
    private static final String TRUST_STORE = "javax.net.ssl.trustStore";

    private final MockWebServer upstream = new MockWebServer();
    private final HeldCertificate authority =
            new HeldCertificate.Builder().certificateAuthority(0).build();
    private SSLContext tls;

    @BeforeEach
    void trustOurAuthority() throws Exception {
        HeldCertificate certificate = new HeldCertificate.Builder()
                .signedBy(authority)
                .addSubjectAlternativeName("127.0.0.1")
                .addSubjectAlternativeName("upstream.example")
                .build();
        HandshakeCertificates certificates =
                new HandshakeCertificates.Builder().heldCertificate(certificate).build();
        tls = certificates.sslContext();
        upstream.useHttps(certificates.sslSocketFactory());
        Path file = Files.createTempFile("trust", ".p12");
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        store.setCertificateEntry("authority", authority.certificate());
        try (OutputStream out = Files.newOutputStream(file)) {
            store.store(out, "changeit".toCharArray());
        }
        System.setProperty(TRUST_STORE, file.toString());
        System.setProperty("javax.net.ssl.trustStorePassword", "changeit");
    }

    @AfterEach
    void close() {
        System.clearProperty(TRUST_STORE);
        System.clearProperty("javax.net.ssl.trustStorePassword");
        upstream.close();
    }

    private static MockResponse answer() {
        return new MockResponse.Builder()
                .addHeader("Content-Type", "text/event-stream")
                .body(ANSWER)
                .build();
    }

    private String url() {
        return "https://127.0.0.1:" + upstream.getPort() + "/v1";
    }

    /** A server whose upstream is reached through a proxy alone. */
    private static TestServer behind(String proxy) {
        return TestServer.with(
                "OPENAI_BASE_URL", "https://upstream.example/v1", "OPENAI_MODEL", "m", "HTTPS_PROXY", proxy);
    }

    private void answersOver(Protocol protocol) throws Exception {
        upstream.setProtocols(
                protocol == Protocol.HTTP_2 ? List.of(Protocol.HTTP_2, Protocol.HTTP_1_1) : List.of(protocol));
        for (int i = 0; i < 20; i++) {
            upstream.enqueue(answer());
        }
        upstream.start();
        try (TestServer server =
                TestServer.with("OPENAI_BASE_URL", url(), "OPENAI_MODEL", "m", "OPENAI_API_KEY", "key12345")) {
            var answers = java.util.stream.IntStream.range(0, 20)
                    .mapToObj(i -> server.postAsync("/streams?format=ndjson", CHAT))
                    .toList();
            answers.forEach(answer -> assertEquals("a", TestServer.text(TestServer.ndjson(answer.join()))));
        }
        assertTrue(
                upstream.takeRequest().getRequestLine().endsWith(protocol == Protocol.HTTP_2 ? "HTTP/2" : "HTTP/1.1"));
    }

    @Test
    void answersComeOverTls() throws Exception {
        answersOver(Protocol.HTTP_1_1);
    }

    @Test
    void answersComeOverHttp2() throws Exception {
        answersOver(Protocol.HTTP_2);
    }

    /** Answers a question, which is a case's number, with what the case says. */
    private static final class Cases extends Dispatcher {
        @Override
        public MockResponse dispatch(RecordedRequest request) {
            String body = requireNonNull(request.getBody()).utf8();
            int number = Integer.parseInt(body.replaceAll("(?s).*case(\\d+)x.*", "$1"));
            return new MockResponse.Builder()
                    .addHeader("Content-Type", "text/event-stream")
                    .body(UpstreamCasesTest.CASES.get(number).events())
                    .build();
        }
    }

    private void showsEachCase(String baseUrl, String... settings) {
        for (String api : List.of("chat", "responses")) {
            String[] all = Arrays.copyOf(settings, settings.length + 6);
            System.arraycopy(
                    new String[] {"OPENAI_BASE_URL", baseUrl, "OPENAI_MODEL", "m", "UPSTREAM_API", api},
                    0,
                    all,
                    settings.length,
                    6);
            try (TestServer server = TestServer.with(all)) {
                for (int i = 0; i < UpstreamCasesTest.CASES.size(); i++) {
                    UpstreamCasesTest.Case told = UpstreamCasesTest.CASES.get(i);
                    if (told.api().equals(api)) {
                        List<JsonNode> events = server.chat(CHAT.replace("hi", "case" + i + "x"));
                        assertEquals(told.text(), TestServer.text(events), told.name());
                        assertEquals(told.end(), UpstreamCasesTest.end(events), told.name());
                    }
                }
            }
        }
    }

    @Test
    void eachCaseIsTheSameOverTls() throws Exception {
        upstream.setProtocols(List.of(Protocol.HTTP_1_1));
        upstream.setDispatcher(new Cases());
        upstream.start();
        showsEachCase(url());
    }

    @Test
    void eachCaseIsTheSameOverHttp2() throws Exception {
        upstream.setDispatcher(new Cases());
        upstream.start();
        showsEachCase(url());
        assertTrue(upstream.takeRequest().getRequestLine().endsWith("HTTP/2"));
    }

    @Test
    void eachCaseIsTheSameThroughTheProxy() throws Exception {
        upstream.setDispatcher(new Cases());
        upstream.start();
        try (TunnelProxy proxy = new TunnelProxy(upstream.getPort())) {
            showsEachCase("https://upstream.example/v1", "HTTPS_PROXY", proxy.url());
            assertTrue(proxy.tunnels() > 0);
        }
    }

    @Test
    void aCutAtAnyByteIsToldTrulyOverTls() throws Exception {
        byte[] answer = ANSWER.getBytes(StandardCharsets.UTF_8);
        AtomicInteger cut = new AtomicInteger();
        try (RawUpstream cutting = RawUpstream.overTls(
                        (request, connection) -> {
                            connection.sendStreamHead();
                            connection.send(Arrays.copyOf(answer, cut.get()));
                        },
                        tls);
                TestServer server = TestServer.before(cutting, "OPENAI_MODEL", "m")) {
            for (int at = 0; at <= answer.length; at++) {
                cut.set(at);
                List<JsonNode> events = server.chat(CHAT);
                String end = UpstreamCasesTest.end(events);
                boolean whole = at >= ANSWER.indexOf("[DONE]") + "[DONE]".length();
                assertEquals(whole ? "done stop" : "failed upstream_truncated", end, "at " + at);
                assertTrue("a".startsWith(TestServer.text(events)), "at " + at);
            }
        }
    }

    @Test
    void whatNobodyAskedForIsNoAnswerToTheNextQuestionOverTls() throws Exception {
        String head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
        String answer = head + Integer.toHexString(ANSWER.length()) + "\r\n" + ANSWER + "\r\n0\r\n\r\n";
        try (RawUpstream talking = RawUpstream.overTls(
                        (request, connection) -> {
                            for (RawUpstream.Request next = request; next != null; next = connection.nextRequest()) {
                                connection.send(answer + answer.replace("\"a\"", "\"b\""));
                            }
                        },
                        tls);
                TestServer server = TestServer.before(talking, "OPENAI_MODEL", "m")) {
            for (int i = 0; i < 5; i++) {
                assertEquals("a", TestServer.text(server.chat(CHAT)));
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(3));
            }
            assertEquals(5, talking.requestCount());
        }
    }

    @Test
    void aCancelClosesTheUpstreamOverTls() throws Exception {
        try (RawUpstream waiting = RawUpstream.overTls(
                        (request, connection) -> {
                            connection.sendStreamHead();
                            connection.send(ANSWER.substring(0, ANSWER.indexOf("data: [")));
                            connection.awaitPeerClose();
                        },
                        tls);
                TestServer server = TestServer.before(waiting, "OPENAI_MODEL", "m")) {
            cancelMidStream(server);
            waiting.takeClosedNanos();
        }
    }

    @Test
    void aCancelResetsTheUpstreamsHttp2Stream() throws Exception {
        CountDownLatch reset = new CountDownLatch(1);
        upstream.enqueue(new MockResponse.Builder()
                .addHeader("Content-Type", "text/event-stream")
                .body(new EndlessBody(reset))
                .build());
        upstream.start();
        try (TestServer server = TestServer.with("OPENAI_BASE_URL", url(), "OPENAI_MODEL", "m")) {
            cancelMidStream(server);
            assertTrue(reset.await(10, TimeUnit.SECONDS));
        }
    }

    /** So a server refuses what came when it was about to close the connection: RFC 9113, section 8.7. */
    @Test
    void aQuestionThatWasRefusedUnreadIsAskedAgain() throws Exception {
        int refusedStream = 7;
        upstream.enqueue(new MockResponse.Builder()
                .onRequestStart(new SocketEffect.CloseStream(refusedStream))
                .build());
        upstream.enqueue(answer());
        upstream.start();
        try (TestServer server = TestServer.with("OPENAI_BASE_URL", url(), "OPENAI_MODEL", "m")) {
            assertEquals("a", TestServer.text(server.chat(CHAT)));
        }
    }

    /** As where {@code http2_body_preread_size} of nginx is small. */
    @Test
    void aSmallHttp2WindowDelaysNoQuestion() throws Exception {
        Settings small = new Settings();
        small.set(Settings.INITIAL_WINDOW_SIZE, 1000);
        upstream.enqueue(answer().newBuilder().settings(small).build());
        upstream.enqueue(answer());
        upstream.start();
        String longer = CHAT.replace("hi", "hi".repeat(10_000));
        try (TestServer server =
                TestServer.with("OPENAI_BASE_URL", url(), "OPENAI_MODEL", "m", "FIRST_EVENT_TIMEOUT", "10s")) {
            assertEquals("a", TestServer.text(server.chat(CHAT)));
            assertEquals("a", TestServer.text(server.chat(longer)));
        }
    }

    /** Hono and others drop what they have not read of one half a second later, with the connection. */
    @Test
    void behindALongQuestionThatWasRefusedNothingIsAskedOnItsConnection() throws Exception {
        AtomicInteger connections = new AtomicInteger();
        String refusal = "HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\n{}";
        try (RawUpstream refusing = new RawUpstream((request, connection) -> {
                    connections.incrementAndGet();
                    for (RawUpstream.Request next = request; next != null; next = connection.nextRequest()) {
                        connection.send(refusal);
                    }
                });
                TestServer server = TestServer.before(refusing, "OPENAI_MODEL", "m")) {
            server.post("/streams", CHAT);
            server.post("/streams", CHAT);
            assertEquals(1, connections.get());
            server.post("/streams", CHAT.replace("hi", "hi".repeat(50_000)));
            server.post("/streams", CHAT);
            assertEquals(2, connections.get());
        }
    }

    /** Servers of HTTP/1.0, as Python's, close theirs, if not at once: RFC 9112, section 9.3. */
    @ParameterizedTest
    @ValueSource(strings = {"X-Kept: no", "Connection: Keep-Alive"})
    void behindAnAnswerInHttp10NothingIsAskedUnlessItsConnectionIsKept(String header) throws Exception {
        AtomicInteger connections = new AtomicInteger();
        String answer = "HTTP/1.0 200 OK\r\nContent-Type: text/event-stream\r\n" + header + "\r\nContent-Length: "
                + ANSWER.length() + "\r\n\r\n" + ANSWER;
        try (RawUpstream old = new RawUpstream((request, connection) -> {
                    connections.incrementAndGet();
                    for (RawUpstream.Request next = request; next != null; next = connection.nextRequest()) {
                        connection.send(answer);
                    }
                });
                TestServer server = TestServer.before(old, "OPENAI_MODEL", "m")) {
            for (int i = 0; i < 3; i++) {
                assertEquals("a", TestServer.text(server.chat(CHAT)));
            }
            assertEquals(header.startsWith("Connection") ? 1 : 3, connections.get());
        }
    }

    /** A network forgets a connection, as at a change of routes: the question that meets it fails, not all that follow. */
    @Test
    void anHttp2ConnectionThatDiedSilentlyIsNotAskedForEver() throws Exception {
        upstream.enqueue(answer());
        upstream.enqueue(answer());
        upstream.start();
        try (TunnelProxy network = new TunnelProxy(upstream.getPort());
                TestServer server = behind(network.url())) {
            assertEquals("a", TestServer.text(server.chat(CHAT)));
            network.lose();
            HttpResponse<String> lost = server.post("/streams?format=ndjson", CHAT);
            assertTrue(lost.body().contains("upstream_error"), lost.body());
            assertEquals("a", TestServer.text(server.chat(CHAT)));
        }
    }

    /** The long question on its way is lost, and the one behind it; none that follows, once these were given up. */
    @Test
    void anHttp2ConnectionThatTakesNothingIsNotAskedForEver() throws Exception {
        upstream.enqueue(answer());
        upstream.start();
        try (Jammed network = new Jammed(tls, upstream.getPort());
                TestServer server = TestServer.with(
                        "OPENAI_BASE_URL", network.url(), "OPENAI_MODEL", "m", "FIRST_EVENT_TIMEOUT", "1s")) {
            var lost = server.postAsync("/streams", CHAT.replace("hi", "x".repeat(7_000_000)));
            assertTrue(network.asked.await(10, TimeUnit.SECONDS));
            String behind = server.post("/streams", CHAT).body();
            assertTrue(behind.contains("timeout"), behind);
            assertTrue(lost.join().contains("timeout"));
            assertEquals("a", TestServer.text(server.chat(CHAT)));
        }
    }

    /** A way to an upstream: its first connection speaks HTTP/2, takes any number of bytes, and then reads none of them. */
    private static final class Jammed implements AutoCloseable {
        /** SETTINGS with the largest window for a stream; WINDOW_UPDATE, as large for the connection (RFC 9113, 6.9). */
        private static final String HELLO = "000006 04 00 00000000 0004 7fffffff 000004 08 00 00000000 7fff0000";

        private final CountDownLatch asked = new CountDownLatch(1);
        private final ServerSocket listener = new ServerSocket();
        private final SSLContext tls;
        private final int port;

        private Jammed(SSLContext tls, int port) throws IOException {
            this.tls = tls;
            this.port = port;
            listener.setReceiveBufferSize(64 * 1024);
            listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            SocketTask.start(this::accept);
        }

        private String url() {
            return "https://127.0.0.1:" + listener.getLocalPort() + "/v1";
        }

        private void accept() throws IOException {
            Socket jammed = listener.accept();
            SSLSocket secure = (SSLSocket) tls.getSocketFactory().createSocket(jammed, null, true);
            SSLParameters parameters = secure.getSSLParameters();
            parameters.setApplicationProtocols(new String[] {"h2"});
            secure.setSSLParameters(parameters);
            secure.getOutputStream().write(HexFormat.of().parseHex(HELLO.replace(" ", "")));
            int unused = secure.getInputStream().readNBytes(10_000).length;
            asked.countDown();
            while (true) {
                Socket client = listener.accept();
                Socket target = new Socket(InetAddress.getLoopbackAddress(), port);
                SocketTask.start(() -> client.getInputStream().transferTo(target.getOutputStream()));
                SocketTask.start(() -> target.getInputStream().transferTo(client.getOutputStream()));
            }
        }

        @Override
        public void close() throws IOException {
            listener.close();
        }
    }

    private static void cancelMidStream(TestServer server) {
        String id = TestServer.json(server.post("/streams", CHAT, "Accept", "application/json")
                        .body())
                .path("stream")
                .asText();
        TestServer.await(
                "some text",
                () -> server.get("/streams/" + id, "Accept", "application/json")
                        .body()
                        .contains("\"text\":\"a"));
        JsonNode state = TestServer.json(server.delete("/streams/" + id).body());
        assertEquals("cancelled", state.path("finish_reason").asText());
    }

    /** Deltas without end, until the peer wants no more. */
    private record EndlessBody(CountDownLatch reset) implements MockResponseBody {
        @Override
        public long getContentLength() {
            return -1;
        }

        @Override
        public void writeTo(BufferedSink sink) {
            try {
                while (true) {
                    sink.writeUtf8(ANSWER.substring(0, ANSWER.indexOf("data: [")));
                    sink.flush();
                    LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
                }
            } catch (IOException e) {
                reset.countDown();
            }
        }
    }

    @Test
    void anAuthorityThatIsNotTrustedIsSaidSo() throws Exception {
        System.clearProperty(TRUST_STORE);
        upstream.start();
        try (TestServer server = TestServer.with("OPENAI_BASE_URL", url(), "OPENAI_MODEL", "m")) {
            HttpResponse<String> response = server.post("/streams", CHAT);
            assertEquals(502, response.statusCode());
            assertTrue(response.body().contains("upstream_unreachable"), response.body());
        }
    }

    @Test
    void aCertificateOfAnotherTimeOrHostIsSaidSo() throws Exception {
        long now = System.currentTimeMillis();
        assertTellsOfCertificate(
                certificates("127.0.0.1", now - 2_000_000, now - 1_000_000), "a certificate has expired, NotAfter: ");
        assertTellsOfCertificate(
                certificates("127.0.0.1", now + 1_000_000, now + 2_000_000),
                "a certificate is not valid yet, NotBefore: ");
        assertTellsOfCertificate(
                certificates("other.example", now - 1_000_000, now + 1_000_000),
                " subjectAltNames: [other.example] (check OPENAI_BASE_URL)");
    }

    /** Asks an upstream that shows such a certificate. */
    private static void assertTellsOfCertificate(HandshakeCertificates shown, String words) throws Exception {
        try (MockWebServer other = new MockWebServer()) {
            other.useHttps(shown.sslSocketFactory());
            other.start();
            String url = "https://127.0.0.1:" + other.getPort() + "/v1";
            try (TestServer server = TestServer.with("OPENAI_BASE_URL", url, "OPENAI_MODEL", "m")) {
                String message = TestServer.json(
                                server.get("/sse/chat-normal?message=hi").body())
                        .at("/error/message")
                        .asText();
                assertTrue(message.contains(words) && !message.contains("\n"), message);
            }
        }
    }

    private HandshakeCertificates certificates(String host, long fromMillis, long toMillis) {
        HeldCertificate certificate = new HeldCertificate.Builder()
                .signedBy(authority)
                .addSubjectAlternativeName(host)
                .validityInterval(fromMillis, toMillis)
                .build();
        return new HandshakeCertificates.Builder().heldCertificate(certificate).build();
    }

    /** Asks where connections are taken, and nothing is ever said. */
    private static void isUnreachable(String... settings) {
        try (TestServer server = TestServer.with(settings)) {
            HttpResponse<String> response = server.post("/streams", CHAT);
            assertTrue(response.body().contains("upstream_unreachable"), response.body());
        }
    }

    @Test
    @Timeout(60)
    void whoIsSilentBeforeTheQuestionIsWaitedForNoLongerThanToConnect() throws Exception {
        try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            String address = "127.0.0.1:" + silent.getLocalPort();
            isUnreachable(
                    "OPENAI_BASE_URL", "https://" + address + "/v1", "OPENAI_MODEL", "m", "CONNECT_TIMEOUT", "200ms");
            isUnreachable(
                    "OPENAI_BASE_URL",
                    "https://upstream.example/v1",
                    "OPENAI_MODEL",
                    "m",
                    "CONNECT_TIMEOUT",
                    "200ms",
                    "HTTPS_PROXY",
                    "http://" + address);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"HTTP_1_1", "HTTP_2"})
    void whatWasAskedIsWaitedForLongerThanToConnect(Protocol protocol) throws Exception {
        upstream.setProtocols(
                protocol == Protocol.HTTP_2 ? List.of(Protocol.HTTP_2, Protocol.HTTP_1_1) : List.of(protocol));
        upstream.enqueue(answer());
        upstream.enqueue(
                answer().newBuilder().headersDelay(1500, TimeUnit.MILLISECONDS).build());
        upstream.start();
        try (TestServer server =
                TestServer.with("OPENAI_BASE_URL", url(), "OPENAI_MODEL", "m", "CONNECT_TIMEOUT", "1s")) {
            assertEquals("a", TestServer.text(server.chat(CHAT)));
            assertEquals("a", TestServer.text(server.chat(CHAT)));
        }
    }

    @Test
    void aTlsUpstreamIsReachedThroughTheProxy() throws Exception {
        upstream.enqueue(new MockResponse.Builder().inTunnel().build());
        upstream.enqueue(answer());
        upstream.start();
        try (TestServer server = behind("http://127.0.0.1:" + upstream.getPort())) {
            assertEquals("a", TestServer.text(server.chat(CHAT)));
        }
        assertEquals(
                "CONNECT upstream.example:443 HTTP/1.1", upstream.takeRequest().getRequestLine());
        RecordedRequest request = upstream.takeRequest();
        assertTrue(request.getRequestLine().startsWith("POST /v1/chat/completions "), request.getRequestLine());
    }

    private static TestServer behind(RawUpstream proxy) {
        return TestServer.with(
                "OPENAI_BASE_URL", "http://upstream.example/v1", "OPENAI_MODEL", "m", "HTTP_PROXY", proxy.url());
    }

    @Test
    void aPlainUpstreamIsReachedThroughTheProxyUnlessItIsNamed() throws Exception {
        try (RawUpstream proxy =
                        RawUpstream.saying(("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + ANSWER)
                                .getBytes(StandardCharsets.UTF_8));
                TestServer server = behind(proxy)) {
            assertEquals("a", TestServer.text(server.chat(CHAT)));
            assertEquals(
                    "POST http://upstream.example/v1/chat/completions HTTP/1.1",
                    proxy.takeRequest().line());
            try (TestServer direct = TestServer.before(
                    proxy, "OPENAI_MODEL", "m", "HTTP_PROXY", "http://127.0.0.1:1", "NO_PROXY", "127.0.0.1")) {
                assertEquals("a", TestServer.text(direct.chat(CHAT)));
                assertEquals(
                        "POST /v1/chat/completions HTTP/1.1",
                        proxy.takeRequest().line());
            }
        }
        try (TestServer simulator = TestServer.with("HTTP_PROXY", "http://127.0.0.1:1")) {
            assertEquals(
                    "{\"message\":\"hi\"}",
                    simulator
                            .get("/sse/chat-normal?message=hi&model=sim-fast-echo")
                            .body());
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void eachDeltaComesAtOnceThroughASocksProxy(boolean overTls) throws Exception {
        CountDownLatch shown = new CountDownLatch(1);
        RawUpstream.Script script = (request, connection) -> {
            connection.sendStreamHead();
            connection.send(ANSWER.substring(0, ANSWER.indexOf("data: [")));
            TestServer.await("the first delta is shown", () -> shown.getCount() == 0);
            connection.send(ANSWER.substring(ANSWER.indexOf("data: [")));
        };
        try (RawUpstream behind = overTls ? RawUpstream.overTls(script, tls) : new RawUpstream(script);
                TunnelProxy proxy = new TunnelProxy(URI.create(behind.url()).getPort());
                TestServer server = TestServer.with(
                        "OPENAI_BASE_URL",
                        (overTls ? "https" : "http") + "://upstream.example/v1",
                        "OPENAI_MODEL",
                        "m")) {
            System.setProperty("socksProxyHost", "127.0.0.1");
            System.setProperty(
                    "socksProxyPort", String.valueOf(URI.create(proxy.url()).getPort()));
            try (BufferedReader lines = new BufferedReader(new InputStreamReader(
                    URI.create(server.url("/sse/chat?format=ndjson&message=hi"))
                            .toURL()
                            .openStream(),
                    StandardCharsets.UTF_8))) {
                lines.readLine();
                assertEquals("{\"n\":1,\"delta\":\"a\"}", lines.readLine());
                shown.countDown();
                assertTrue(lines.readLine().contains("\"event\":\"done\""));
            } finally {
                System.clearProperty("socksProxyHost");
                System.clearProperty("socksProxyPort");
            }
            assertEquals(1, proxy.tunnels());
        }
    }

    @Test
    void aProxyThatRefusesIsNotTheCallersFault() throws IOException {
        try (RawUpstream proxy = RawUpstream.saying(
                        "HTTP/1.1 407 Who\r\nContent-Length: 0\r\n\r\n".getBytes(StandardCharsets.UTF_8));
                TestServer server = behind(proxy)) {
            HttpResponse<String> response = server.post("/streams", CHAT);
            assertEquals(502, response.statusCode());
            assertEquals(
                    "upstream_unreachable",
                    TestServer.json(response.body()).path("error").path("code").asText());
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"HTTP/1.1 502 Bad\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 407 Who\r\n\r\n", "what\r\n", ""})
    void aProxyThatLeadsNowhereIsToBeChecked(String answer) throws IOException {
        try (RawUpstream proxy = RawUpstream.saying(answer.getBytes(StandardCharsets.UTF_8));
                TestServer server = behind(proxy.url().replace("/v1", ""))) {
            String said = server.post("/streams", CHAT).body();
            assertTrue(said.contains("upstream_unreachable") && said.contains("check the proxy"), said);
        }
    }

    @Test
    void headersGoToTheUpstream() throws Exception {
        try (RawUpstream plain = RawUpstream.saying(new byte[0]);
                TestServer server = TestServer.before(
                        plain,
                        "OPENAI_MODEL",
                        "m",
                        "OPENAI_API_KEY",
                        "key12345",
                        "OPENAI_ORGANIZATION",
                        "org",
                        "OPENAI_PROJECT",
                        "proj",
                        "UPSTREAM_HEADERS",
                        "X-Title: My app; HTTP-Referer: https://a.example:8080/x")) {
            server.chat(CHAT);
            RawUpstream.Request request = plain.takeRequest();
            assertEquals("org", request.headers().get("openai-organization"));
            assertEquals("proj", request.headers().get("openai-project"));
            assertEquals("My app", request.headers().get("x-title"));
            assertEquals("https://a.example:8080/x", request.headers().get("http-referer"));
            assertEquals("Bearer key12345", request.headers().get("authorization"));
            assertEquals("identity", request.headers().get("accept-encoding"));
        }
    }

    /** An upstream that says its name and the model that it was asked for. */
    private static RawUpstream named(String name) {
        return new RawUpstream((request, connection) -> {
            JsonNode body = TestServer.json(request.body());
            connection.sendStreamHead();
            connection.send(ANSWER.replace(
                    "\"a\"", "\"" + name + ":" + body.path("model").asText() + "\""));
        });
    }

    @Test
    void aQuestionGoesToTheUpstreamThatOffersItsModel() throws Exception {
        try (RawUpstream first = named("first");
                RawUpstream second = named("second")) {
            String list = """
                    [{"name":"first","base_url":"%s","key":"FIRST_KEY","models":["alpha","gpt-*"]},
                     {"name":"second","base_url":"%s","models":["beta"]}]
                    """.formatted(first.url(), second.url()).strip();
            Path file = Files.createTempFile("upstreams", ".json");
            Files.writeString(file, list);
            for (String setting : List.of(list, file.toString())) {
                try (TestServer server = TestServer.with("UPSTREAMS", setting, "FIRST_KEY", "k1234567")) {
                    assertEquals(
                            "{\"message\":\"first:alpha\"}",
                            server.get("/sse/chat-normal").body());
                    assertEquals(
                            "{\"message\":\"first:gpt-9\"}",
                            server.get("/sse/chat-normal?model=gpt-9").body());
                    assertEquals(
                            "{\"message\":\"second:beta\"}",
                            server.get("/sse/chat-normal?model=beta").body());
                    HttpResponse<String> unknown = server.get("/sse/chat-normal?model=gamma");
                    assertEquals(400, unknown.statusCode());
                    assertTrue(unknown.body().contains("alpha, gpt-*, beta"), unknown.body());
                }
                assertEquals("Bearer k1234567", first.takeRequest().headers().get("authorization"));
            }
        }
    }

    @Test
    void theNextUpstreamIsAskedWhereTheFirstFailsBeforeItSpeaks() throws IOException {
        try (RawUpstream broken = RawUpstream.saying("HTTP/1.1 401 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                        .getBytes(StandardCharsets.UTF_8));
                RawUpstream cut = RawUpstream.saying(("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
                                + ANSWER.substring(0, ANSWER.indexOf("data: [")))
                        .getBytes(StandardCharsets.UTF_8));
                RawUpstream counting = RawUpstream.saying("""
                        HTTP/1.1 200 OK
                        Content-Type: text/event-stream

                        data: {"choices":[],"usage":{"prompt_tokens":999,"completion_tokens":7}}

                        data: {"error":{"message":"overloaded","code":503}}

                        """.getBytes(StandardCharsets.UTF_8));
                RawUpstream well = named("well")) {
            String list =
                    "[{\"name\":\"x\",\"base_url\":\"%s\",\"models\":[\"m\"]},{\"name\":\"y\",\"base_url\":\"%s\",\"models\":[\"m\"]}]";
            try (TestServer server = TestServer.with("UPSTREAMS", list.formatted(broken.url(), well.url()))) {
                assertEquals("well:m", TestServer.text(server.chat(CHAT)));
            }
            try (TestServer server = TestServer.with("UPSTREAMS", list.formatted(counting.url(), well.url()))) {
                List<JsonNode> events = server.chat(CHAT);
                assertEquals("well:m", TestServer.text(events));
                assertTrue(events.get(events.size() - 1).path("usage").isMissingNode(), "of the one that failed");
            }
            try (TestServer server = TestServer.with("UPSTREAMS", list.formatted(cut.url(), well.url()))) {
                List<JsonNode> events = server.chat(CHAT);
                assertEquals("a", TestServer.text(events));
                assertEquals(
                        "upstream_truncated",
                        events.get(2).path("error").path("code").asText());
            }
        }
    }
}
