package rivulet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.UnixOperatingSystemMXBean;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Requests of all sorts, good ones, spoilt ones and nonsense: each gets an answer that is no fault of the server's, none
 * leaves a trace of the server's inside in an answer or in the log, and nothing is left of them afterwards.
 *
 * <p>{@code -Dfuzz.requests=100000} sends more, {@code -Dfuzz.seed=…} the same ones again.
 */
@Timeout(value = 30, unit = TimeUnit.MINUTES)
class FuzzTest {
    private static final int REQUESTS = Integer.getInteger("fuzz.requests", 2000);
    private static final long SEED = Long.getLong("fuzz.seed", System.nanoTime());
    private static final int CLIENTS = 6;
    private static final Pattern INSIDE =
            Pattern.compile("\\.java:\\d|\\bat (java|rivulet|org|io)\\.|\"code\":\"internal\"");
    /** Idle threads and connections are kept for a minute: what the clients use at once, and no more. */
    private static final int SLACK = 60;

    private final List<String> faults = new CopyOnWriteArrayList<>();
    private final Map<Integer, Integer> statuses = new ConcurrentSkipListMap<>();
    /** All that an answer has told the id of, and the last of these, to be asked for again. */
    private final Set<String> begun = ConcurrentHashMap.newKeySet();

    private final List<String> recent = new CopyOnWriteArrayList<>(Collections.nCopies(30, "A".repeat(22)));

    @Test
    void nothingThatIsSentBreaksTheServerOrStays() throws Exception {
        PrintStream console = System.err;
        ByteArrayOutputStream log = new ByteArrayOutputStream();
        ByteArrayOutputStream accessLog = new ByteArrayOutputStream();
        System.setErr(new PrintStream(log, true, StandardCharsets.UTF_8));
        try (TestServer server = TestServer.writing(
                new PrintStream(accessLog, true, StandardCharsets.UTF_8),
                "LOG_FORMAT",
                "json",
                "RETENTION",
                "3s",
                "DISCONNECT_GRACE",
                "100ms",
                "OPENAI_MODEL",
                "sim-fast")) {
            send(server, REQUESTS / 4, SEED);
            long threads = threads();
            long files = files();
            send(server, REQUESTS - REQUESTS / 4, ~SEED);
            begun.forEach(id -> server.delete("/streams/" + id));
            try {
                TestServer.await("all streams' end", () -> server.liveStreams() == 0 && server.viewers() == 0);
            } catch (AssertionError e) {
                throw new AssertionError(
                        "seed " + SEED + ", " + server.get("/health").body() + ", unended: " + unended(log, accessLog),
                        e);
            }
            TestServer.await("the end of what was kept", () -> Scrape.of(server).sum("rivulet_log_used_bytes") == 0);
            assertTrue(threads() <= threads + SLACK, "threads: " + threads + ", then " + threads());
            TestServer.await("the closing of what was open", () -> files() <= files + SLACK);
        } finally {
            System.setErr(console);
        }
        System.out.println("seed " + SEED + ", answers by status: " + statuses);
        assertEquals(List.of(), faults, "seed " + SEED);
        String logged = log.toString(StandardCharsets.UTF_8);
        assertEquals(
                "",
                String.join(
                        "\n",
                        logged.lines()
                                .filter(line -> line.contains("ERROR")
                                        || INSIDE.matcher(line).find())
                                .limit(60)
                                .toList()),
                "seed " + SEED);
        // Each line is one JSON object: nothing that was sent could end one.
        TestServer.ndjson(accessLog.toString(StandardCharsets.UTF_8));
        assertTrue(statuses.keySet().containsAll(List.of(200, 204, 400, 404, 405)), statuses.toString());
    }

    /** The ids of streams that began and did not end. */
    private static List<String> unended(ByteArrayOutputStream log, ByteArrayOutputStream accessLog) {
        String ended = accessLog
                .toString(StandardCharsets.UTF_8)
                .lines()
                .filter(line -> line.contains("\"event\":\"generation\""))
                .collect(Collectors.joining());
        return Pattern.compile("stream (\\S+) begins: \\S+")
                .matcher(log.toString(StandardCharsets.UTF_8))
                .results()
                .filter(begins -> !ended.contains(begins.group(1)))
                .map(begins -> begins.group() + " "
                        + accessLog
                                .toString(StandardCharsets.UTF_8)
                                .lines()
                                .filter(line -> line.contains(begins.group(1)))
                                .toList())
                .toList();
    }

    private void send(TestServer server, int requests, long seed) {
        List<CompletableFuture<Void>> clients = new ArrayList<>();
        for (int i = 0; i < CLIENTS; i++) {
            FuzzRequests source = new FuzzRequests(seed + i, recent);
            clients.add(TestServer.meanwhile(() -> {
                client(server, source, requests / CLIENTS);
                return null;
            }));
        }
        clients.forEach(CompletableFuture::join);
    }

    private void client(TestServer server, FuzzRequests source, int requests) {
        try (FuzzClient client = new FuzzClient(server.port())) {
            for (int i = 0; i < requests; i++) {
                FuzzRequests.Request request = source.next();
                check(request, client.send(request));
            }
        } catch (IOException | RuntimeException e) {
            faults.add("the client: " + e);
        }
    }

    private void check(FuzzRequests.Request request, FuzzClient.Answer answer) {
        statuses.merge(answer.status(), 1, Integer::sum);
        if (answer.status() == 201 || answer.status() == 200) {
            answer.header("Stream-Id").filter(begun::add).ifPresent(id -> recent.set(begun.size() % recent.size(), id));
        }
        if (answer.status() == 500) {
            fault("a fault of the server's", request, answer);
        }
        if (INSIDE.matcher(answer.body()).find()) {
            fault("shows its inside", request, answer);
        }
        boolean error = answer.status() >= 400 && answer.whole() && !request.headOnly();
        if (error && request.wellFormed() && !hasWords(answer.body())) {
            fault("says no reason", request, answer);
        }
    }

    private static boolean hasWords(String body) {
        return body.startsWith("{\"error\":{") && body.contains("\"message\":\"");
    }

    private void fault(String what, FuzzRequests.Request request, FuzzClient.Answer answer) {
        if (faults.size() < 20) {
            faults.add("%s:%n%s%n-> %s%n%s%n"
                    .formatted(
                            what,
                            new String(request.bytes(), StandardCharsets.ISO_8859_1),
                            answer.head(),
                            answer.body()));
        }
    }

    private static long threads() {
        return ManagementFactory.getThreadMXBean().getThreadCount();
    }

    private static long files() {
        return ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean unix
                ? unix.getOpenFileDescriptorCount()
                : 0;
    }
}
