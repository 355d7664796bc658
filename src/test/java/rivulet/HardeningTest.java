package rivulet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.http.HttpHeaders;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.Response;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What every answer tells a browser not to do with it, and what none tells about the server. */
@Timeout(value = 30, unit = TimeUnit.SECONDS)
class HardeningTest {
    private static final Map<String, String> EVERYWHERE = Map.of(
            "X-Content-Type-Options", "nosniff",
            "Referrer-Policy", "no-referrer",
            "Cross-Origin-Resource-Policy", "same-origin");

    private static String header(HttpHeaders headers, String name) {
        assertEquals(1, headers.allValues(name).size(), name + " in " + headers.map());
        return headers.firstValue(name).orElseThrow();
    }

    @Test
    void everyAnswerHasTheHeadersAndNoneNamesTheServer() {
        try (TestServer server = TestServer.with()) {
            for (String path : List.of(
                    "/",
                    "/assets/app.js",
                    "/docs",
                    "/openapi.json",
                    "/health",
                    "/models",
                    "/sse/countdown?from=1&interval=1ms",
                    "/sse/countdown?from=x",
                    "/nowhere",
                    "/simulator/v1/models")) {
                HttpHeaders headers = server.get(path).headers();
                EVERYWHERE.forEach((name, value) -> assertEquals(value, header(headers, name), path));
                String policy = header(headers, "Content-Security-Policy");
                assertTrue(policy.startsWith("default-src 'none'"), path + " " + policy);
                assertTrue(policy.contains("frame-ancestors 'none'"), path + " " + policy);
                assertFalse(policy.contains("unsafe"), path + " " + policy);
                for (String banner : List.of("Server", "X-Powered-By", "Via")) {
                    assertTrue(headers.firstValue(banner).isEmpty(), path + " says " + banner);
                }
                assertTrue(headers.firstValue("Strict-Transport-Security").isEmpty(), path);
            }
        }
    }

    @Test
    void whatTheServerRefusesBeforeAnyRouteNamesNoServerEither() {
        try (TestServer server = TestServer.with()) {
            for (String request : List.of(
                    "GET / HTTP/1.1\r\nHost: a\r\nBad Header\r\nConnection: close\r\n\r\n",
                    "GET / HTTP/1.1\r\nHost: a\r\nX: " + "x".repeat(70_000) + "\r\nConnection: close\r\n\r\n",
                    "nonsense\r\n\r\n")) {
                RawHttp.Answer answer = RawHttp.send(server.port(), request);
                assertTrue(answer.status() >= 400, answer.head());
                assertTrue(answer.head().contains("X-Content-Type-Options: nosniff"), answer.head());
                assertFalse(answer.head().toLowerCase(java.util.Locale.ROOT).contains("jetty"), answer.head());
                assertFalse(answer.head().contains("Server:"), answer.head());
                assertFalse(answer.body().contains("ava"), answer.body());
            }
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            # protocol | name it is asked by  | bound
            HTTP_1_1   | 127.0.0.1            | true
            HTTP_1_1   | 127.0.0.1:443        | true
            HTTP_1_1   | 127.0.0.1:8443       | false
            HTTP_2     | 127.0.0.1            | true
            HTTP_2     | 127.0.0.1:443        | true
            HTTP_2     | 127.0.0.1:8443       | false
            """)
    void onlyTheHttpsPortItselfBindsTheNameToHttps(Protocol protocol, String name, boolean bound, @TempDir Path folder)
            throws IOException {
        Certificates certificates = Certificates.in(folder);
        OkHttpClient client = certificates.client(protocol);
        try (TestServer server = TestServer.with(certificates.settings())) {
            for (String path : List.of("/", "/health", "/sse/countdown?from=1&interval=1ms", "/nowhere")) {
                Request request = new Request.Builder()
                        .url(server.url(path))
                        .header("Host", name)
                        .build();
                try (Response response = client.newCall(request).execute()) {
                    assertEquals(protocol, response.protocol());
                    assertEquals(
                            bound ? List.of("max-age=31536000") : List.of(),
                            response.headers("Strict-Transport-Security"),
                            path);
                }
            }
        } finally {
            client.connectionPool().evictAll();
            client.dispatcher().executorService().shutdown();
        }
    }

    @Test
    void plainHttpBindsNoNameToHttps() {
        try (TestServer server = TestServer.with()) {
            for (String name : List.of("127.0.0.1", "127.0.0.1:443", "127.0.0.1:80")) {
                RawHttp.Answer answer = RawHttp.send(
                        server.port(), "GET /health HTTP/1.1\r\nHost: " + name + "\r\nConnection: close\r\n\r\n");
                assertEquals(200, answer.status(), answer.head());
                assertFalse(answer.head().contains("Strict-Transport-Security"), answer.head());
            }
        }
    }
}
