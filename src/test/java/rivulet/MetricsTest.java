package rivulet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What {@code /metrics} tells: each generation once, when it has ended; in words that Prometheus takes. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class MetricsTest {
    private static final String ENDS = "rivulet_generations_total";
    private static TestServer shared;

    @BeforeAll
    static void start() {
        shared = TestServer.with();
    }

    @AfterAll
    static void stop() {
        shared.close();
    }

    private static void chat(TestServer server, String model) {
        server.get("/sse/chat?message=hi&model=" + model);
    }

    /** A stream's id, begun in the background. */
    private static String begin(TestServer server, String body) {
        return TestServer.json(server.post("/streams", body, "Accept", "application/json")
                        .body())
                .path("stream")
                .asText();
    }

    @Test
    void anAnswerIsMeasuredByTheConventionsOfOpenTelemetry() {
        Scrape before = Scrape.of(shared);
        chat(shared, "sim-200tps-20tokens");
        Scrape scrape = Scrape.until(shared, before, s -> s.sum(ENDS) == 1);
        String model = "gen_ai_request_model=\"sim-200tps-20tokens\"";
        String chat = "gen_ai_operation_name=\"chat\"";
        assertEquals(1, scrape.sum("gen_ai_server_request_duration_seconds_count", model, chat, "error_type=\"\""));
        assertEquals(1, scrape.sum("gen_ai_server_request_duration_seconds_bucket", model, "le=\"+Inf\""));
        assertEquals(1, scrape.sum("gen_ai_server_time_to_first_token_seconds_count", model, chat));
        assertEquals(1, scrape.sum("gen_ai_server_time_per_output_token_seconds_count", model, chat));
        assertEquals(20, scrape.sum("gen_ai_client_token_usage_sum", model, "gen_ai_token_type=\"output\""));
        assertEquals(1, scrape.sum("gen_ai_client_token_usage_count", model, "gen_ai_token_type=\"input\""));
        double first = scrape.sum("gen_ai_server_time_to_first_token_seconds_sum", model);
        double all = scrape.sum("gen_ai_server_request_duration_seconds_sum", model);
        assertTrue(0 < first && first < all, first + " of " + all);
        // Not the five milliseconds of 200 tokens a second: on a busy machine those that follow a late one are early.
        double perToken = scrape.sum("gen_ai_server_time_per_output_token_seconds_sum", model);
        assertTrue(
                0 < perToken && 19 * perToken <= all - first + 1e-6,
                "19 times " + perToken + ", " + first + " of " + all);
        assertEquals(20, scrape.sum("rivulet_deltas_total", "kind=\"chat\""));
        assertEquals(1, scrape.sum(ENDS, "kind=\"chat\"", "end=\"done\"", "code=\"stop\""));
    }

    @Test
    void aDemoIsNoAnswerOfAModel() {
        Scrape before = Scrape.of(shared);
        shared.get("/sse/countdown?from=1&interval=1ms");
        Scrape scrape = Scrape.until(shared, before, s -> s.sum(ENDS, "kind=\"countdown\"") == 1);
        assertEquals(0, scrape.sum("gen_ai_server_request_duration_seconds_count"));
    }

    @Test
    void aStreamThatIsResumedIsOneGeneration() {
        Scrape before = Scrape.of(shared);
        PlainViewer viewer = new PlainViewer();
        String path = "/sse/chat?message=hi&format=json&model=sim-200tps-60tokens";
        viewer.view(shared.port(), path, 400);
        viewer.view(shared.port(), path, viewer.bytes() + 400);
        viewer.view(shared.port(), path, Long.MAX_VALUE);
        assertTrue(viewer.ended());
        assertEquals(62, viewer.events().size());
        Scrape scrape = Scrape.until(shared, before, s -> s.sum(ENDS) > 0);
        assertEquals(1, scrape.sum(ENDS));
        assertEquals(1, scrape.sum("gen_ai_server_request_duration_seconds_count"));
        assertEquals(60, scrape.sum("gen_ai_client_token_usage_sum", "gen_ai_token_type=\"output\""));
        assertEquals(2, scrape.sum("rivulet_resumes_total"));
    }

    @Test
    void whatWasMissedIsCountedAsReplayed() {
        Scrape before = Scrape.of(shared);
        String id = begin(shared, "{\"kind\":\"fake-llm\",\"text\":\"abcd\",\"delay\":\"1ms\"}");
        Scrape.until(shared, before, s -> s.sum(ENDS) == 1);
        shared.get("/streams/" + id, "Last-Event-ID", id + ".1");
        // b, c, d and the end.
        Scrape.until(
                shared,
                before,
                s -> s.sum("rivulet_resumes_total") == 1 && s.sum("rivulet_replayed_events_total") == 4);
    }

    @Test
    void endsAreToldByTheirCodesAndCancelsByTheirCauses() {
        try (TestServer server = TestServer.with("DISCONNECT_GRACE", "0s")) {
            Scrape before = Scrape.of(server);
            chat(server, "sim-fast-401");
            chat(server, "sim-fast-cut-after-3");
            chat(server, "sim-fast-length");
            String id = begin(server, "{\"kind\":\"chat\",\"message\":\"a\",\"model\":\"sim-fast-stall-after-2\"}");
            server.delete("/streams/" + id);
            new PlainViewer().view(server.port(), "/sse/chat?model=sim-stall-after-9&format=json&message=a", 200);
            Scrape scrape = Scrape.until(
                    server, before, s -> s.sum(ENDS) == 5 && s.sum("rivulet_requests_total", "status=\"502\"") == 1);
            assertEquals(1, scrape.sum(ENDS, "end=\"failed\"", "code=\"upstream_auth\""), scrape.text());
            assertEquals(1, scrape.sum(ENDS, "end=\"failed\"", "code=\"upstream_truncated\""), scrape.text());
            assertEquals(1, scrape.sum(ENDS, "end=\"done\"", "code=\"length\""));
            assertEquals(2, scrape.sum(ENDS, "end=\"done\"", "code=\"cancelled\""));
            assertEquals(1, scrape.sum("rivulet_cancels_total", "cause=\"viewer_asked\""));
            assertEquals(1, scrape.sum("rivulet_cancels_total", "cause=\"viewers_left\""));
            assertEquals(1, scrape.sum("gen_ai_server_request_duration_seconds_count", "error_type=\"upstream_auth\""));
            assertEquals(1, scrape.sum("rivulet_requests_total", "route=\"/sse/chat\"", "status=\"502\""));
        }
    }

    @Test
    void askingTheUpstreamAgainIsCounted() {
        Scrape before = Scrape.of(shared);
        chat(shared, "sim-fast-429");
        Scrape scrape = Scrape.until(shared, before, s -> s.sum(ENDS) == 1);
        assertEquals(2, scrape.sum("rivulet_upstream_retries_total"));
        assertEquals(0, scrape.sum("rivulet_upstream_fallbacks_total"));
    }

    @Test
    void theWayOfEventsThroughTheServerIsTimed() {
        Scrape before = Scrape.of(shared);
        chat(shared, "sim-500tps-200tokens");
        Scrape scrape = Scrape.until(shared, before, s -> s.sum(ENDS) == 1);
        double count = scrape.sum("rivulet_added_latency_seconds_count");
        // The 2nd, 66th, 130th and 194th; the first may come before its viewer.
        assertTrue(count >= 1 && count <= 4, "timed " + count);
        assertTrue(scrape.sum("rivulet_added_latency_seconds_sum") > 0);
    }

    /** A viewer that reads nothing of an answer that is longer than what the network holds. */
    private static Socket unread(TestServer server) throws IOException {
        return RawHttp.unread(server.port(), "/sse/chat?message=a&model=sim-fast-99999tokens");
    }

    @Test
    void aViewerThatDoesNotReadIsCountedWhenItIsDropped() throws IOException {
        try (TestServer server = TestServer.with("SLOW_VIEWER_TIMEOUT", "300ms", "MAX_ANSWER_BYTES", "100000000");
                Socket viewer = unread(server)) {
            assertTrue(viewer.isConnected());
            Scrape before = Scrape.of(server);
            Scrape.until(server, before, s -> s.sum("rivulet_viewers_dropped_total") == 1);
        }
    }

    @Test
    void aViewerHasItsTimeToReadThoughAnIdleConnectionHasLess() throws Exception {
        try (TestServer server = TestServer.with("SLOW_VIEWER_TIMEOUT", "31s", "MAX_ANSWER_BYTES", "100000000");
                Socket viewer = unread(server)) {
            assertTrue(viewer.isConnected());
            Scrape before = Scrape.of(server);
            TestServer.await("the viewer came", () -> server.viewers() == 1);
            CompletableFuture<Void> gone = TestServer.meanwhile(() -> {
                while (server.viewers() == 1) {
                    LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(100));
                }
                return null;
            });
            gone.get(45, TimeUnit.SECONDS);
            Scrape.until(server, before, s -> s.sum("rivulet_viewers_dropped_total") == 1);
        }
    }

    @Test
    void theServersOwnStateIsTold() {
        try (TestServer server = TestServer.with("MAX_LOG_BYTES", "2000000")) {
            String id = begin(server, "{\"kind\":\"countdown\",\"from\":60}");
            Scrape scrape = Scrape.of(server);
            assertEquals(1, scrape.sum("rivulet_streams_live"));
            assertEquals(0, scrape.sum("rivulet_viewers"));
            assertEquals(2_000_000, scrape.sum("rivulet_log_limit_bytes"));
            assertTrue(scrape.sum("rivulet_log_used_bytes") > 0);
            assertEquals(1, scrape.sum("rivulet_store_state", "state=\"reachable\""));
            assertEquals(1, scrape.sum("rivulet_store_state"));
            assertTrue(scrape.sum("jetty_connections") >= 1);
            assertTrue(scrape.sum("jetty_threads_busy") >= 1);
            assertTrue(scrape.sum("jvm_memory_used_bytes", "area=\"heap\"") > 0);
            assertEquals(0, scrape.sum(ENDS), "nothing has ended");
            server.delete("/streams/" + id);
        }
    }

    @Test
    void whoeverNamesManyModelsMakesNoManySeries() {
        try (TestServer server = TestServer.with()) {
            // First, while there are places.
            chat(server, "sim-fast%0D%0Aforged_metric%201");
            for (int i = 0; i < 60; i++) {
                chat(server, "sim-fast-1tokens-echo&_=" + i);
                server.get("/sse/chat?message=hi&model=sim-fast-" + (i + 1) + "tokens");
            }
            chat(server, "sim-fast-404");
            Scrape scrape = Scrape.until(server, Scrape.NOTHING, s -> s.sum(ENDS) == 122);
            Set<String> models = scrape.samples().keySet().stream()
                    .flatMap(s -> Pattern.compile("gen_ai_request_model=\"([^\"]*)\"")
                            .matcher(s)
                            .results())
                    .map(found -> found.group(1))
                    .collect(Collectors.toSet());
            assertEquals(41, models.size(), models.toString());
            assertTrue(models.contains("other") && !models.contains("sim-fast-404"), models.toString());
            assertFalse(scrape.text().contains("forged"));
            assertEquals(122, scrape.sum("gen_ai_server_request_duration_seconds_count"));
        }
    }

    @Test
    void aPathIsNoLabel() {
        Scrape before = Scrape.of(shared);
        shared.get("/stream/a-secret-prompt?model=sim-fast");
        shared.get("/no-such-secret-path");
        Scrape scrape = Scrape.until(
                shared,
                before,
                s -> s.sum("rivulet_requests_total", "route=\"/stream/*\"") == 1
                        && s.sum("rivulet_requests_total", "route=\"none\"", "status=\"404\"") == 1);
        assertFalse(scrape.text().contains("secret"), scrape.text());
    }

    @Test
    void whoIsNotOnThisMachineIsRefused() throws IOException {
        Optional<String> outside = NetworkInterface.networkInterfaces()
                .flatMap(NetworkInterface::inetAddresses)
                .filter(address -> !address.isLoopbackAddress() && address.getAddress().length == 4)
                .map(InetAddress::getHostAddress)
                .findFirst();
        assumeTrue(outside.isPresent(), "an address beside the loopback's");
        try (TestServer server = TestServer.with("HOST", outside.get())) {
            HttpResponse<String> refused = server.get("/metrics");
            assertEquals(403, refused.statusCode());
            assertEquals(
                    "metrics_local",
                    TestServer.json(refused.body()).path("error").path("code").asText());
        }
    }

    @Test
    void whoComesThroughAProxyOnThisMachineIsRefused() {
        assertEquals(200, shared.get("/metrics").statusCode());
        assertEquals(403, shared.get("/metrics", "X-Forwarded-For", "192.0.2.1").statusCode());
        assertEquals(403, shared.get("/metrics", "Forwarded", "for=192.0.2.1").statusCode());
    }

    /** The linter of Prometheus, from Debian's package of that name. */
    @Test
    void promtoolHasNothingToSay() throws Exception {
        assumeTrue(onPath("promtool"), "promtool");
        Scrape before = Scrape.of(shared);
        chat(shared, "sim-fast-20tokens");
        chat(shared, "sim-fast-401");
        shared.get("/sse/countdown?from=1&interval=1ms");
        Scrape scrape = Scrape.until(shared, before, s -> s.sum(ENDS) == 3);
        Path metrics = Files.createTempFile("metrics", ".txt");
        Files.writeString(metrics, scrape.text());
        Process promtool = new ProcessBuilder("promtool", "check", "metrics")
                .redirectInput(metrics.toFile())
                .redirectErrorStream(true)
                .start();
        String said = new String(promtool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, promtool.waitFor(), said);
        assertEquals("", said);
        Files.delete(metrics);
    }

    @Test
    void whatIsToldIsWrittenDown() throws IOException {
        Scrape before = Scrape.of(shared);
        chat(shared, "sim-200tps-20tokens");
        shared.get("/sse/countdown?from=1&interval=1ms");
        Scrape scrape = Scrape.until(
                shared,
                before,
                s -> s.sum(ENDS) == 2 && s.sum("rivulet_requests_total", "route=\"/sse/countdown\"") == 1);
        Set<String> told = scrape.text()
                .lines()
                .filter(line -> line.matches("# TYPE (gen_ai|rivulet|jetty)_.*"))
                .map(line -> line.split(" ", -1)[2])
                // Micrometer adds one to each histogram.
                .filter(name -> !name.endsWith("_max"))
                .collect(Collectors.toCollection(TreeSet::new));
        Set<String> written = Pattern.compile("(?m)^\\| `((gen_ai|rivulet|jetty)_[a-z_]+)`")
                .matcher(Files.readString(Path.of("src/docs/telemetry.md")))
                .results()
                .map(row -> row.group(1))
                .collect(Collectors.toCollection(TreeSet::new));
        assertEquals(told, written);
    }

    @Test
    void theDashboardAsksForNothingThatIsNotTold() throws IOException {
        Set<String> asked = new TreeSet<>();
        JsonNode dashboard = TestServer.json(Files.readString(Path.of("src/docs/grafana.json")));
        for (JsonNode expression : dashboard.findValues("expr")) {
            String withoutLabels = expression.asText().replaceAll("\\{[^}]*}|by \\([^)]*\\)", "");
            Pattern.compile("[a-z]+_[a-z_]*[a-z]")
                    .matcher(withoutLabels)
                    .results()
                    .map(MatchResult::group)
                    .filter(name -> !name.equals("histogram_quantile") && !name.equals("clamp_min"))
                    .filter(name -> !name.equals("rate_interval"))
                    .forEach(asked::add);
        }
        assertTrue(asked.size() > 20, asked.toString());
        chat(shared, "sim-200tps-20tokens");
        System.gc();
        Scrape.until(shared, Scrape.NOTHING, s -> {
            asked.removeAll(s.names());
            return asked.isEmpty() || (s.sum("jvm_gc_pause_seconds_count") > 0 && s.sum(ENDS) > 0);
        });
        assertEquals(Set.of(), asked);
    }

    private static boolean onPath(String program) throws IOException, InterruptedException {
        return new ProcessBuilder("/bin/sh", "-c", "command -v " + program)
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .start()
                        .waitFor()
                == 0;
    }
}
