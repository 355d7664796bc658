package rivulet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.Response;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What strangers try, and what they get, with an honest user at the same server all the while. The table of it is left in
 * {@code target/attacks.md}; {@code -Dattacks.connections=10000} makes the crowd as large as it gets.
 */
@Timeout(value = 180, unit = TimeUnit.SECONDS)
class AttacksTest {
    private static final String ANN = "ann-0123456789abcdef";
    private static final String BOB = "bob-0123456789abcdef";
    private static final String TOKENS = "ann:" + ANN + ",bob:" + BOB;
    private static final int CONNECTIONS = Integer.getInteger("attacks.connections", 600);
    private static final Duration HEAD_TIMEOUT = Duration.ofSeconds(2);
    private static final List<String> TABLE = Collections.synchronizedList(new ArrayList<>());

    private static TestServer server;
    private static HonestUser honest;

    @BeforeAll
    static void start() {
        server = TestServer.with("ACCESS_TOKENS", TOKENS, "OPENAI_MODEL", "sim-fast-echo");
        honest = new HonestUser(server.port(), ANN);
    }

    @AfterAll
    static void stop() throws IOException {
        TestServer.await("the honest user has asked", () -> honest.asked() > 0);
        honest.close();
        TABLE.add(row("(an honest user meanwhile)", honest.asked(), honest.report()));
        List<String> lines = new ArrayList<>(List.of("| attack | tries | got |", "|---|---|---|"));
        lines.addAll(TABLE);
        Files.write(Path.of("target", "attacks.md"), lines);
        assertEquals(List.of(), honest.wrong());
        assertEquals(0, server.liveStreams());
        server.close();
    }

    private static String row(String attack, int tries, Object got) {
        return "| %s | %,d | %s |".formatted(attack, tries, got);
    }

    /** Sends each as it stands, and answers how often which status came back. */
    private static Map<Integer, Integer> statuses(List<String> requests) {
        Map<Integer, Integer> statuses = new TreeMap<>();
        requests.forEach(
                request -> statuses.merge(RawHttp.send(server.port(), request).status(), 1, Integer::sum));
        return statuses;
    }

    private static String get(String target, String... headers) {
        return "GET " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                + String.join("", Arrays.stream(headers).map(h -> h + "\r\n").toList()) + "\r\n";
    }

    @Test
    void anotherNameForThisMachineIsMisdirected() throws IOException {
        List<String> requests = List.of(
                "GET /models HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
                "GET /models HTTP/1.1\r\nHost: evil.example:8080\r\nConnection: close\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: localhost.evil.example\r\nConnection: close\r\n\r\n",
                "POST /sign-in HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}",
                "OPTIONS /streams HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
                "GET http://evil.example/models HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n");
        Map<Integer, Integer> got = statuses(requests);
        assertEquals(Map.of(421, requests.size()), got);
        // Two names in one request: whichever counted, a proxy could take the other.
        List<String> twofold = List.of(
                "GET http://evil.example/models HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
                "GET http://localhost/models HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
                "GET /models HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
                "GET /models HTTP/1.1\r\nConnection: close\r\n\r\n");
        assertEquals(Map.of(400, twofold.size()), statuses(twofold));
        OkHttpClient http2 = new OkHttpClient.Builder()
                .protocols(List.of(Protocol.H2_PRIOR_KNOWLEDGE))
                .build();
        try (Response response = http2.newCall(new Request.Builder()
                        .url(server.url("/models"))
                        .header("Host", "evil.example")
                        .header("Authorization", "Bearer " + ANN)
                        .build())
                .execute()) {
            assertEquals(421, response.code());
            assertEquals(Protocol.H2_PRIOR_KNOWLEDGE, response.protocol());
        }
        http2.connectionPool().evictAll();
        TABLE.add(row("DNS rebinding: another Host, HTTP/1.1 and HTTP/2", requests.size() + 1, "421 to all"));
        TABLE.add(row("two Hosts in one request, or none", twofold.size(), "400 to all"));
    }

    /** Else whoever asks has the server ask the DNS, and wait for it, for as many names as there are such numbers. */
    @Test
    void aNumberThatIsNoAddressIsNotLookedUp() throws IOException {
        Path names = Files.createTempFile("rivulet", "hosts");
        Files.write(names, List.of("127.0.0.1 300.1.1.1", "127.0.0.1 .:1"));
        try (ChildNode node = new ChildNode("JDK_JAVA_OPTIONS", "-Djdk.net.hosts.file=" + names)) {
            for (String host : List.of("300.1.1.1", "[.:1]")) {
                String request = "GET /health HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n";
                int status = RawHttp.send(node.port(), request).status();
                assertTrue(status == 421 || status == 400, host + " got " + status);
            }
        } finally {
            Files.delete(names);
        }
    }

