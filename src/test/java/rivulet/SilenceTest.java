package rivulet;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Field;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import okio.BufferedSink;
import org.eclipse.jetty.server.ServerConnector;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** On HTTP/2 Jetty resets what is silent for its idle timeout twice: what waits for longer has a limit of its own. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class SilenceTest {
    private static final long IDLE_MILLIS = 1000;
    private static final long SILENT_MILLIS = 4 * IDLE_MILLIS;
    /** Jetty looks at several requests at different times. */
    private static final int AT_ONCE = 6;

    private final TestServer server = TestServer.with();

    @BeforeEach
    void shortenIdleTimeout() throws ReflectiveOperationException {
        // Once all is loaded: what takes long before the request has begun is an idle connection.
        assertEquals(200, send("/health", new Request.Builder()).code());
        ((ServerConnector) member(member(server.app(), "server"), "main")).setIdleTimeout(IDLE_MILLIS);
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private static Object member(Object owner, String name) throws ReflectiveOperationException {
        Field field = owner.getClass().getDeclaredField(name);
        field.setAccessible(true);
        return field.get(owner);
    }

    @Test
    void aWholeAnswerMayTakeLong() {
        assertAllSay("{\"message\":\"hi\"}", "/sse/chat-normal?message=hi&model=sim-wait-4s-echo", false);
    }

    @Test
    void aModelMayThinkForLongerThanTheConnectionMayBeSilent() {
        assertAllSay("data: [DONE]", "/sse/chat?message=hi&model=sim-wait-4s-echo", false);
    }

    @Test
    void aBodyMayPause() {
        assertAllSay("data: [DONE]", "/sse/chat", true);
    }

    private void assertAllSay(String words, String path, boolean post) {
        List<CompletableFuture<Boolean>> all = Stream.generate(
                        () -> TestServer.meanwhile(() -> says(words, path, post)))
                .limit(AT_ONCE)
                .toList();
        all.forEach(one -> assertEquals(true, one.join()));
    }

    private boolean says(String words, String path, boolean post) {
        Request.Builder request = new Request.Builder();
        return send(path, post ? request.post(new PausingBody()) : request)
                .body()
                .contains(words);
    }

    private Said send(String path, Request.Builder request) {
        OkHttpClient http2 = new OkHttpClient.Builder()
                .protocols(List.of(Protocol.H2_PRIOR_KNOWLEDGE))
                .retryOnConnectionFailure(false)
                .readTimeout(Duration.ofSeconds(30))
                .build();
        try (Response response =
                http2.newCall(request.url(server.url(path)).build()).execute()) {
            return new Said(response.code(), response.body().string());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            http2.connectionPool().evictAll();
        }
    }

    private record Said(int code, String body) {}

    /** Half a question, and after a while the other half. */
    private static final class PausingBody extends RequestBody {
        @Override
        public MediaType contentType() {
            return MediaType.get("application/json");
        }

        @Override
        public boolean isOneShot() {
            return true;
        }

        @Override
        public void writeTo(BufferedSink sink) throws IOException {
            sink.writeUtf8("{\"message\":\"hi\",").flush();
            try {
                TimeUnit.MILLISECONDS.sleep(SILENT_MILLIS);
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
            sink.writeUtf8("\"model\":\"sim-fast-echo\"}");
        }
    }
}
