package rivulet.feed;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.ServerSocket;
import java.net.SocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import okhttp3.sse.EventSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import rivulet.RawUpstream;
import rivulet.TestServer;

class ConnectionPoolsTest {
    private static final String NOBODY = "http://127.0.0.1:1/v1";
    private static final String EVENT = "8\r\ndata: a\n\r\n";

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final UpstreamClient client =
            new UpstreamClient(Duration.ofSeconds(5), ProxySelector.of(null), threads, threads, new NoTurns(), false);

    @AfterEach
    void stop() {
        client.close();
        threads.shutdownNow();
    }

    @Test
    void fewCallsShareOnePoolAndManyDoNot() {
        ConnectionPools pools = new ConnectionPools(new OkHttpClient());
        List<ConnectionPools.Pool> few =
                Stream.generate(pools::enter).limit(100).toList();
        assertEquals(1, few.stream().distinct().count());
        assertSame(pools.first(), few.get(0).client());
        ConnectionPools.Pool next = pools.enter();
        assertNotEquals(few.get(0), next);
        assertNotEquals(few.get(0).client().connectionPool(), next.client().connectionPool());
        few.get(7).leave();
        assertSame(few.get(0), pools.enter(), "the first that has room");
        assertSame(next, pools.enter());
        assertEquals(102, pools.calls());
    }

    @Test
    void aWholeAnswerGivesItsPlaceBack() throws Exception {
        try (RawUpstream upstream = new RawUpstream((request, connection) -> {
            connection.sendStreamHead();
            connection.send("data: a\n\n");
        })) {
            assertEquals("closed", ask(upstream.url()).end());
            assertNoPlaceTaken();
        }
    }

    @Test
    void anAnswerThatIsNoStreamGivesItsPlaceBack() throws Exception {
        try (RawUpstream upstream = RawUpstream.saying(
                "HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n".getBytes(StandardCharsets.US_ASCII))) {
            assertEquals("failed", ask(upstream.url()).end());
            assertNoPlaceTaken();
        }
    }

    @Test
    void anAnswerThatIsCutGivesItsPlaceBack() throws Exception {
        try (RawUpstream upstream = RawUpstream.saying(
                ("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n" + EVENT)
                        .getBytes(StandardCharsets.US_ASCII))) {
            assertEquals("failed", ask(upstream.url()).end());
            assertNoPlaceTaken();
        }
    }

    @Test
    void anAnswerThatIsCancelledGivesItsPlaceBack() throws Exception {
        try (RawUpstream upstream = new RawUpstream((request, connection) -> {
            connection.sendStreamHead();
            connection.awaitPeerClose();
        })) {
            Asked asked = ask(upstream.url());
            asked.told.opened.orTimeout(10, TimeUnit.SECONDS).join();
            assertEquals(1, client.questions());
            asked.source.cancel();
            assertEquals("failed", asked.end());
            assertNoPlaceTaken();
        }
    }

    @Test
    void whoIsCancelledBeforeItAsksGivesItsPlaceBack() throws Exception {
        try (ServerSocket silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Asked asked = ask("http://127.0.0.1:" + silent.getLocalPort() + "/v1");
            asked.source.cancel();
            assertEquals("failed", asked.end());
            assertNoPlaceTaken();
        }
    }

    @Test
    void whoReachesNobodyGivesItsPlaceBack() {
        assertEquals("failed", ask(NOBODY).end());
        assertNoPlaceTaken();
    }

    @Test
    void whoFindsNoThreadGivesItsPlaceBack() {
        threads.shutdownNow();
        assertEquals("failed", ask(NOBODY).end());
        assertNoPlaceTaken();
    }

    /** Whatever it is: else its answer would stay open until a limit ends it. */
    @Test
    void whatIsNoIoExceptionIsToldToo() {
        ProxySelector broken = new ProxySelector() {
            @Override
            public List<Proxy> select(URI uri) {
                throw new IllegalStateException("broken");
            }

            @Override
            public void connectFailed(URI uri, SocketAddress address, IOException cause) {}
        };
        UpstreamClient breaks =
                new UpstreamClient(Duration.ofSeconds(5), broken, threads, threads, new NoTurns(), false);
        Told told = new Told();
        EventSource unused = breaks.open(request(NOBODY), told, 1000);
        assertEquals("failed", told.end.orTimeout(10, TimeUnit.SECONDS).join());
        TestServer.await("no place is taken", () -> breaks.questions() == 0);
        breaks.close();
    }

    /** A question and what is told of it. */
    private record Asked(EventSource source, Told told) {
        String end() {
            return told.end.orTimeout(10, TimeUnit.SECONDS).join();
        }
    }

    private Asked ask(String url) {
        Told told = new Told();
        return new Asked(client.open(request(url), told, 1000), told);
    }

    private static Request request(String url) {
        return new Request.Builder().url(url).tag(Attempt.class, new Attempt()).build();
    }

    /** Told on the call's thread, before it lets go of the connection. */
    private void assertNoPlaceTaken() {
        TestServer.await("no place is taken", () -> client.questions() == 0);
    }

    private static final class Told extends StreamListener {
        private final CompletableFuture<Void> opened = new CompletableFuture<>();
        private final CompletableFuture<String> end = new CompletableFuture<>();

        @Override
        void read(long nanos) {}

        @Override
        int usual(byte[] bytes, int from, int to) {
            return 0;
        }

        @Override
        void bodyEnds() {}

        @Override
        void strange(String words, boolean inStream) {}

        @Override
        public void onOpen(EventSource source, Response response) {
            opened.complete(null);
        }

        @Override
        public void onClosed(EventSource source) {
            end.complete("closed");
        }

        @Override
        public void onFailure(EventSource source, @Nullable Throwable cause, @Nullable Response response) {
            end.complete("failed");
        }
    }
}
