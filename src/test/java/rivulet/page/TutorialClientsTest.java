package rivulet.page;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import rivulet.SocketTask;
import rivulet.TestServer;

/** The ways in which the four tutorials' pages read their servers, in a real browser, against this one. */
@NeedsBrowser
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class TutorialClientsTest {
    private static final String PROMPT = "What is SSE? a/b 100%";
    /** Reads messages until the connection has been closed for good, or until told to stop. */
    private static final String READ = "const seen = [];"
            + "await new Promise((over) => { const source = new EventSource(args[0]);"
            + "source.onmessage = (event) => { seen.push(event.data); if (event.data === args[1]) { source.close(); over(); } };"
            + "source.onerror = () => { if (source.readyState === 2 || args[2]) { source.close(); over(); } }; });"
            + "return JSON.stringify(seen);";

    private static TestServer server;
    private static Browser browser;

    @BeforeAll
    static void start() {
        browser = Browser.get();
        server = TestServer.with("OPENAI_MODEL", "sim-fast-echo", "CORS_ORIGINS", "*");
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    /** Connections were cut on purpose: what the console says of it is not for the next test to find. */
    @AfterEach
    void clearTheConsole() {
        browser.complaints();
    }

    private static JsonNode run(String script, Object... arguments) {
        String json = (String) browser.runAsync(script, arguments);
        return TestServer.json(json);
    }

    @Test
    void aPlainEventSourceNeitherRestartsNorRepeatsTheCountdown() {
        browser.open(server.url("/"));
        // It is not closed at the end: it comes again by itself, and is told that there is no more.
        JsonNode seen = run(READ, "/sse/countdown?interval=50ms", "", false);
        assertEquals("[\"5\",\"4\",\"3\",\"2\",\"1\",\"발사!\"]", seen.toString());
    }

    @Test
    void theChatEndsInItsMarker() {
        browser.open(server.url("/"));
        assertEquals(
                "[\"hi\",\"[DONE]\"]",
                run(READ, "/sse/chat?message=hi", "[DONE]", false).toString());
    }

    @Test
    void aPromptGoesUnencodedIntoThePath() {
        browser.open(server.url("/"));
        // This page closes at the first error, which is the connection's end.
        JsonNode seen = run(READ.replace("args[0]", "`/stream/${args[0]}`"), PROMPT, "", true);
        assertEquals(PROMPT, joined(seen));
    }

    @Test
    void aPageOpenedFromAFileSwitchesOnTheStatus() throws IOException {
        Path page = Files.writeString(
                Files.createTempFile("page", ".html"), "<!doctype html><body data-ready><title>x</title>");
        browser.open(page.toUri().toString());
        JsonNode seen = run(
                "let title = '', summary = '', order = [];"
                        + "await new Promise((over) => { const source = new EventSource(args[0]);"
                        + "source.onmessage = (event) => { const data = JSON.parse(event.data); order.push(data.status);"
                        + "switch (data.status) {"
                        + "case 'chunk': if (data.data.title !== undefined) { title += data.data.title; }"
                        + " if (data.data.summary !== undefined) { summary += data.data.summary; } break;"
                        + "case 'end': source.close(); over(); break; case 'error': source.close(); over(); break; } };"
                        + "source.onerror = () => { order.push('broken'); source.close(); over(); }; });"
                        + "return JSON.stringify({title, summary, first: order[0], last: order.at(-1)});",
                server.url("/helloworld?model=sim-fast"));
        assertEquals("start", seen.path("first").asText());
        assertEquals("end", seen.path("last").asText());
        assertTrue(seen.path("title").asText().contains("科技发展新趋势"), seen.toString());
        assertTrue(seen.path("summary").asText().length() > 10, seen.toString());
    }

    @Test
    void aFetchWithAStringForABodyIsReadPieceByPiece() {
        browser.open(server.url("/"));
        JsonNode text = run(
                "const response = await fetch('/generate', {method: 'POST', body: JSON.stringify({query: args[0]})});"
                        + "const reader = response.body.getReader(); const decoder = new TextDecoder(); let text = '';"
                        + "for (;;) { const {value, done} = await reader.read(); if (done) break; text += decoder.decode(value, {stream: true}); }"
                        + "return JSON.stringify(text.trim().split('\\n').map((line) => JSON.parse(line).delta ?? '').join(''));",
                PROMPT);
        assertEquals(PROMPT, text.asText());
    }

    @Test
    void aPlainEventSourceBehindAConnectionThatIsCutAgainAndAgainShowsTheExactText() throws IOException {
        String text = "Né vágd el! ".repeat(20).strip();
        try (ServerSocket proxy = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            cutEach(proxy, URI.create(server.url("/")).getPort());
            browser.open("http://127.0.0.1:" + proxy.getLocalPort() + "/");
            JsonNode seen = run(READ, "/sse/fake-llm?delay=15ms&text=" + encode(text), "[DONE]", false);
            assertEquals(text + "[DONE]", joined(seen));
        }
    }

    private static String joined(JsonNode pieces) {
        StringBuilder joined = new StringBuilder();
        pieces.forEach(piece -> joined.append(piece.asText()));
        return joined.toString();
    }

    private static String encode(String text) {
        return java.net.URLEncoder.encode(text, java.nio.charset.StandardCharsets.UTF_8);
    }

    /** Passes connections on, and cuts each that carries an event stream after half a second. */
    private static void cutEach(ServerSocket proxy, int port) {
        SocketTask.start(() -> {
            while (true) {
                Socket client = proxy.accept();
                Socket upstream = new Socket(InetAddress.getLoopbackAddress(), port);
                SocketTask.start(() ->
                        pass(client.getInputStream(), upstream.getOutputStream(), Long.MAX_VALUE, client, upstream));
                SocketTask.start(() -> pass(
                        upstream.getInputStream(),
                        client.getOutputStream(),
                        TimeUnit.MILLISECONDS.toNanos(500),
                        client,
                        upstream));
            }
        });
    }

    private static void pass(InputStream from, OutputStream to, long streamNanos, Socket one, Socket other)
            throws IOException {
        byte[] buffer = new byte[8192];
        long deadline = Long.MAX_VALUE;
        try (one;
                other) {
            for (int count = from.read(buffer); count >= 0 && System.nanoTime() < deadline; count = from.read(buffer)) {
                String head = new String(buffer, 0, count, java.nio.charset.StandardCharsets.ISO_8859_1);
                if (deadline == Long.MAX_VALUE && streamNanos < Long.MAX_VALUE && head.contains("text/event-stream")) {
                    deadline = System.nanoTime() + streamNanos;
                }
                to.write(buffer, 0, count);
            }
        }
    }
}
