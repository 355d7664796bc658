package rivulet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The log goes to a pipe that is full, and nobody reads it, as a terminal that was halted does not. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class DeafLogTest {
    private static final String FULL = "head -c 65536 /dev/zero >&2; exec \"$@\"";

    @Test
    void aStopEndsThoughNobodyReadsTheLog() throws Exception {
        ProcessBuilder builder = new ProcessBuilder("sh", "-c", FULL, "sh", ChildNode.java(), "-cp");
        builder.command().addAll(List.of(System.getProperty("java.class.path"), "rivulet.App", "--port", "0"));
        builder.environment().put("WARM_UP", "off");
        builder.environment().put("DRAIN_TIMEOUT", "1s");
        Process node = builder.start();
        BufferedReader out = new BufferedReader(new InputStreamReader(node.getInputStream(), StandardCharsets.UTF_8));
        try {
            Matcher url = Pattern.compile("http://127\\.0\\.0\\.1:\\d+").matcher(out.readLine());
            assertTrue(url.find());
            try (InputStream live =
                    URI.create(url.group() + "/sse/countdown?from=60").toURL().openStream()) {
                assertEquals('e', live.read());
                node.destroy();
                assertTrue(node.waitFor(20, TimeUnit.SECONDS), "the node still runs");
                assertEquals(0, node.exitValue());
            }
        } finally {
            node.destroyForcibly();
        }
    }
}
