package rivulet;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** A Rivulet of its own on a free port, with plain ways to ask it. */
public final class TestServer implements AutoCloseable {
    public static final ObjectMapper JSON = new ObjectMapper();

    private final App app;
    private final HttpClient client = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .sslContext(Certificates.trusting())
            .build();

    private TestServer(App app) {
        this.app = app;
    }

    /** Starts with settings given as name, value, name, value …; drains nothing unless told to. */
    public static TestServer with(String... settings) {
        return writing(System.out, settings);
    }

    /** The same, with its access log. */
    public static TestServer writing(PrintStream accessLog, String... settings) {
        Map<String, String> environment = new HashMap<>(
                Map.of("DRAIN_TIMEOUT", "0s", "LOG_LEVEL", "error", "LOG_FORMAT", "off", "WARM_UP", "off"));
        for (int i = 0; i < settings.length; i += 2) {
            environment.put(settings[i], settings[i + 1]);
        }
        App app = new App(Config.read(List.of("--port", "0"), environment), accessLog);
        app.start();
        return new TestServer(app);
    }

    App app() {
        return app;
    }

    /** Starts in front of an upstream. */
    public static TestServer before(RawUpstream upstream, String... settings) {
        String[] all = Arrays.copyOf(settings, settings.length + 2);
        all[settings.length] = "OPENAI_BASE_URL";
        all[settings.length + 1] = upstream.url();
        return with(all);
    }

    public String url(String path) {
        return app.url() + path;
    }

    public int port() {
        return URI.create(app.url()).getPort();
    }

    public HttpResponse<String> get(String path, String... headers) {
        return send(request(path, headers).GET());
    }

    /** The body of an answer to come. */
    public CompletableFuture<String> getAsync(String path, String... headers) {
        return client.sendAsync(request(path, headers).GET().build(), HttpResponse.BodyHandlers.ofString())
                .thenApply(HttpResponse::body);
    }

    /** The body of an answer to come. */
    public CompletableFuture<String> postAsync(String path, String body, String... headers) {
        HttpRequest.Builder request = request(path, headers).POST(HttpRequest.BodyPublishers.ofString(body));
        return client.sendAsync(request.build(), HttpResponse.BodyHandlers.ofString())
                .thenApply(HttpResponse::body);
    }

    public HttpResponse<String> delete(String path, String... headers) {
        return send(request(path, headers).DELETE());
    }

    public HttpResponse<String> post(String path, String body, String... headers) {
        return send(request(path, headers).POST(HttpRequest.BodyPublishers.ofString(body)));
    }

    public HttpResponse<String> options(String path, String... headers) {
        return send(request(path, headers).method("OPTIONS", HttpRequest.BodyPublishers.noBody()));
    }

    /** The events of a chat as NDJSON, to its end. */
    public List<JsonNode> chat(String body) {
        return ndjson(post("/streams?format=ndjson", body).body());
    }

    /** Runs a task that waits on a thread of its own: the common pool has but one on two processors, from Java 25 on. */
    public static <T> CompletableFuture<T> meanwhile(Supplier<T> task) {
        return CompletableFuture.supplyAsync(task, runnable -> {
            Thread thread = new Thread(runnable, "meanwhile");
            thread.setDaemon(true);
            thread.start();
        });
    }

    /** Waits until something holds that no signal tells of; fails after ten seconds. */
    public static void await(String what, BooleanSupplier reached) {
        long deadline = System.nanoTime() + Duration.ofSeconds(10).toNanos();
        while (!reached.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("in vain: " + what);
            }
            LockSupport.parkNanos(Duration.ofMillis(2).toNanos());
        }
    }

    /** The number of streams that are live, as the server tells it. */
    public int liveStreams() {
        return json(get("/health").body()).path("live_streams").asInt();
    }

    /** The number of viewers, as the server tells it. */
    public int viewers() {
        return json(get("/health").body()).path("viewers").asInt();
    }

    public static List<JsonNode> ndjson(String lines) {
        return lines.lines().map(TestServer::json).toList();
    }

    public static JsonNode json(String text) {
        try {
            return JSON.readTree(text);
        } catch (JsonProcessingException e) {
            throw new AssertionError("not JSON: " + text, e);
        }
    }

    /** All that the stream's deltas say. */
    public static String text(List<JsonNode> events) {
        StringBuilder text = new StringBuilder();
        events.stream()
                .filter(event -> !event.has("event"))
                .forEach(event -> text.append(event.path("delta").asText()));
        return text.toString();
    }

    private HttpRequest.Builder request(String path, String... headers) {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(URI.create(url(path))).timeout(Duration.ofSeconds(30));
        return headers.length == 0 ? request : request.headers(headers);
    }

    private HttpResponse<String> send(HttpRequest.Builder request) {
        try {
            return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public void close() {
        app.stop();
    }
}
