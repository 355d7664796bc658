package rivulet.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;

/** What clients do to a server in the course of time, drawn by lot. Safe on any thread. */
final class SoakMix {
    private static final ObjectMapper JACKSON = new ObjectMapper();
    private static final int TO_THE_END = Integer.MAX_VALUE;
    /** Small, so that what a client does not read stays at the server. */
    private static final int STALLED_BUFFER = 4096;
    /** More than the 4 MB that the kernel takes from a server for a client that does not read. */
    private static final int STALLED_DELTAS = 70_000;
    /** Rivulet's own patience with an upstream, and some. */
    private static final Duration IDLE_TIMEOUT = Duration.ofSeconds(130);

    /** One kind of visit. */
    @FunctionalInterface
    private interface Visit {
        void run(Random random) throws IOException;
    }

    /** A kind of visit, and how often it is drawn. */
    private record Kind(String name, int weight, Visit visit) {}

    private final int port;
    private final ExecutorService threads;
    private final HttpClient http = HttpClient.newHttpClient();
    private final AtomicInteger questions = new AtomicInteger();
    private final Map<String, Integer> visits = new ConcurrentHashMap<>();
    private final Map<String, Integer> ends = new ConcurrentHashMap<>();
    private final Map<String, Integer> unexpected = new ConcurrentHashMap<>();
    private final Map<String, Integer> wrong = new ConcurrentHashMap<>();
    private final long endNanos;
    private final List<Kind> kinds = List.of(
            new Kind("short, read to the end", 30, this::shortOne),
            new Kind("long and paced, read to the end", 8, this::longOne),
            new Kind("cancelled with DELETE", 10, this::cancelled),
            new Kind("left in the middle", 10, this::left),
            new Kind("cut and resumed", 12, this::resumed),
            new Kind("several viewers", 6, this::crowd),
            new Kind("asked twice with one key", 5, this::askedTwice),
            new Kind("not read for a while", 2, this::stalled),
            new Kind("a document", 6, this::document),
            new Kind("upstream refuses", 4, this::refused),
            new Kind("upstream cuts", 6, this::cut),
            new Kind("upstream falls silent", 3, this::silent));

    /**
     * @param port of the server, on loopback
     * @param threads runs viewers beside each other
     * @param endNanos when the load stops: visits that take long are not begun shortly before
     */
    SoakMix(int port, ExecutorService threads, long endNanos) {
        this.port = port;
        this.threads = threads;
        this.endNanos = endNanos;
    }

    /** One visit of a kind that is drawn; what goes wrong in it is counted. */
    void visit(Random random) {
        int drawn = random.nextInt(kinds.stream().mapToInt(Kind::weight).sum());
        for (Kind kind : kinds) {
            drawn -= kind.weight();
            if (drawn < 0) {
                visit(kind, random);
                return;
            }
        }
    }

    private void visit(Kind kind, Random random) {
        visits.merge(kind.name(), 1, Integer::sum);
        try {
            kind.visit().run(random);
        } catch (SoakViewer.Wrong e) {
            wrong.merge(kind.name() + ": " + e.getMessage(), 1, Integer::sum);
        } catch (IOException e) {
            unexpected.merge(kind.name() + ": " + e, 1, Integer::sum);
        }
    }

    /** Visits by kind. */
    Map<String, Integer> visits() {
        return new TreeMap<>(visits);
    }

    /** How streams and refused requests ended. */
    Map<String, Integer> ends() {
        return new TreeMap<>(ends);
    }

    /** What should not have happened, yet harmed no text. */
    Map<String, Integer> unexpected() {
        return new TreeMap<>(unexpected);
    }

    /** Texts that were not what the upstream had said. */
    Map<String, Integer> wrong() {
        return new TreeMap<>(wrong);
    }

    private void shortOne(Random random) throws IOException {
        Script script = prose(10 + random.nextInt(60), random.nextBoolean() ? 0 : 1_000, Script.Fault.NONE, 0);
        readWhole(script);
    }

    private void longOne(Random random) throws IOException {
        readWhole(prose(100 + random.nextInt(400), 20_000 + random.nextInt(30_000), Script.Fault.NONE, 0));
    }

    private void readWhole(Script script) throws IOException {
        try (SoakViewer viewer = begin(script)) {
            viewer.read(TO_THE_END);
            expect(viewer, "done: stop");
        }
    }

