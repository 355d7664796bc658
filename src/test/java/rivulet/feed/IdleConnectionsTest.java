package rivulet.feed;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import okhttp3.ConnectionPool;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import rivulet.TestServer;

@Timeout(value = 60, unit = TimeUnit.SECONDS)
class IdleConnectionsTest {
    private final MockWebServer upstream = new MockWebServer();

    @BeforeEach
    void start() throws IOException {
        upstream.start();
    }

    @AfterEach
    void stop() {
        upstream.close();
    }

    @Test
    void aConnectionIsKeptForTheNextCallAndClosedWhenThereIsNone() throws IOException {
        ConnectionPool pool = IdleConnections.pool(8, Duration.ofSeconds(2));
        OkHttpClient client = client(pool);
        for (int i = 0; i < 20; i++) {
            ask(client).close();
        }
        assertEquals(1, pool.connectionCount());
        TestServer.await("it is closed", () -> pool.connectionCount() == 0);
        ask(client).close();
        assertEquals(1, pool.idleConnectionCount());
        TestServer.await("the next one, too", () -> pool.connectionCount() == 0);
    }

    @Test
    void noMoreAreKeptThanThatAndThoseInUseAreLeftAlone() throws IOException {
        ConnectionPool pool = IdleConnections.pool(2, Duration.ofMinutes(1));
        OkHttpClient client = client(pool);
        List<Response> responses = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            responses.add(ask(client));
        }
        Response last = responses.remove(5);
        responses.forEach(Response::close);
        TestServer.await("three are closed", () -> pool.connectionCount() == 3);
        assertEquals(2, pool.idleConnectionCount());
        assertTrue(last.body().string().startsWith("x"));
    }

    private Response ask(OkHttpClient client) throws IOException {
        upstream.enqueue(new MockResponse.Builder().body("x".repeat(100_000)).build());
        return client.newCall(new Request.Builder().url(upstream.url("/")).build())
                .execute();
    }

    private static OkHttpClient client(ConnectionPool pool) {
        return new OkHttpClient.Builder().connectionPool(pool).build();
    }
}
