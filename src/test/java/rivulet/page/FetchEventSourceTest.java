package rivulet.page;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import rivulet.RawUpstream;
import rivulet.TestServer;

/**
 * {@code @microsoft/fetch-event-source} as it is by default, in a real browser: it lets go of the stream when its tab is
 * hidden and POSTs again when it is shown, with {@code Last-Event-ID} once it was given an id.
 */
@NeedsBrowser
@Timeout(value = 90, unit = TimeUnit.SECONDS)
class FetchEventSourceTest {
    private static final int PIECES = 60;
    /** How long the upstream thinks before it says anything. */
    private static final Duration THOUGHT = Duration.ofMillis(700);

    /** Calls hide() and show(); POSTs, and answers with the text and how often the stream was opened. */
    private static final String CLIENT = "let hidden = false;"
            + "Object.defineProperty(document, 'hidden', {configurable: true, get: () => hidden});"
            + "const turn = (value) => { hidden = value; document.dispatchEvent(new Event('visibilitychange')); };"
            + "const wait = (ms) => new Promise((over) => setTimeout(over, ms));"
            + "const blink = async () => { turn(true); await wait(40); turn(false); };"
            + "let text = '', count = 0, posts = 0, end = '';"
            + "const counting = (...request) => { posts++; return fetch(...request); };"
            + "const ask = (headers, onPiece) => fetchEventSource('/sse/chat?format=json', {"
            + " method: 'POST', headers: {'Content-Type': 'application/json', ...headers}, body: '{\"message\":\"hi\"}',"
            + " fetch: counting, onerror(e) { throw e; },"
            + " onmessage({event, data}) { if (event === '') { text += JSON.parse(data).delta; count++; onPiece(count); }"
            + "  if (event === 'done' || event === 'failed') end = event; } });"
            + "const answer = () => JSON.stringify({text, posts, end});";

    /** The requests that began one. */
    private final Queue<String> generations = new ConcurrentLinkedQueue<>();

    private Browser browser;
    private RawUpstream upstream;
    private TestServer server;

    @BeforeEach
    void start() {
        browser = Browser.get();
        NpmPackage library = new NpmPackage("@microsoft/fetch-event-source", "2.0.1");
        upstream = new RawUpstream((request, connection) -> {
            if (request.line().contains("/models")) {
                // The page itself asks for these.
                connection.send("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
                return;
            }
            generations.add(request.line());
            LockSupport.parkNanos(THOUGHT.toNanos());
            connection.sendStreamHead();
            for (int i = 0; i < PIECES; i++) {
                connection.send(delta(piece(i)));
                LockSupport.parkNanos(Duration.ofMillis(15).toNanos());
            }
            connection.send("""
                    data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}

                    data: [DONE]

                    """);
        });
        server = TestServer.before(upstream, "OPENAI_MODEL", "m", "UPSTREAM_API", "chat");
        browser.open(server.url("/"));
        browser.run("window.fetchEventSource = (() => {" + plain(library.read("lib/esm/parse.js"))
                + plain(library.read("lib/esm/fetch.js")) + "return fetchEventSource; })();");
    }

    @AfterEach
    void stop() throws IOException {
        if (server != null) {
            server.close();
            upstream.close();
            browser.complaints();
        }
    }

    /** A module's text as part of one script. */
    private static String plain(String module) {
        return module.replaceAll("(?m)^import .*$", "")
                .replaceAll("(?m)^export ", "")
                .replaceAll("(?m)^//# .*$", "");
    }

    private static String delta(String piece) throws IOException {
        return "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":" + TestServer.JSON.writeValueAsString(piece)
                + "}}]}\n\n";
    }

    private static String piece(int i) {
        return i % 7 == 0 ? "\n" : "né " + i;
    }

    private static String text() {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < PIECES; i++) {
            text.append(piece(i));
        }
        return text.toString();
    }

    private void run(String script, int posts) {
        JsonNode seen = TestServer.json((String) browser.runAsync(CLIENT + script + "return answer();"));
        assertEquals(text(), seen.path("text").asText());
        assertEquals("done", seen.path("end").asText());
        assertTrue(seen.path("posts").asInt() >= posts, seen.path("posts") + " POSTs");
        assertEquals(List.of("POST /v1/chat/completions HTTP/1.1"), List.copyOf(generations));
    }

    @Test
    void hiddenAndShownAgainItGoesOnWhereItWas() {
        run("await ask({}, (count) => { if (count % 12 === 5) blink(); });", 4);
    }

    @Test
    void hiddenBeforeTheFirstIdItComesBackByItsKey() {
        String key = "const asked = ask({'Idempotency-Key': '" + server.url("/") + "'}, () => {});";
        run(key + "await wait(80); await blink(); await wait(80); await blink(); await asked;", 3);
    }

    @Test
    void hiddenForAWhileItIsGivenWhatWasSaidMeanwhile() {
        run("await ask({}, (count) => { if (count === 10) { turn(true); setTimeout(() => turn(false), 3000); } });", 2);
    }
}
