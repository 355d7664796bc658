package rivulet.page;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import rivulet.Certificates;
import rivulet.TestServer;

/** What HTTP/2 is for: a browser opens six connections to a host on HTTP/1.1, and each stream takes one. */
@NeedsBrowser
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class Http2PageTest {
    private static final int STREAMS = 20;

    @Test
    void twentyEventSourcesStreamAtOnce(@TempDir Path folder) {
        Browser browser = Browser.get();
        try (TestServer server = TestServer.with(Certificates.in(folder).settings("OPENAI_MODEL", "sim-fast-echo"))) {
            browser.openFresh(server.url("/"));
            assertEquals("h2", browser.run("return performance.getEntriesByType('navigation')[0].nextHopProtocol"));
            browser.run("""
                    window.counts = Array(arguments[0]).fill(0);
                    window.sources = counts.map((_, i) => {
                      const source = new EventSource('/sse/countdown?from=3600&interval=50ms');
                      source.onmessage = () => counts[i]++;
                      return source;
                    });
                    """, STREAMS);
            browser.await("each of them streams", () -> (Boolean) browser.run("return counts.every((n) => n > 2)"));
            assertEquals(STREAMS, server.viewers());
            // The twenty leave room for more: a plain request is answered beside them.
            assertEquals(
                    "half",
                    browser.runAsync("const text = await (await fetch('/stream/half?format=ndjson')).text();"
                            + "return text.trim().split('\\n').map((line) => JSON.parse(line).delta ?? '').join('');"));
            browser.run("sources.forEach((source) => source.close())");
            TestServer.await("all have left", () -> server.viewers() == 0);
            assertEquals(List.of(), browser.complaints());
            browser.driver().get("about:blank");
        }
    }
}
