package rivulet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The {@code .env} file: what its lines mean, and that none is passed over or quoted. */
@Timeout(value = 20, unit = TimeUnit.SECONDS)
class DotEnvTest {
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            KEY=sk-abc                        | sk-abc
            KEY = sk-abc                      | sk-abc
            export KEY=sk-abc                 | sk-abc
            KEY='sk-abc'                      | sk-abc
            KEY="sk-abc" # of the team        | sk-abc
            KEY=sk-abc   # of the team        | sk-abc
            KEY=sk#abc                        | sk#abc
            KEY="sk #abc"                     | sk #abc
            KEY=say "hi" to 'all'             | say "hi" to 'all'
            KEY='[{"name":"a","key":"A_KEY"}]'| [{"name":"a","key":"A_KEY"}]
            KEY="it's"                        | it's
            KEY="C:\\tls\\cert.pem"           | C:\\tls\\cert.pem
            KEY='${A}'                        | ${A}
            KEY=$A                            | $A
            KEY=                              | ``
            KEY=""                            | ``
            KEY= # none                       | ``
            """)
    void oneLineSetsOneVariable(String line, String value) {
        assertEquals(Map.of("KEY", value), DotEnv.parse(line).variables());
        assertEquals(
                Map.of("KEY", value, "PORT", "1"),
                DotEnv.parse("\uFEFF" + line + "\r\nPORT=1\r\n").variables());
        assertEquals(value, DotEnv.parse("KEY=${A}\n" + line).get("KEY"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"A=${sk-abc}", "A=sk-abc${B}", "A=\"sk-abc ${B}\""})
    void whatOthersFillInIsRefusedWhereItIsAskedForAndNotQuoted(String line) {
        DotEnv env = DotEnv.parse("B=1\n" + line);
        assertEquals("1", env.get("B"));
        String said = String.valueOf(
                assertThrows(SettingError.class, () -> env.get("A")).getMessage());
        assertTrue(said.contains("value of A,") && !said.contains("sk-abc"), said);
        assertEquals("2", DotEnv.parse(line + "\nA=2").get("A"));
    }

    @Test
    void aValueInQuotesMayHoldLineEnds() {
        assertEquals(
                Map.of("INSTRUCTIONS", "Be brief.\nBe kind.", "PORT", "1"),
                DotEnv.parse("INSTRUCTIONS=\"Be brief.\nBe kind.\"\nPORT=1").variables());
    }

    @Test
    void emptyLinesAndCommentsSetNothing() {
        assertEquals(
                Map.of("PORT", "2"),
                DotEnv.parse("\n  # PORT=1\n\t\nPORT=2\n#\n\n").variables());
        assertEquals(Map.of(), DotEnv.parse("#\n".repeat(100_000)).variables());
        assertEquals(Map.of(), DotEnv.parse("").variables());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "OPENAI_API_KEY=\"sk-abc\nACCESS_TOKENS=ann:0123456789abcdef\n",
                "OPENAI_API_KEY='sk-abc\nACCESS_TOKENS=ann:0123456789abcdef\n",
                "OPENAI_API_KEY=\"sk-abc\nACCESS_TOKENS=\"ann:0123456789abcdef\"\n",
                "OPENAI_API_KEY=\"sk-abc\"x\n",
                "OPENAI_API_KEY=\"sk-abc'\n",
                "OPENAI_API_KEY sk-abc\n",
                "export OPENAI_API_KEY\nsk-abc",
                "=sk-abc\n"
            })
    void whatIsNotUnderstoodIsRefusedByItsLineAndNotQuoted(String lines) {
        SettingError error = assertThrows(SettingError.class, () -> DotEnv.parse("PORT=21993\n" + lines));
        String said = String.valueOf(error.getMessage());
        assertTrue(said.startsWith(".env cannot be understood from line 2 on; its lines must read NAME=value"), said);
        assertEquals(1, said.lines().count());
        assertFalse(said.contains("sk-") || said.contains("0123"), said);
    }

    @Test
    void theFileNeedNotBeThereButMustBeText(@TempDir Path folder) throws IOException {
        Path file = folder.resolve(".env");
        assertEquals(Map.of(), DotEnv.read(file).variables());
        Files.writeString(file, "\uFEFFINSTRUCTIONS='답해줘'\n");
        assertEquals(Map.of("INSTRUCTIONS", "답해줘"), DotEnv.read(file).variables());
        Files.write(file, new byte[] {'A', '=', (byte) 0xFF});
        assertThrows(SettingError.class, () -> DotEnv.read(file));
        assertThrows(SettingError.class, () -> DotEnv.read(folder));
    }
}