    private void cancelled(Random random) throws IOException {
        try (SoakViewer viewer = begin(prose(2_000, 20_000, Script.Fault.NONE, 0))) {
            viewer.read(1 + random.nextInt(100));
            HttpResponse<String> answer = send(
                    HttpRequest.newBuilder(uri("/streams/" + viewer.streamId())).DELETE());
            note(answer.statusCode() == 200, "DELETE: " + answer.statusCode());
            viewer.read(TO_THE_END);
            expect(viewer, "done: cancelled");
        }
    }

    private void left(Random random) throws IOException {
        try (SoakViewer viewer = begin(prose(2_000, 10_000 + random.nextInt(40_000), Script.Fault.NONE, 0))) {
            viewer.read(random.nextInt(100));
            viewer.leave(random.nextBoolean());
            ends.merge("the viewer left", 1, Integer::sum);
        }
    }

    private void resumed(Random random) throws IOException {
        Script script = prose(100 + random.nextInt(400), 10_000, Script.Fault.NONE, 0);
        try (SoakViewer viewer = begin(script)) {
            for (int cuts = 1 + random.nextInt(4); cuts > 0 && viewer.end().isEmpty(); cuts--) {
                viewer.read(viewer.index() + 1 + random.nextInt(80));
                viewer.leave(random.nextBoolean());
                pause(random.nextInt(2_000));
                if (viewer.end().isEmpty()) {
                    viewer.follow(viewer.streamId(), 0);
                }
            }
            viewer.read(TO_THE_END);
            expect(viewer, "done: stop");
        }
    }

    private void crowd(Random random) throws IOException {
        Script script = prose(50 + random.nextInt(300), 10_000, Script.Fault.NONE, 0);
        String stream = create("{\"kind\":\"chat\",\"message\":\"Hello\",\"model\":\"%s\"}".formatted(script.model()));
        List<Future<?>> viewers = new ArrayList<>();
        for (int i = 2 + random.nextInt(6); i > 0; i--) {
            int late = random.nextInt(2_000);
            viewers.add(threads.submit(() -> {
                pause(late);
                follow(script, stream);
                return stream;
            }));
        }
        for (Future<?> viewer : viewers) {
            join(viewer);
        }
    }

    private void follow(Script script, String stream) throws IOException {
        try (SoakViewer viewer = new SoakViewer(port, script)) {
            viewer.follow(stream, 0);
            viewer.read(TO_THE_END);
            expect(viewer, "done: stop");
        }
    }

    private void askedTwice(Random random) throws IOException {
        Script script = prose(20 + random.nextInt(100), 5_000, Script.Fault.NONE, 0);
        String key = "Idempotency-Key: soak-" + script.number() + "\r\n";
        try (SoakViewer first = new SoakViewer(port, script);
                SoakViewer second = new SoakViewer(port, script)) {
            first.ask("/sse/chat?format=json", body(script), key);
            first.read(random.nextInt(10));
            first.leave(random.nextBoolean());
            pause(random.nextInt(500));
            second.ask("/sse/chat?format=json", body(script), key);
            second.read(TO_THE_END);
            expect(second, "done: stop");
            note(first.streamId().equals(second.streamId()), "one key, two streams");
        }
    }

    private void stalled(Random random) throws IOException {
        Script script = prose(STALLED_DELTAS, 0, Script.Fault.NONE, 0);
        String stream = create("{\"kind\":\"chat\",\"message\":\"Hello\",\"model\":\"%s\"}".formatted(script.model()));
        try (SoakViewer viewer = new SoakViewer(port, script)) {
            viewer.follow(stream, STALLED_BUFFER);
            viewer.read(random.nextInt(50));
            // Beyond half a minute the server breaks it off.
            pause(Math.min(1_000 + random.nextInt(42_000), 1_000 + Math.max(0, millisLeft())));
            try {
                viewer.read(TO_THE_END);
                expect(viewer, "done: stop");
            } catch (IOException broken) {
                ends.merge("broken off for not reading", 1, Integer::sum);
                viewer.leave(false);
                comeBack(viewer, stream);
            }
        }
    }

    /** After a while too long the stream may be forgotten. */
    private void comeBack(SoakViewer viewer, String stream) throws IOException {
        viewer.follow(stream, 0);
        viewer.read(TO_THE_END);
        if (viewer.status() == 404) {
            ends.merge("forgotten before it was resumed", 1, Integer::sum);
        } else {
            expect(viewer, "done: stop");
        }
    }

