package rivulet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The jar as users start it, in a process of its own. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class JarIT {
    private final List<Process> processes = new ArrayList<>();

    @AfterEach
    void leavesNoProcess() {
        processes.forEach(Process::destroyForcibly);
    }

    private Process start(Map<String, String> environment, String... args) throws IOException {
        List<String> command = new ArrayList<>(List.of(ChildNode.java(), "-jar", "target/rivulet.jar"));
        command.addAll(List.of(args));
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().putAll(environment);
        builder.redirectError(ProcessBuilder.Redirect.DISCARD);
        Process process = builder.start();
        processes.add(process);
        return process;
    }

    private static String firstLine(Process process) throws IOException {
        return new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8)).readLine();
    }

    private static int port(Process process) throws IOException {
        return Integer.parseInt(firstLine(process).replaceAll(".*127\\.0\\.0\\.1:(\\d+).*", "$1"));
    }

    /** Ends, and does not wait for its streams: they take a minute. */
    private static void assertEnds(Process process) throws InterruptedException {
        assertTrue(process.waitFor(20, TimeUnit.SECONDS), "still running");
    }

    @Test
    void saysInOneLineWhereItIs() throws Exception {
        Process process = start(Map.of("DRAIN_TIMEOUT", "0s"), "--port", "0");
        String line = firstLine(process);
        assertTrue(
                line.matches(
                        "Rivulet \\S+ at http://127\\.0\\.0\\.1:\\d+ - upstream: simulator, chat API - Java \\S+, (virtual|platform) threads"),
                line);
        process.destroy();
        assertEnds(process);
    }

    @Test
    void onSigtermEndsItsStreamsAndSaysZero() throws Exception {
        Process process = start(Map.of("DRAIN_TIMEOUT", "0s"), "--port", "0");
        int port = port(process);
        List<Socket> clients = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            Socket client = new Socket(InetAddress.getLoopbackAddress(), port);
            client.getOutputStream()
                    .write("GET /sse/countdown?from=60 HTTP/1.1\r\nHost: localhost\r\n\r\n"
                            .getBytes(StandardCharsets.UTF_8));
            clients.add(client);
        }
        for (Socket client : clients) {
            assertEquals('H', client.getInputStream().read());
        }
        process.destroy();
        assertEnds(process);
        assertEquals(0, process.exitValue());
        for (Socket client : clients) {
            String rest = new String(client.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertTrue(rest.contains("\"code\":\"shutting_down\"") && rest.endsWith("0\r\n\r\n"), rest);
            client.close();
        }
    }

    @Test
    void answersWhileItWarmsUpAndIsReadyOnceItIsWarmWithNoTraceOfIt() throws Exception {
        Process process = start(Map.of("DRAIN_TIMEOUT", "0s"), "--port", "0");
        int port = port(process);
        assertTrue(RawHttp.get(port, "/health/ready").body().contains("starting"));
        assertTrue(RawHttp.get(port, "/sse/countdown?from=1").body().contains("done"));
        while (RawHttp.get(port, "/health/ready").status() != 200) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
        }
        assertTrue(RawHttp.get(port, "/health/ready").body().contains("ready"));
        String metrics = RawHttp.get(port, "/metrics").body();
        assertTrue(metrics.contains("rivulet_generations_total{"), metrics);
        assertFalse(metrics.contains("kind=\"chat\""), metrics);
        process.destroy();
        assertEnds(process);
    }

    @Test
    void aWrongSettingStopsTheStart() throws Exception {
        Process process = start(Map.of("RETENTION", "long"), "--port", "0");
        assertEnds(process);
        assertEquals(2, process.exitValue());
    }

    @Test
    void aPortInUseStopsTheStart() throws Exception {
        try (java.net.ServerSocket taken = new java.net.ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Process process = start(Map.of(), "--port", String.valueOf(taken.getLocalPort()));
            assertEnds(process);
            assertEquals(1, process.exitValue());
        }
    }
}
