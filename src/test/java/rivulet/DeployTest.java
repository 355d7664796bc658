package rivulet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What {@code src/deploy} says to Docker and to systemd, as far as it can be tried without them. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class DeployTest {
    private static final Path DEPLOY = Path.of("src", "deploy");

    /** How a command ended, and what it said. */
    private record Run(int status, String said) {}

    private static Run run(Map<String, String> environment, String... command) throws Exception {
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().remove("TLS_CERT");
        builder.environment().putAll(environment);
        Process process = builder.start();
        process.getOutputStream().close();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Run(process.waitFor(), said);
    }

    private static boolean installed(String program) throws Exception {
        return run(Map.of(), "sh", "-c", "command -v " + program).status() == 0;
    }

    private static String healthCheck() throws IOException {
        Matcher check = Pattern.compile("(?s)\\nHEALTHCHECK [^\\n]*\\\\\\n *CMD ([^\\n]+)\\n")
                .matcher(Files.readString(DEPLOY.resolve("Dockerfile")));
        assertTrue(check.find());
        return check.group(1);
    }

    private static int health(int port, Map<String, String> more) throws Exception {
        Map<String, String> environment = new java.util.HashMap<>(more);
        environment.put("PORT", String.valueOf(port));
        return run(environment, "sh", "-c", healthCheck()).status();
    }

    @Test
    void theImagesHealthCheckTellsAReadyServerFromNone(@TempDir Path folder) throws Exception {
        assumeTrue(installed("wget"), "wget is not installed");
        Certificates certificates = Certificates.in(folder);
        Map<String, String> tls = Map.of("TLS_CERT", certificates.certificate().toString());
        int port;
        try (TestServer plain = TestServer.with("ACCESS_TOKENS", "ann:ann-0123456789abcdef");
                TestServer secure = TestServer.with(certificates.settings())) {
            assertEquals(0, health(plain.port(), Map.of()));
            assertEquals(0, health(secure.port(), tls));
            port = plain.port();
        }
        assertNotEquals(0, health(port, Map.of()));
    }

    @Test
    void systemdUnderstandsTheWholeUnit() throws Exception {
        assumeTrue(installed("systemd-analyze"), "systemd-analyze is not installed");
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/java")), "the unit's java is not installed");
        Run verified = run(
                Map.of(),
                "systemd-analyze",
                "verify",
                DEPLOY.resolve("rivulet.service").toString());
        // An unknown key is only told of, and left out; what else it says is about this machine's own units.
        assertEquals(
                List.of(),
                verified.said()
                        .lines()
                        .filter(line -> line.contains("rivulet.service"))
                        .toList());
        assertEquals(0, verified.status(), verified.said());
    }
}
