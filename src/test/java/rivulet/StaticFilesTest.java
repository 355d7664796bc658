package rivulet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The page's files as they are served. */
@Timeout(value = 30, unit = TimeUnit.SECONDS)
final class StaticFilesTest {
    private static final int MOST_PAGE_BYTES = 300 * 1024;

    private static TestServer server;

    @BeforeAll
    static void start() {
        server = TestServer.with();
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static String script() {
        Matcher script = Pattern.compile("src=\"(assets/[0-9a-f]{16}/app\\.js)\"")
                .matcher(server.get("/").body());
        assertTrue(script.find());
        return "/" + script.group(1);
    }

    @Test
    void pageAllowsNoInlineScriptOrStyle() {
        HttpResponse<String> page = server.get("/");
        String policy = page.headers().firstValue("Content-Security-Policy").orElseThrow();
        assertFalse(policy.contains("unsafe"), policy);
        assertTrue(policy.startsWith("default-src 'none'"), policy);
        assertFalse(Pattern.compile("<script(?![^>]* src=)|<style|\\sstyle=|\\son\\w+=")
                .matcher(page.body())
                .find());
        assertEquals("no-cache", page.headers().firstValue("Cache-Control").orElseThrow());
    }

    @Test
    void versionedFilesAreKeptForEver() {
        HttpResponse<String> script = server.get(script());
        assertEquals(
                "public, max-age=31536000, immutable",
                script.headers().firstValue("Cache-Control").orElseThrow());
        assertEquals(
                "text/javascript; charset=utf-8",
                script.headers().firstValue("Content-Type").orElseThrow());
        assertEquals(
                "no-cache",
                server.get("/assets/app.js")
                        .headers()
                        .firstValue("Cache-Control")
                        .orElseThrow());
        assertEquals(
                script.body(), server.get("/assets/0123456789abcdef/app.js").body(), "a page of an older build");
    }

    @Test
    void unchangedFileIsNotSentAgain() {
        for (String path : List.of("/", script())) {
            String tag = server.get(path).headers().firstValue("ETag").orElseThrow();
            HttpResponse<String> again = server.get(path, "If-None-Match", tag);
            assertEquals(304, again.statusCode());
            assertEquals("", again.body());
            // RFC 9110, sections 8.6 and 15.4.5: they would tell of another answer than the 200 that is kept.
            assertEquals(List.of(), again.headers().allValues("Content-Type"));
            assertEquals(List.of(), again.headers().allValues("Content-Length"));
            assertEquals(200, server.get(path, "If-None-Match", "W/\"other\"").statusCode());
        }
    }

    @Test
    void filesAreSentGzippedToThoseWhoTakeIt() throws IOException, InterruptedException {
        HttpResponse<byte[]> gzipped = HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(URI.create(server.url(script())))
                                .header("Accept-Encoding", "gzip, br")
                                .build(),
                        HttpResponse.BodyHandlers.ofByteArray());
        assertEquals("gzip", gzipped.headers().firstValue("Content-Encoding").orElseThrow());
        assertTrue(gzipped.headers().allValues("Vary").toString().contains("Accept-Encoding"));
        try (InputStream plain = new GZIPInputStream(new ByteArrayInputStream(gzipped.body()))) {
            assertEquals(server.get(script()).body(), new String(plain.readAllBytes(), StandardCharsets.UTF_8));
        }
        assertEquals(
                server.get(script()).body(),
                server.get(script(), "Accept-Encoding", "br, gzip;q=0").body());
    }

    @Test
    void nothingButThePagesFilesIsServed() {
        for (String path : List.of(
                "/assets/",
                "/assets/nothing.js",
                "/assets/../rivulet/App.class",
                "/assets/..%2frivulet/App.class",
                "/assets/%2e%2e/rivulet/App.class",
                "/assets//etc/passwd",
                "/assets/words/",
                "/public/index.html")) {
            int status = server.get(path).statusCode();
            assertTrue(status == 404 || status == 400, path + " is " + status);
        }
        assertEquals(405, server.post("/assets/app.js", "{}").statusCode());
    }

    @Test
    void modulesAreAskedForAtOnce() {
        String page = server.get("/").body();
        for (String module : List.of("chat.js", "stream.js", "demos/compare.js")) {
            assertTrue(
                    Pattern.compile("<link rel=\"modulepreload\" href=\"assets/[0-9a-f]{16}/" + module + "\">")
                            .matcher(page)
                            .find(),
                    module);
        }
    }

    @Test
    void pageIsSmall() {
        assertTrue(StaticFiles.gzippedBytes() < MOST_PAGE_BYTES, StaticFiles.gzippedBytes() + " bytes");
    }
}
