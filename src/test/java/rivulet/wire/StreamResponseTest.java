package rivulet.wire;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.javalin.Javalin;
import jakarta.servlet.AsyncContext;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.ee10.servlet.ServletContextRequest;
import org.eclipse.jetty.server.Request;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 30, unit = TimeUnit.SECONDS)
class StreamResponseTest {
    /** Javalin would handle the failure of what it does then, and the failure of that, without an end. */
    @Test
    void aResponseThatTheServerHasTakenBackCanBeBrokenOff() throws Exception {
        BlockingQueue<StreamResponse> opened = new ArrayBlockingQueue<>(1);
        BlockingQueue<AsyncContext> requests = new ArrayBlockingQueue<>(1);
        CompletableFuture<Void> over = new CompletableFuture<>();
        Javalin app = Javalin.create(config -> {
            config.startup.showJavalinBanner = false;
            config.routes.exception(Exception.class, (e, ctx) -> ctx.status(500));
            config.routes.get("/", ctx -> {
                StreamResponse response = new StreamResponse(ctx, Map.of(), new Peer(ctx.req()), cause -> {});
                Request.addCompletionListener(
                        ServletContextRequest.getServletContextRequest(ctx.req()), failure -> over.complete(null));
                requests.add(ctx.req().getAsyncContext());
                opened.add(response);
            });
        });
        app.start("127.0.0.1", 0);
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), app.port())) {
            socket.getOutputStream()
                    .write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            StreamResponse response = opened.take();
            // As where the peer has left, at that very moment.
            requests.take().complete();
            over.get(10, TimeUnit.SECONDS);
            Thread breaker = new Thread(response::breakOff);
            breaker.setDaemon(true);
            breaker.start();
            breaker.join(5_000);
            assertTrue(!breaker.isAlive(), "it came back");
        } finally {
            app.stop();
        }
    }
}
