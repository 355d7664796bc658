package rivulet.wire;

import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.javalin.Javalin;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import okhttp3.Call;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import org.eclipse.jetty.http2.server.HTTP2CServerConnectionFactory;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.Callback;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class PeerTest {
    private final CountDownLatch arrived = new CountDownLatch(1);
    private final CountDownLatch takenBack = new CountDownLatch(1);
    private final CountDownLatch noticed = new CountDownLatch(1);

    /** It does so while the request is being handled, before anybody asks who waits for the answer. */
    @Test
    void whoTakesAnHttp2RequestBackAtOnceHasLeft() throws Exception {
        Javalin server = Javalin.create(config -> {
            config.startup.showJavalinBanner = false;
            config.jetty.modifyServer(jetty -> jetty.insertHandler(new BodyTaken()));
            config.jetty.addConnector((jetty, unused) ->
                    new ServerConnector(jetty, new HTTP2CServerConnectionFactory(new HttpConfiguration())));
            config.routes.get("/slow", ctx -> {
                arrived.countDown();
                takenBack.await();
                new Peer(ctx.req()).onGone(noticed::countDown);
            });
            config.routes.get("/", ctx -> ctx.result("here"));
        });
        OkHttpClient client = new OkHttpClient.Builder()
                .protocols(List.of(Protocol.H2_PRIOR_KNOWLEDGE))
                .build();
        try {
            server.start("127.0.0.1", 0);
            String url = "http://127.0.0.1:" + server.port();
            Call call = client.newCall(
                    new okhttp3.Request.Builder().url(url + "/slow").build());
            CountDownLatch failed = new CountDownLatch(1);
            call.enqueue(new okhttp3.Callback() {
                @Override
                public void onFailure(Call cancelled, IOException cause) {
                    failed.countDown();
                }

                @Override
                public void onResponse(Call answered, okhttp3.Response response) {
                    response.close();
                }
            });
            await(arrived);
            call.cancel();
            await(failed);
            // What comes behind it on the connection is answered: so it was read.
            client.newCall(new okhttp3.Request.Builder().url(url).build())
                    .execute()
                    .close();
            takenBack.countDown();
            await(noticed);
        } finally {
            client.connectionPool().evictAll();
            client.dispatcher().executorService().shutdown();
            server.stop();
        }
    }

    /** Gives each request on with its body taken in before. */
    private static final class BodyTaken extends Handler.Wrapper {
        @Override
        public boolean handle(Request request, Response response, Callback callback) throws Exception {
            return super.handle(
                    new Request.Wrapper(request) {
                        @Override
                        public Content.Chunk read() {
                            return Content.Chunk.EOF;
                        }
                    },
                    response,
                    callback);
        }
    }

    /** Whoever watches may hold it for a while, and would hold all of a request that was answered long ago. */
    @Test
    void whoIsLetGoHoldsNoRequest() throws Exception {
        CompletableFuture<List<Peer>> held = new CompletableFuture<>();
        List<WeakReference<Object>> answers = new CopyOnWriteArrayList<>();
        Javalin server = Javalin.create(config -> {
            config.startup.showJavalinBanner = false;
            config.routes.get("/", ctx -> {
                Peer before = new Peer(ctx.req());
                before.onGone(holding(answers));
                before.letGo();
                Peer afterwards = new Peer(ctx.req());
                afterwards.letGo();
                afterwards.onGone(holding(answers));
                held.complete(List.of(before, afterwards));
            });
        });
        OkHttpClient client = new OkHttpClient();
        try {
            server.start("127.0.0.1", 0);
            client.newCall(new okhttp3.Request.Builder()
                            .url("http://127.0.0.1:" + server.port())
                            .build())
                    .execute()
                    .close();
            for (int i = 0; i < 100 && answers.stream().anyMatch(answer -> !answer.refersTo(null)); i++) {
                System.gc();
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
            }
            assertTrue(answers.stream().allMatch(answer -> answer.refersTo(null)));
            held.join().forEach(Peer::watch);
        } finally {
            client.connectionPool().evictAll();
            client.dispatcher().executorService().shutdown();
            server.stop();
        }
    }

    private static Runnable holding(List<WeakReference<Object>> held) {
        Object answer = new Object();
        held.add(new WeakReference<>(answer));
        return () -> assertNotNull(answer);
    }

    private static void await(CountDownLatch latch) throws InterruptedException {
        assertTrue(latch.await(20, TimeUnit.SECONDS));
    }
}
