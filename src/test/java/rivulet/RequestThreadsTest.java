package rivulet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.Callback;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 60, unit = TimeUnit.SECONDS)
class RequestThreadsTest {
    /** What ran, in its order, and where: on the request's thread, or on another one. */
    private final BlockingQueue<String> ran = new LinkedBlockingQueue<>();

    @Test
    void aRequestsThreadTakesTheFirstTaskThatItIsLentTo() throws Exception {
        RequestThreads threads = new RequestThreads(task -> new Thread(task, "other").start());
        threads.setHandler(new Handler.Abstract() {
            @Override
            public boolean handle(Request request, Response response, Callback callback) {
                String own = Thread.currentThread().getName();
                threads.execute(() -> ran("not lent", own));
                RequestThreads.lend(() -> {
                    threads.execute(() -> {
                        ran("first", own);
                        // As one who asks again: no request is being handled any more.
                        threads.execute(() -> ran("from within", own));
                    });
                    threads.execute(() -> ran("second", own));
                });
                ran.add("handled");
                callback.succeeded();
                return true;
            }
        });
        assertEquals(200, answered(threads));
        List<String> all = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            all.add(ran.poll(10, TimeUnit.SECONDS));
        }
        assertTrue(all.containsAll(List.of("not lent: other", "second: other", "from within: other")), all::toString);
        if (Threads.virtual()) {
            assertTrue(all.contains("first: other"), all::toString);
        } else {
            assertTrue(all.indexOf("handled") < all.indexOf("first: own"), all::toString);
        }
    }

    /** The status with which a server answers whose requests these threads handle. */
    private static int answered(RequestThreads threads) throws Exception {
        org.eclipse.jetty.server.Server server = new org.eclipse.jetty.server.Server();
        ServerConnector connector = new ServerConnector(server);
        server.addConnector(connector);
        server.setHandler(threads);
        server.start();
        try {
            return RawHttp.get(connector.getLocalPort(), "/").status();
        } finally {
            server.stop();
        }
    }

    @Test
    void outsideOfARequestAnotherThreadRunsIt() throws Exception {
        RequestThreads threads = new RequestThreads(task -> new Thread(task, "other").start());
        RequestThreads.lend(() -> threads.execute(() -> ran("task", "none")));
        assertEquals("task: other", ran.poll(10, TimeUnit.SECONDS));
    }

    @Test
    void aConnectionIsReadOnWhileTheUpstreamOfItsStreamIsSilent() throws Exception {
        CountDownLatch end = new CountDownLatch(1);
        try (RawUpstream upstream = silent(end);
                TestServer server = TestServer.before(upstream);
                Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            socket.setSoTimeout(5_000);
            String body = "{\"kind\":\"chat\",\"message\":\"hi\",\"model\":\"m\"}";
            send(
                    socket,
                    "POST /streams HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n"
                            + "Content-Type: application/json\r\nContent-Length: " + body.length() + "\r\n\r\n" + body);
            assertEquals("HTTP/1.1 201 Created", answer(socket));
            upstream.takeRequest();
            send(socket, "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
            assertEquals("HTTP/1.1 200 OK", answer(socket));
            end.countDown();
        }
    }

    @Test
    void moreMayWaitForASilentUpstreamThanThereAreThreads() throws Exception {
        int count = 3 * RequestThreads.MOST_TASKS;
        CountDownLatch end = new CountDownLatch(1);
        try (RawUpstream upstream = silent(end);
                TestServer server = TestServer.before(upstream)) {
            List<CompletableFuture<String>> answers = IntStream.range(0, count)
                    .mapToObj(i -> server.getAsync("/stream/hi?model=m"))
                    .toList();
            TestServer.await("all have asked", () -> upstream.requestCount() == count);
            assertEquals(200, server.get("/health").statusCode());
            end.countDown();
            for (CompletableFuture<String> answer : answers) {
                assertTrue(answer.get(20, TimeUnit.SECONDS).contains("data: late\n"));
            }
        }
    }

    /** Says nothing at all until the latch opens. */
    private static RawUpstream silent(CountDownLatch end) {
        return new RawUpstream((request, connection) -> {
            try {
                end.await(30, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
            connection.sendStreamHead();
            connection.send("""
                    data: {"choices":[{"index":0,"delta":{"content":"late"}}]}

                    data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}

                    data: [DONE]

                    """);
        });
    }

    private static void send(Socket socket, String request) {
        try {
            socket.getOutputStream().write(request.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The status line of an answer, which is read to its end. */
    private static String answer(Socket socket) throws IOException {
        BufferedReader in = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
        String status = in.readLine();
        int length = 0;
        for (String line = in.readLine(); !line.isEmpty(); line = in.readLine()) {
            if (line.startsWith("Content-Length: ")) {
                length = Integer.parseInt(line.substring(16));
            }
        }
        for (int i = 0; i < length; i++) {
            in.read();
        }
        return status;
    }

    private void ran(String what, String own) {
        String name = Thread.currentThread().getName();
        ran.add(what + ": " + (name.equals(own) ? "own" : name));
    }
}