    private void document(Random random) throws IOException {
        Script script = Script.document(questions.incrementAndGet(), 5 + random.nextInt(60), random.nextInt(5_000));
        try (SoakViewer viewer = new SoakViewer(port, script)) {
            String fields = "\"kind\":\"structured\",\"fields\":[\"title\",\"summary\"],";
            viewer.ask("/streams", "{" + fields + body(script).substring(1), "");
            viewer.read(TO_THE_END);
            expect(viewer, "done: stop");
        }
    }

    private void refused(Random random) throws IOException {
        int status = random.nextBoolean() ? 429 : 500;
        try (SoakViewer viewer = begin(prose(10, 0, Script.Fault.REFUSED, status))) {
            viewer.read(TO_THE_END);
            String said = viewer.status() + viewer.end();
            ends.merge("refused: " + viewer.status(), 1, Integer::sum);
            // After 1.5 s the head is sent, and the refusal comes as the stream's end.
            boolean late = viewer.status() == 200 && viewer.end().startsWith("failed: upstream_");
            note(late || viewer.status() == (status == 429 ? 429 : 502), "refused with " + status + ": " + said);
        }
    }

    private void cut(Random random) throws IOException {
        int after = 1 + random.nextInt(100);
        try (SoakViewer viewer = begin(prose(200, random.nextInt(2) * 10_000L, Script.Fault.CUT, after))) {
            viewer.read(TO_THE_END);
            expect(viewer, "failed: upstream_truncated");
        }
    }

    private void silent(Random random) throws IOException {
        int after = 1 + random.nextInt(20);
        try (SoakViewer viewer = begin(prose(200, 5_000, Script.Fault.STALLED, after))) {
            viewer.read(after);
            if (random.nextInt(4) == 0 && millisLeft() > IDLE_TIMEOUT.toMillis()) {
                viewer.read(TO_THE_END);
                expect(viewer, "failed: upstream_idle");
            } else if (random.nextBoolean()) {
                pause(random.nextInt(10_000));
                send(HttpRequest.newBuilder(uri("/streams/" + viewer.streamId()))
                        .DELETE());
                viewer.read(TO_THE_END);
                expect(viewer, "done: cancelled");
            } else {
                viewer.leave(true);
                ends.merge("the viewer left", 1, Integer::sum);
            }
        }
    }

    private SoakViewer begin(Script script) throws IOException {
        SoakViewer viewer = new SoakViewer(port, script);
        viewer.ask("/sse/chat?format=json", body(script), "");
        return viewer;
    }

    private Script prose(int deltas, long micros, Script.Fault fault, int after) {
        return new Script(questions.incrementAndGet(), Script.Form.PROSE, deltas, micros, fault, after);
    }

    private static String body(Script script) {
        return "{\"message\":\"Hello\",\"model\":\"%s\"}".formatted(script.model());
    }

    /** A stream that nobody watches yet. */
    private String create(String body) throws IOException {
        HttpResponse<String> answer = send(HttpRequest.newBuilder(uri("/streams"))
                .header("Content-Type", "application/json")
                .header("Accept", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body)));
        if (answer.statusCode() != 201) {
            throw new IOException("POST /streams: " + answer.statusCode() + " " + answer.body());
        }
        return JACKSON.readTree(answer.body()).path("stream").asText();
    }

    private HttpResponse<String> send(HttpRequest.Builder request) throws IOException {
        try {
            return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        }
    }

    private URI uri(String path) {
        return URI.create("http://127.0.0.1:" + port + path);
    }

    private void expect(SoakViewer viewer, String end) {
        String is = viewer.status() == 200 ? viewer.end() : viewer.status() + " " + viewer.refusal();
        ends.merge(is, 1, Integer::sum);
        note(is.equals(end), is + " instead of " + end);
    }

    private void note(boolean asExpected, String what) {
        if (!asExpected) {
            unexpected.merge(what, 1, Integer::sum);
        }
    }

    private long millisLeft() {
        return (endNanos - System.nanoTime()) / 1_000_000;
    }

    private static void pause(long millis) {
        Bench.pause(Duration.ofMillis(millis));
    }

    private static void join(Future<?> viewer) throws IOException {
        try {
            viewer.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof SoakViewer.Wrong wrong) {
                throw wrong;
            }
            throw new IOException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        }
    }
}
