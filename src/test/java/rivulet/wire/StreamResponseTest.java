package rivulet.wire;

import static org.junit.jupiter.api.Assertions.assertFalse;

import io.javalin.Javalin;
import jakarta.servlet.AsyncContext;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 30, unit = TimeUnit.SECONDS)
class StreamResponseTest {
    private final CompletableFuture<StreamResponse> opened = new CompletableFuture<>();
    private final CompletableFuture<AsyncContext> async = new CompletableFuture<>();
    private final CompletableFuture<Void> handled = new CompletableFuture<>();
    private final CompletableFuture<Void> over = new CompletableFuture<>();

    /** Javalin would handle the failure of what it does then, and the failure of that, without an end. */
    @Test
    void aResponseThatTheServerHasTakenBackCanBeBrokenOff() throws Exception {
        Javalin app = Javalin.create(config -> {
            config.startup.showJavalinBanner = false;
            config.jetty.modifyServer(jetty -> jetty.insertHandler(new Told()));
            config.routes.exception(Exception.class, (e, ctx) -> ctx.status(500));
            config.routes.get("/", ctx -> {
                opened.complete(new StreamResponse(ctx, Map.of(), new Peer(ctx.req()), cause -> {}));
                async.complete(ctx.req().getAsyncContext());
            });
        });
        app.start("127.0.0.1", 0);
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), app.port())) {
            socket.getOutputStream()
                    .write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            handled.get(10, TimeUnit.SECONDS);
            // As where the peer has left, at that very moment.
            async.join().complete();
            over.get(10, TimeUnit.SECONDS);
            Thread breaker = new Thread(opened.join()::breakOff);
            breaker.setDaemon(true);
            breaker.start();
            breaker.join(5_000);
            assertFalse(breaker.isAlive(), "spins");
        } finally {
            app.stop();
        }
    }

    /** Tells when Javalin has done with the request for now, and when Jetty has for good. */
    private final class Told extends Handler.Wrapper {
        @Override
        public boolean handle(Request request, Response response, Callback callback) throws Exception {
            Request.addCompletionListener(request, failure -> over.complete(null));
            boolean taken = super.handle(request, response, callback);
            handled.complete(null);
            return taken;
        }
    }
}
