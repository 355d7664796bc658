package rivulet.page;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The reader of streams that others may copy, tested where it runs: {@code stream.test.js} in the browser. */
final class StreamReaderTest extends PageTest {
    @Test
    void readerKeepsItsPromises() throws IOException {
        try (InputStream tests = StreamReaderTest.class.getResourceAsStream("stream.test.js")) {
            assertNotNull(tests);
            assertEquals(List.of(), browser.runAsync(new String(tests.readAllBytes(), StandardCharsets.UTF_8) + "\n"));
        }
    }
}
