package rivulet.telemetry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Each line that is printed to the log stays one line. */
@Timeout(value = 20, unit = TimeUnit.SECONDS)
class OneLineTest {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final OneLine out = new OneLine(bytes);

    private List<String> lines() {
        return bytes.toString(StandardCharsets.UTF_8).lines().toList();
    }

    @Test
    void aLineEndInAMessageEndsNoLine() {
        out.println("a message\n2026-01-01 ERROR Forged - by a prompt\r\u001b[2J\u2028\u202e");
        assertEquals(
                List.of("a message\\u000a2026-01-01 ERROR Forged - by a prompt\\u000d\\u001b[2J\\u2028\\u202e"),
                lines());
    }

    @Test
    void aFailuresWordsEndNoLine() {
        new IllegalStateException("first\n\tat forged.Frame(Frame.java:1)", new RuntimeException("second\nforged"))
                .printStackTrace(out);
        assertEquals("java.lang.IllegalStateException: first\\u000a\tat forged.Frame(Frame.java:1)", lines().get(0));
        assertTrue(lines().contains("Caused by: java.lang.RuntimeException: second\\u000aforged"), lines().toString());
        assertTrue(lines().stream().noneMatch(line -> line.startsWith("forged") || line.startsWith("\tat forged")));
        assertTrue(lines().get(1).startsWith("\tat rivulet.telemetry.OneLineTest"), lines().get(1));
    }

    @Test
    void whatIsHarmlessStands() {
        out.println("안녕 — \"quoted\" \\ \uD83D\uDE00");
        assertEquals(List.of("안녕 — \"quoted\" \\ \uD83D\uDE00"), lines());
    }
}