    @Test
    void aTokenIsNotGuessed() {
        SecureRandom random = new SecureRandom();
        List<String> requests = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            byte[] guess = new byte[12];
            random.nextBytes(guess);
            String token = Base64.getUrlEncoder().encodeToString(guess);
            requests.add(
                    switch (i % 4) {
                        case 0 -> get("/models", "Authorization: Bearer " + token);
                        case 1 ->
                            get("/models", "Authorization: Bearer " + ANN.substring(0, 1 + i % ANN.length()) + "~");
                        case 2 -> get("/models", "Cookie: rivulet=ann.9999999999." + "A".repeat(43));
                        default -> {
                            String body = "{\"token\":\"" + token + "\"}";
                            yield "POST /sign-in HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: "
                                    + body.length() + "\r\n\r\n" + body;
                        }
                    });
        }
        Map<Integer, Integer> got = statuses(requests);
        assertEquals(List.of(401, 429), List.copyOf(got.keySet()), got.toString());
        TABLE.add(row("token guessing: header, cookie, sign-in", requests.size(), got));
    }

    @Test
    void anIdIsNotGuessed() {
        SecureRandom random = new SecureRandom();
        List<String> requests = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            byte[] guess = new byte[17];
            random.nextBytes(guess);
            String id = Base64.getUrlEncoder().encodeToString(guess).substring(0, 22);
            requests.add(get("/streams/" + id, "Authorization: Bearer " + BOB));
        }
        assertEquals(Map.of(404, requests.size()), statuses(requests));
        List<String> listings = List.of("/streams", "/streams/", "/streams/*", "/streams/%00", "/streams/..");
        for (String path : listings) {
            int status = RawHttp.send(server.port(), get(path, "Authorization: Bearer " + BOB))
                    .status();
            assertTrue(status == 404 || status == 405 || status == 400, path + " got " + status);
        }
        TABLE.add(row("id guessing", requests.size(), "404 to all"));
        TABLE.add(row("listing of streams", listings.size(), "400, 404 or 405"));
    }

    @Test
    void lineBreaksInParametersStayInThem() {
        String bad = "a%0d%0aX-Evil:%20yes%0d%0a%0d%0a<script>";
        List<String> targets = List.of(
                "/sse/chat?message=" + bad,
                "/sse/chat?message=hi&model=" + bad,
                "/sse/chat?message=hi&idempotency_key=" + bad,
                "/sse/chat?message=hi&format=" + bad,
                "/sse/fake-llm?delay=1ms&text=" + bad,
                "/sse/countdown?last_event_id=" + bad,
                "/sse/countdown?" + bad + "=1",
                "/stream/" + bad,
                "/streams/" + bad,
                "/" + bad);
        for (String target : targets) {
            RawHttp.Answer answer = RawHttp.send(server.port(), get(target, "Authorization: Bearer " + BOB));
            assertFalse(answer.head().contains("X-Evil"), answer.head());
            assertFalse(answer.body().lines().anyMatch(line -> line.startsWith("X-Evil")), answer.body());
            assertNotEquals(500, answer.status(), target);
        }
        String origin = get("/health", "Origin: https://a\rX-Evil: yes", "Last-Event-ID: a\rX-Evil: yes");
        assertFalse(RawHttp.send(server.port(), origin).head().contains("X-Evil"));
        TABLE.add(row("CRLF in parameters, paths, headers", targets.size() + 1, "no header, no line of its own"));
    }

    @Test
    void aPathLeadsNowhereElse() {
        List<String> targets = List.of(
                "/assets/../../../etc/passwd",
                "/assets/..%2f..%2f..%2fetc%2fpasswd",
                "/assets/%2e%2e/%2e%2e/etc/passwd",
                "/assets/....//....//etc/passwd",
                "/assets/..%5c..%5cpom.xml",
                "/assets/%00",
                "//etc/passwd",
                "/assets//etc/passwd",
                "/assets/../pom.xml",
                "/../../../../etc/passwd",
                // And with no token to a route that needs one.
                "/assets/../models",
                "/assets/..%2fmodels",
                "/assets/%2e%2e/models",
                "/health/../models",
                "/health/ready/..;/models",
                "/health;/../models",
                "/./models",
                "//models",
                "/models/",
                "/models;a",
                "/%6dodels",
                "/sign-in/../models");
        Map<Integer, Integer> got = new TreeMap<>();
        for (String target : targets) {
            RawHttp.Answer answer = RawHttp.send(server.port(), get(target));
            assertTrue(List.of(400, 401, 404).contains(answer.status()), target + " got " + answer.status());
            assertFalse(answer.body().contains("root:") || answer.body().contains("sim-"), answer.body());
            got.merge(answer.status(), 1, Integer::sum);
        }
        TABLE.add(row("path traversal, to files and around the token", targets.size(), got));
    }

    @Test
    void anothersIdempotencyKeyGivesNothingOfTheirs() {
        String body = "{\"kind\":\"chat\",\"message\":\"a secret question\"}";
        String theirs = server.post("/streams", body, "Idempotency-Key", "k", "Authorization", "Bearer " + ANN)
                .headers()
                .firstValue("Stream-Id")
                .orElseThrow();
        for (String body2 : List.of(body, "{\"kind\":\"chat\",\"message\":\"another\"}")) {
            var answer = server.post(
                    "/streams", body2, "Idempotency-Key", "k" + body2.length(), "Authorization", "Bearer " + BOB);
            assertEquals(200, answer.statusCode());
        }
        var replayed = server.post("/streams", body, "Idempotency-Key", "k", "Authorization", "Bearer " + BOB);
        assertEquals(200, replayed.statusCode());
        assertNotEquals(theirs, replayed.headers().firstValue("Stream-Id").orElseThrow());
        assertEquals(401, server.post("/streams", body, "Idempotency-Key", "k").statusCode());
        TABLE.add(row("replay of another caller's Idempotency-Key", 4, "a stream of its own, or 401"));
    }

    @Test
    void aGigabyteIsNotReceived() throws IOException {
        String head = "POST /streams HTTP/1.1\r\nHost: localhost\r\n%s\r\n%s\r\n\r\n";
        String authorized = "Authorization: Bearer " + BOB;
        String[][] ways = {
            {"1 GB body, its length told", head.formatted(authorized, "Content-Length: 1073741824"), "413"},
            {"1 GB body, in chunks", head.formatted(authorized, "Transfer-Encoding: chunked"), "413"},
            {"1 GB body, without a token", head.formatted("X: y", "Content-Length: 1073741824"), "401"},
            {
                "1 GB body to the sign-in",
                "POST /sign-in HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n",
                "413"
            },
            {"1 GB head", "GET / HTTP/1.1\r\nHost: localhost\r\nX: ", "431"},
            {"1 GB of header lines", "GET / HTTP/1.1\r\nHost: localhost\r\nX: ", "431"}
        };
        for (String[] way : ways) {
            Flood flood = Flood.send(server.port(), way[1], piece(way[0]));
            assertTrue(flood.sent < 64 << 20, way[0] + ": " + flood.sent + " bytes were taken");
            // A connection that is closed while one still sends loses its last words.
            assertTrue(
                    flood.answer.isEmpty() || flood.answer.startsWith("HTTP/1.1 " + way[2]),
                    way[0] + ": " + flood.answer);
            TABLE.add(row(
                    way[0], 1, (flood.answer.isEmpty() ? "closed" : way[2]) + " after " + flood.sent / 1024 + " KiB"));
        }
    }

    private static byte[] piece(String way) {
        if (way.contains("header lines")) {
            return "y\r\nX: ".repeat(10_000).getBytes(StandardCharsets.UTF_8);
        }
        String spaces = " ".repeat(0x10000);
        return (way.contains("chunks") || way.contains("sign-in") ? "10000\r\n" + spaces + "\r\n" : spaces)
                .getBytes(StandardCharsets.UTF_8);
    }

    /** Sends one piece again and again, up to a gigabyte, until it is answered or cut. */
    private record Flood(long sent, String answer) {
        static Flood send(int port, String head, byte[] piece) throws IOException {
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
                socket.setSoTimeout(20_000);
                OutputStream out = socket.getOutputStream();
                out.write(head.getBytes(StandardCharsets.UTF_8));
                long sent = 0;
                try {
                    while (sent < 1 << 30 && socket.getInputStream().available() == 0) {
                        out.write(piece);
                        sent += piece.length;
                    }
                } catch (IOException cut) {
                    // As it should be.
                }
                return new Flood(sent, answer(socket));
            }
        }

        private static String answer(Socket socket) {
            try {
                byte[] answer = new byte[1000];
                int read = socket.getInputStream().read(answer);
                return read < 0 ? "" : new String(answer, 0, read, StandardCharsets.US_ASCII);
            } catch (IOException reset) {
                return "";
            }
        }
    }

    /** HTTP/2 by hand, its window 0: the head of each answer is taken, and nothing behind it. */
    @ParameterizedTest
    @ValueSource(strings = {"/", "/metrics", "/streams/"})
    void answersThatAreNotReadHoldNothingUp(String path) throws Exception {
        String bearer = "Bearer " + ANN;
        String asked = path.equals("/streams/") ? longAnswer(bearer) : path;
        byte[] preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
        byte[] noWindow = {0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0};
        ByteBuffer head = ByteBuffer.allocate(512);
        // RFC 7541, appendix A: GET, http, and then by their places :path, :authority, accept and authorization.
        head.put((byte) 0x82).put((byte) 0x86);
        field(head, 4, asked);
        field(head, 1, "localhost");
        field(head, 19, "application/json");
        field(head, 23, bearer);
        List<Socket> greedy = new ArrayList<>();
        int each = 120;
        try {
            for (int i = 0; i < 3; i++) {
                Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port());
                greedy.add(socket);
                ByteBuffer frames = ByteBuffer.allocate(64 * 1024);
                frames.put(preface).put(noWindow);
                for (int stream = 1; stream < 2 * each; stream += 2) {
                    frames.put((byte) 0).putShort((short) head.position());
                    frames.put(new byte[] {1, 5, 0, 0, 0, (byte) stream}).put(head.array(), 0, head.position());
                }
                socket.getOutputStream().write(frames.array(), 0, frames.position());
            }
            for (Socket socket : greedy) {
                socket.setSoTimeout(20_000);
                readHeads(new DataInputStream(socket.getInputStream()), each);
            }
            TABLE.add(row("answers that are not read: " + path, greedy.size() * each, "each has its head at once"));
        } finally {
            for (Socket socket : greedy) {
                socket.close();
            }
        }
    }

    /** Reads so many HEADERS frames (RFC 9113, section 6.2), of whatever stream; a head waits for a thread, as all else does. */
    private static void readHeads(DataInputStream in, int count) throws IOException {
        for (int heads = 0; heads < count; ) {
            int length = in.readUnsignedByte() << 16 | in.readUnsignedShort();
            heads += in.readUnsignedByte() == 1 ? 1 : 0;
            in.skipNBytes(5 + length);
        }
    }

    /** The path of a stream whose state is long. */
    private static String longAnswer(String bearer) {
        String question = "{\"kind\":\"chat\",\"message\":\"" + "a".repeat(30_000) + "\"}";
        HttpResponse<String> begun =
                server.post("/streams", question, "Authorization", bearer, "Accept", "application/json");
        String path = begun.headers().firstValue("Location").orElseThrow();
        TestServer.await(
                "it has ended",
                () -> server.get(path, "Authorization", bearer, "Accept", "application/json")
                        .body()
                        .contains("\"status\":\"done\""));
        return path;
    }

    /** A field of a head with one of the names that HPACK knows, its value as it stands. */
    private static void field(ByteBuffer head, int name, String value) {
        if (name < 15) {
            head.put((byte) name);
        } else {
            head.put((byte) 15).put((byte) (name - 15));
        }
        head.put((byte) value.length()).put(value.getBytes(StandardCharsets.US_ASCII));
    }

    /** A longer one is written by a thread that waits until it is read. */
    @Test
    void anErrorIsShortWhateverItQuotes() {
        RawHttp.Answer answer = RawHttp.get(server.port(), "/docs/" + "x".repeat(20_000));
        assertEquals(404, answer.status());
        assertTrue(answer.body().length() < 2000, answer.body());
    }

    @Test
    void slowConnectionsHoldNothingUp() throws IOException {
        try (ChildNode node = new ChildNode(
                        "ACCESS_TOKENS",
                        TOKENS,
                        "OPENAI_MODEL",
                        "sim-fast-echo",
                        "HEAD_TIMEOUT",
                        HEAD_TIMEOUT.toMillis() + "ms",
                        "BODY_TIMEOUT",
                        "3s");
                HonestUser user = new HonestUser(node.port(), ANN);
                Crowd heads = new Crowd();
                Crowd bodies = new Crowd()) {
            String drip = "POST /streams HTTP/1.1\r\nHost: localhost\r\n";
            heads.open(CONNECTIONS / 2, node.port(), drip);
            bodies.open(
                    CONNECTIONS - CONNECTIONS / 2,
                    node.port(),
                    drip + "Authorization: Bearer " + BOB + "\r\nContent-Length: 1000000\r\n\r\n{");
            heads.dripUntilClosed("X");
            String answer = bodies.dripUntilClosed(" ");
            TestServer.await("more is asked and answered", () -> user.asked() > 3);
            assertEquals(List.of(), user.wrong());
            assertTrue(answer.startsWith("HTTP/1.1 408"), answer);
            TABLE.add(row("slow heads, a byte at a time", CONNECTIONS / 2, "all closed after HEAD_TIMEOUT"));
            TABLE.add(row("slow bodies, a byte at a time", CONNECTIONS / 2, "all 408 after BODY_TIMEOUT"));
            TABLE.add(row("(an honest user among the slow ones)", user.asked(), user.report()));
        }
    }

    @Test
    void oneAddressHasItsConnectionsAndLeavesTheOthersTheirs() throws IOException {
        try (TestServer small = TestServer.with(
                        "ACCESS_TOKENS", TOKENS, "OPENAI_MODEL", "sim-fast-echo", "MAX_CONNECTIONS_PER_ADDRESS", "20");
                Crowd crowd = new Crowd()) {
            crowd.openFrom("127.0.0.2", 200, small.port(), "GET / HTTP/1.1\r\n");
            crowd.awaitOpen(20);
            assertEquals(
                    "{\"message\":\"hi\"}",
                    small.get("/sse/chat-normal?message=hi", "Authorization", "Bearer " + ANN)
                            .body());
            TABLE.add(row("connections of one address", 200, "20 stay open, as MAX_CONNECTIONS_PER_ADDRESS says"));
        }
    }

    /** Connections that say little. */
    private static final class Crowd implements AutoCloseable {
        private final List<SocketChannel> open = new ArrayList<>();

        void open(int count, int port, String first) throws IOException {
            openFrom("127.0.0.1", count, port, first);
        }

        void openFrom(String address, int count, int port, String first) throws IOException {
            for (int i = 0; i < count; i++) {
                SocketChannel channel = SocketChannel.open();
                channel.bind(new InetSocketAddress(address, 0));
                channel.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
                channel.configureBlocking(false);
                open.add(channel);
                write(channel, first);
            }
        }

        /** Waits until no more than so many are left, and sees that it stays so many. */
        void awaitOpen(int count) {
            TestServer.await(count + " are left", () -> {
                open.removeIf(channel -> read(channel) != null);
                return open.size() <= count;
            });
            assertEquals(count, open.size());
        }

        /** Sends a byte now and then until all are closed by the other side; what the last one was told. */
        String dripUntilClosed(String drop) {
            String[] last = {""};
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
            while (!open.isEmpty() && System.nanoTime() < deadline) {
                open.removeIf(channel -> {
                    String told = read(channel);
                    if (told != null) {
                        last[0] = told.isEmpty() ? last[0] : told;
                        return true;
                    }
                    return !write(channel, drop);
                });
                java.util.concurrent.locks.LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(200));
            }
            assertEquals(0, open.size(), "still open");
            return last[0];
        }

        private static boolean write(SocketChannel channel, String text) {
            try {
                channel.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII)));
                return true;
            } catch (IOException e) {
                return false;
            }
        }

        /** What was said, "" if it was closed without a word, null if it is open and silent. */
        private static @org.jspecify.annotations.Nullable String read(SocketChannel channel) {
            ByteBuffer bytes = ByteBuffer.allocate(1000);
            try {
                int read = channel.read(bytes);
                if (read == 0) {
                    return null;
                }
                channel.close();
                return read < 0 ? "" : new String(bytes.array(), 0, read, StandardCharsets.US_ASCII);
            } catch (IOException e) {
                return "";
            }
        }

        @Override
        public void close() throws IOException {
            for (SocketChannel channel : open) {
                channel.close();
            }
        }
    }
}
