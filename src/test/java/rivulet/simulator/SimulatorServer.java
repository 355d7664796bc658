package rivulet.simulator;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.Javalin;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import okhttp3.Call;
import okhttp3.Dispatcher;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;

/** The simulator on a real socket, and a client for it. */
final class SimulatorServer implements AutoCloseable {
    static final ObjectMapper MAPPER = new ObjectMapper();
    private static final String PREFIX = "/simulator/v1";
    private static final MediaType JSON = MediaType.get("application/json");

    final Simulator simulator;
    final OkHttpClient client;
    private final ScheduledExecutorService timer = Executors.newScheduledThreadPool(2);
    private final Javalin app;

    SimulatorServer() {
        simulator = new Simulator(timer);
        app = Javalin.create(config -> {
            config.startup.showJavalinBanner = false;
            // Jetty may have recycled the response of a peer that is gone; to touch it again would never end.
            config.routes.exception(Exception.class, (e, ctx) -> {
                boolean committed;
                try {
                    committed = ctx.res().isCommitted();
                } catch (RuntimeException recycled) {
                    committed = true;
                }
                if (!committed) {
                    ctx.status(500).result("internal: " + e);
                }
            });
            simulator.routes(config.routes, PREFIX);
        });
        app.start("127.0.0.1", 0);
        Dispatcher dispatcher = new Dispatcher();
        dispatcher.setMaxRequests(1000);
        dispatcher.setMaxRequestsPerHost(1000);
        client = new OkHttpClient.Builder()
                .dispatcher(dispatcher)
                .retryOnConnectionFailure(false)
                .readTimeout(Duration.ofSeconds(20))
                .build();
    }

    /** A request of {@code /chat/completions}. */
    static ObjectNode chat(String model, String question) {
        ObjectNode body = MAPPER.createObjectNode().put("model", model);
        body.putArray("messages").addObject().put("role", "user").put("content", question);
        return body;
    }

    /** A request of {@code /responses}. */
    static ObjectNode responses(String model, String question) {
        return MAPPER.createObjectNode().put("model", model).put("input", question);
    }

    Call call(String path, String body) {
        return client.newCall(request(path)
                .post(RequestBody.create(body.getBytes(StandardCharsets.UTF_8), JSON))
                .build());
    }

    Call post(JsonNode body) {
        return call(path(body), body.toString());
    }

    Call get(String path) {
        return client.newCall(request(path).build());
    }

    /** The whole body of an answer that must be a 200. */
    String text(JsonNode body) throws IOException {
        try (Response response = post(body).execute()) {
            if (response.code() != 200) {
                throw new AssertionError(response.code() + " " + response.body().string());
            }
            return response.body().string();
        }
    }

    JsonNode json(JsonNode body) throws IOException {
        return MAPPER.readTree(text(body));
    }

    /** The data of all events of a stream, but for {@code [DONE]}. */
    ArrayNode events(ObjectNode body) throws IOException {
        ArrayNode events = MAPPER.createArrayNode();
        for (String line : text(body.put("stream", true)).split("\n", -1)) {
            if (line.startsWith("data: {")) {
                events.add(MAPPER.readTree(line.substring("data: ".length())));
            }
        }
        return events;
    }

    /** A connection on which the request has been sent and nothing read. */
    Socket socket(ObjectNode body) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), app.port());
        byte[] bytes = body.toString().getBytes(StandardCharsets.UTF_8);
        socket.setSoTimeout(20_000);
        socket.getOutputStream()
                .write(("POST " + PREFIX + path(body) + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: "
                                + bytes.length + "\r\n\r\n")
                        .getBytes(StandardCharsets.US_ASCII));
        socket.getOutputStream().write(bytes);
        return socket;
    }

    boolean becomesLive(int count) {
        return becomesTrue(() -> simulator.live() == count);
    }

    /** Polls, for ten seconds at most. */
    static boolean becomesTrue(BooleanSupplier condition) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                return false;
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
        }
        return true;
    }

    @Override
    public void close() {
        client.dispatcher().executorService().shutdown();
        client.connectionPool().evictAll();
        app.stop();
        timer.shutdownNow();
    }

    private static String path(JsonNode body) {
        return body.has("messages") ? "/chat/completions" : "/responses";
    }

    private Request.Builder request(String path) {
        return new Request.Builder()
                .url("http://127.0.0.1:" + app.port() + PREFIX + path)
                .header("Authorization", "Bearer sk-abcdefghijklmnopqrstuvwxyz");
    }
}
