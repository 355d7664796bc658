package rivulet.page;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import rivulet.RawUpstream;
import rivulet.TestServer;

/**
 * A hostile page in the same browser, in all the ways in which a page can make a request, and a name that was made to point
 * to this machine: nothing is asked of the upstream, and nothing is paid. The table is left in {@code
 * target/attacks-in-a-browser.md}.
 */
@NeedsBrowser
@Timeout(value = 90, unit = TimeUnit.SECONDS)
class HostilePageTest {
    private static final String TOKEN = "ann-0123456789abcdef";
    /** One way each; each is settled when the browser has its answer, whatever that is. */
    private static final List<String> WAYS = List.of(
            "EventSource",
            "fetch",
            "fetch without CORS",
            "POST without CORS",
            "POST of JSON",
            "beacon",
            "image",
            "script",
            "frame",
            "form");

    private static final String MAKE = "const [way, url] = args;"
            + "const settled = (node, where = document.body) => new Promise((over) => {"
            + "  node.onload = node.onerror = over; where.append(node); });"
            + "const node = (name, fields) => Object.assign(document.createElement(name), fields);"
            + "const body = JSON.stringify({ kind: 'chat', message: way });"
            + "const get = url + '/sse/chat?message=' + encodeURIComponent(way);"
            + "const ways = {"
            + "  'EventSource': () => new Promise((over) => { const s = new EventSource(get, { withCredentials: true });"
            + "     s.onerror = s.onmessage = () => { s.close(); over(); }; }),"
            + "  'fetch': () => fetch(get),"
            + "  'fetch without CORS': () => fetch(get, { mode: 'no-cors', credentials: 'include' }),"
            + "  'POST without CORS': () => fetch(url + '/streams', { method: 'POST', mode: 'no-cors', body }),"
            + "  'POST of JSON': () => fetch(url + '/streams',"
            + "     { method: 'POST', headers: { 'Content-Type': 'application/json' }, body }),"
            + "  'beacon': async () => { navigator.sendBeacon(url + '/streams', body);"
            + "     await fetch(url + '/health', { mode: 'no-cors' }); },"
            + "  'image': () => settled(node('img', { src: get })),"
            + "  'script': () => settled(node('script', { src: get })),"
            + "  'frame': () => settled(node('iframe', { src: get })),"
            + "  'form': () => { const f = node('form', { method: 'post', action: url + '/streams', target: 'into',"
            + "     enctype: 'text/plain' });"
            + "     f.append(node('input', { name: body.slice(0, -1) + ',\"_\":\"', value: '\"}' }));"
            + "     document.body.append(f); const i = node('iframe', { name: 'into' });"
            + "     document.body.append(i); const over = settled(i); f.submit(); return over; },"
            + "};"
            + "await Promise.race([ways[way]().catch(() => {}), new Promise((r) => setTimeout(r, 3000))]); return 'made';";

    private static final List<String> TABLE = new ArrayList<>(List.of("| attack | upstream asked |", "|---|---|"));

    private static final AtomicInteger ASKED = new AtomicInteger();

    private static Browser browser;
    private static HttpServer hostile;
    private static RawUpstream upstream;

    @BeforeAll
    static void start() throws IOException {
        browser = Browser.get();
        upstream = new RawUpstream((request, connection) -> {
            // The page itself asks which models there are.
            if (request.line().startsWith("POST")) {
                ASKED.incrementAndGet();
            }
            connection.sendStreamHead();
            connection.send("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\ndata: [DONE]\n\n");
        });
        hostile = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        byte[] page = "<!doctype html><title>hostile</title><body>".getBytes(StandardCharsets.UTF_8);
        hostile.createContext("/", exchange -> {
            exchange.getResponseHeaders().set("Content-Type", "text/html");
            exchange.sendResponseHeaders(200, page.length);
            exchange.getResponseBody().write(page);
            exchange.close();
        });
        hostile.start();
    }

    @AfterAll
    static void stop() throws IOException {
        hostile.stop(0);
        upstream.close();
        Files.write(Path.of("target", "attacks-in-a-browser.md"), TABLE);
    }

    /** The browser complains of what it was refused, as it should. */
    @AfterEach
    void clearTheConsole() {
        browser.open(TestPage.URL);
        browser.complaints();
    }

