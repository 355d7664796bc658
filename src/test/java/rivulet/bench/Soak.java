package rivulet.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * A server as it is for hours: a random mix of everything that clients and upstreams do, each text compared with what the
 * upstream was asked to say. Prints what became of memory, threads and open files. Wrong texts alone make it fail.
 *
 * <pre>mvn -Pbench verify -Dbench.only=soak [-Dsoak.minutes=30] [-Dsoak.clients=48] [-Dsoak.seed=1]</pre>
 */
final class Soak {
    private static final int MINUTES = Integer.getInteger("soak.minutes", 30);
    private static final int CLIENTS = Integer.getInteger("soak.clients", 48);
    private static final long SEED = Long.getLong("soak.seed", System.nanoTime());
    /** How long ended streams are kept: what a full memory would look like is not the question here. */
    private static final Duration RETENTION = Duration.ofSeconds(45);
    /** The longest that a stream of the mix goes on by itself: an upstream's silence, and the grace after it. */
    private static final Duration LONGEST = Duration.ofMinutes(3);
    /** Between two visits of one client, at most. */
    private static final int PAUSE_MILLIS = 400;

    private static final int MOST_SAMPLES_APART = 15;
    private static final int SAMPLES = 120;
    private static final ObjectMapper JACKSON = new ObjectMapper();

    private final Relay relay;
    private final ExecutorService threads = Executors.newCachedThreadPool(run -> {
        Thread thread = new Thread(run, "soak-client");
        thread.setDaemon(true);
        return thread;
    });
    private final SoakMix mix;
    private final long endNanos;
    private final Measure memory = new Measure("memory", "MiB resident", 8);
    private final Measure threadCount = new Measure("threads", "", 5);
    private final Measure files = new Measure("open files", "", 30);
    private final Measure streams = new Measure("live streams", "", 0);
    private final Measure viewers = new Measure("viewers", "", 0);

    private Soak(Relay relay, Duration time) {
        this.relay = relay;
        this.endNanos = System.nanoTime() + time.toNanos();
        this.mix = new SoakMix(relay.port(), threads, endNanos);
    }

    /** Whether all texts were right. */
    static boolean run() throws IOException {
        Map<String, String> settings = Map.of(
                "RETENTION", RETENTION.toSeconds() + "s",
                "DISCONNECT_GRACE", "30s",
                "LOG_LEVEL", "info",
                "LOG_FORMAT", "logfmt");
        try (BenchUpstream upstream = new BenchUpstream();
                Relay relay = Relay.rivulet(upstream.port(), settings)) {
            System.out.println("soak: " + MINUTES + " min, " + CLIENTS + " clients, seed " + SEED);
            Soak warming = new Soak(relay, Duration.ZERO);
            warming.warm();
            return new Soak(relay, Duration.ofMinutes(MINUTES)).soak(warming.idle());
        }
    }

    private boolean soak(String before) throws IOException {
        List<Future<?>> clients = new ArrayList<>();
        for (int i = 0; i < CLIENTS; i++) {
            Random random = new Random(SEED + i);
            clients.add(threads.submit(() -> visit(random)));
        }
        sampleUntilEnd();
        for (Future<?> client : clients) {
            join(client);
        }
        double seconds = awaitNoneLive();
        report();
        System.out.printf("%nNo stream is live %.0f s after the last client, %s.%n", seconds, liveText());
        Bench.pause(RETENTION.plusSeconds(10));
        System.out.println("idle, before: " + before);
        System.out.println("idle, after:  " + idle());
        return mix.wrong().isEmpty();
    }

    /** Some of each, so that what is loaded once does not look like growth. */
    private void warm() {
        List<Future<?>> clients = new ArrayList<>();
        for (int i = 0; i < CLIENTS; i++) {
            Random random = new Random(i);
            clients.add(threads.submit(() -> mix.visit(random)));
        }
        clients.forEach(Soak::join);
        Bench.pause(RETENTION);
    }

    private void visit(Random random) {
        while (System.nanoTime() < endNanos) {
            mix.visit(random);
            Bench.pause(Duration.ofMillis(random.nextInt(PAUSE_MILLIS)));
        }
    }

    private void sampleUntilEnd() throws IOException {
        long apart = Math.min(MOST_SAMPLES_APART, Math.max(1, MINUTES * 60 / SAMPLES));
        for (long next = System.nanoTime();
                next < endNanos;
                next += Duration.ofSeconds(apart).toNanos()) {
            Bench.pause(Duration.ofNanos(next - System.nanoTime()));
            memory.add(relay.residentKib() / 1024.0);
            threadCount.add(relay.threads());
            files.add(relay.files());
            JsonNode health = health();
            streams.add(health.path("live_streams").asInt());
            viewers.add(health.path("viewers").asInt());
        }
    }

    /** How many seconds it took. */
    private double awaitNoneLive() throws IOException {
        long begin = System.nanoTime();
        while (health().path("live_streams").asInt() > 0 && System.nanoTime() - begin < LONGEST.toNanos()) {
            Bench.pause(Duration.ofMillis(200));
        }
        return (System.nanoTime() - begin) / 1e9;
    }

    private String liveText() throws IOException {
        JsonNode health = health();
        return "live_streams %d, viewers %d"
                .formatted(
                        health.path("live_streams").asInt(),
                        health.path("viewers").asInt());
    }

    private void report() {
        System.out.println("\nover " + MINUTES + " min, from 0 at the bottom to the most at the top");
        List<Measure> all = List.of(memory, threadCount, files, streams, viewers);
        all.forEach(measure -> System.out.println(measure.plot()));
        System.out.println("\nlevel?");
        List.of(memory, threadCount, files).forEach(measure -> System.out.println(measure.verdict()));
        print("what clients did", mix.visits());
        print("how it ended", mix.ends());
        print("what should not have happened, yet harmed no text", mix.unexpected());
        print("WRONG TEXTS", mix.wrong());
    }

    private static void print(String title, Map<String, Integer> counts) {
        System.out.println("\n" + title + (counts.isEmpty() ? ": none" : ""));
        counts.forEach((what, count) -> System.out.printf("  %8d  %s%n", count, what));
    }

    /** What the server holds with nothing to do. */
    private String idle() throws IOException {
        String heap = relay.reachableKib().stream()
                .mapToObj(", %d KiB reachable in the heap"::formatted)
                .findFirst()
                .orElse("");
        return "%d MiB resident, %d threads, %d open files%s"
                .formatted(relay.residentKib() / 1024, relay.threads(), relay.files(), heap);
    }

    private JsonNode health() throws IOException {
        URI health = URI.create("http://127.0.0.1:" + relay.port() + "/health");
        try (InputStream in = health.toURL().openStream()) {
            return JACKSON.readTree(in);
        }
    }

    private static void join(Future<?> client) {
        try {
            client.get();
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
