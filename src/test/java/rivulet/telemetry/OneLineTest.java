package rivulet.telemetry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Each line that is printed to the log stays one line. */
@Timeout(value = 20, unit = TimeUnit.SECONDS)
class OneLineTest {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final OneLine out = new OneLine(new PrintStream(bytes, true, StandardCharsets.UTF_8));

    private List<String> lines() {
        out.awaitWritten();
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
    void whatIsPrintedInPiecesIsOneLine() {
        out.print("one ");
        out.printf("%s%n", "line");
        out.println();
        assertEquals(List.of("one line", ""), lines());
    }

    @Test
    void whoDoesNotReadHoldsUpNobodyAndLearnsWhatWasLeftOut() throws IOException {
        int printed = 20_000;
        try (PipedInputStream reader = new PipedInputStream(16);
                OneLine unread =
                        new OneLine(new PrintStream(new PipedOutputStream(reader), true, StandardCharsets.UTF_8))) {
            for (int i = 0; i < printed; i++) {
                unread.println("line " + i);
            }
            BufferedReader lines = new BufferedReader(new InputStreamReader(reader, StandardCharsets.UTF_8));
            int read = 0;
            for (; read < 10_000; read++) {
                assertEquals("line " + read, lines.readLine());
            }
            unread.println("the last");
            String line = lines.readLine();
            for (; line.equals("line " + read); read++) {
                line = lines.readLine();
            }
            assertEquals("(" + (printed - read) + " lines of the log are left out here: nobody read it)", line);
            assertEquals("the last", lines.readLine());
        }
    }

    @Test
    void whatIsHarmlessStands() {
        out.println("안녕 — \"quoted\" \\ \uD83D\uDE00");
        assertEquals(List.of("안녕 — \"quoted\" \\ \uD83D\uDE00"), lines());
    }
}