    private static final class TestPage {
        private static final TestServer SERVER = TestServer.with();
        private static final String URL = SERVER.url("/");
    }

    private static TestServer server(String... settings) {
        String[] all = java.util.Arrays.copyOf(settings, settings.length + 2);
        all[settings.length] = "OPENAI_MODEL";
        all[settings.length + 1] = "m";
        return TestServer.before(upstream, all);
    }

    private static int attack(TestServer server, String host) {
        int before = ASKED.get();
        browser.driver().get("http://" + host + ":" + hostile.getAddress().getPort() + "/");
        for (String way : WAYS) {
            assertEquals("made", browser.runAsync(MAKE, way, server.url("")));
        }
        TestServer.await("all streams have ended", () -> server.liveStreams() == 0);
        return ASKED.get() - before;
    }

    private static void told(String attack, int asked) {
        TABLE.add("| %s | %d times |".formatted(attack, asked));
    }

    @Test
    void whatAHostilePageMakesIsRefusedBeforeAnythingIsGenerated() {
        try (TestServer server = server()) {
            int crossSite = attack(server, "evil.example");
            int otherPort = attack(server, "127.0.0.1");
            told("another site's page, in " + WAYS.size() + " ways", crossSite);
            told("a page on another port of this machine, in " + WAYS.size() + " ways", otherPort);
            assertEquals(0, crossSite);
            assertEquals(0, otherPort);
        }
    }

    @Test
    void theSameWaysReachTheUpstreamWhereTheyAreAllowed() {
        try (TestServer server = server("CORS_ORIGINS", "*")) {
            int allowed = attack(server, "evil.example");
            told("the same where CORS_ORIGINS allows any page", allowed);
            // The frame is not shown, and the browser may merge or drop some; most must have come.
            assertTrue(allowed >= 7, allowed + " of " + WAYS.size());
        }
    }

    @Test
    void aSignInIsNotLentToOtherPages() {
        try (TestServer server = server("CORS_ORIGINS", "*", "ACCESS_TOKENS", "ann:" + TOKEN)) {
            browser.openFresh(server.url("/"));
            assertEquals(
                    204L,
                    browser.runAsync(
                            "return (await fetch('/sign-in', { method: 'POST', body: JSON.stringify({ token: args[0] }) })).status",
                            TOKEN));
            assertEquals(200L, browser.runAsync("return (await fetch('/models')).status"));
            assertEquals("", browser.run("return document.cookie"));
            int lent = attack(server, "evil.example");
            told("another site's page that CORS allows, with the user signed in", lent);
            assertEquals(0, lent);
        }
    }

    @Test
    void aLinkFromElsewhereOpensThePageAndGeneratesNothing() {
        try (TestServer server = server()) {
            int before = ASKED.get();
            browser.driver().get("http://evil.example:" + hostile.getAddress().getPort() + "/");
            browser.run("location = arguments[0]", server.url("/sse/chat?message=pay"));
            browser.await("it is refused", () -> browser.text("body").contains("origin_not_allowed"));
            browser.driver().get("http://evil.example:" + hostile.getAddress().getPort() + "/");
            browser.run("location = arguments[0]", server.url("/"));
            browser.await("the page is there", () -> browser.exists("#question"));
            assertEquals(before, ASKED.get());
            told("a link to a generation", 0);
        }
    }

    @Test
    void aNameThatWasMadeToPointHereGetsNothing() {
        try (TestServer server = server()) {
            int before = ASKED.get();
            // What is refused has a policy of its own, under which it could not even ask.
            browser.driver().executeCdpCommand("Page.setBypassCSP", Map.of("enabled", true));
            String rebound = "http://rebound.example:" + server.port();
            browser.driver().get(rebound + "/");
            assertTrue(browser.text("body").contains("host_not_allowed"), browser.text("body"));
            // Of one origin with the server, as the browser sees it.
            for (String path : List.of("/sse/chat?message=pay", "/models", "/health", "/assets/app.js")) {
                assertEquals(421L, browser.runAsync("return (await fetch(args[0])).status", path), path);
            }
            assertEquals(
                    421L,
                    browser.runAsync(
                            "return (await fetch('/streams', { method: 'POST', body: '{\"kind\":\"chat\",\"message\":\"pay\"}' })).status"));
            assertEquals(before, ASKED.get());
            told("DNS rebinding, GET and POST", 0);
        }
    }
}
