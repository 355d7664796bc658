package rivulet.telemetry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a caller may have chosen cannot end a line, or look like another field of it. */
@Timeout(value = 20, unit = TimeUnit.SECONDS)
class LineTest {
    private static String logfmt(String value) {
        return new Line(LineFormat.LOGFMT).with("a", value).with("n", 1L).toString();
    }

    @Test
    void whatIsPlainStandsAsItIs() {
        assertEquals("a=gpt-4o-mini n=1", logfmt("gpt-4o-mini"));
        assertEquals("a=/streams/{id} n=1", logfmt("/streams/{id}"));
    }

    @Test
    void whatIsNotIsQuoted() {
        assertEquals("a=\"\" n=1", logfmt(""));
        assertEquals("a=\"b c=d\" n=1", logfmt("b c=d"));
        assertEquals("a=\"\\\" end=done \\\\\" n=1", logfmt("\" end=done \\"));
        assertEquals("a=\"x\\n\\r\\tevent=request\" n=1", logfmt("x\n\r\tevent=request"));
        assertEquals("a=\"\uc548\ub155\" n=1", logfmt("\uc548\ub155"));
    }

    @Test
    void noCharacterEndsALineOrCommandsATerminal() {
        for (int c = 0; c < 0x10000; c++) {
            String line = logfmt("x" + (char) c);
            assertEquals(1, line.lines().count(), line);
            assertEquals(1, line.split("\\R", -1).length, line);
            assertTrue(line.chars().noneMatch(Character::isISOControl), () -> line);
        }
        assertFalse(logfmt("\u202emirrored").contains("\u202e"));
    }

    @Test
    void absentValuesAreLeftOut() {
        assertEquals(
                "n=1",
                new Line(LineFormat.LOGFMT)
                        .with("a", (String) null)
                        .with("b", (Long) null)
                        .with("n", 1L)
                        .toString());
    }

    @Test
    void aLongValueIsCut() {
        assertTrue(logfmt("y".repeat(100_000)).length() < 300);
        String emoji = "\uD83D\uDE00";
        assertEquals("a=\"" + "y".repeat(199) + "…\" n=1", logfmt("y".repeat(199) + emoji));
        assertEquals("a=\"" + "y".repeat(198) + "\\ud83d\\ude00…\" n=1", logfmt("y".repeat(198) + emoji + "y"));
    }

    @Test
    void everyCharacterComesBackOutOfJson() throws Exception {
        ObjectMapper mapper = new ObjectMapper();
        for (int c = 0; c < 0x10000; c++) {
            String value = "\"x" + (char) c;
            String line =
                    new Line(LineFormat.JSON).with("a", value).with("n", 1L).toString();
            assertEquals(value, mapper.readTree(line).path("a").asText());
            assertEquals(1, line.lines().count());
        }
    }
}
