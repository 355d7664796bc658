package rivulet.feed;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.io.StringReader;
import java.lang.ref.WeakReference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.UUID;
import java.util.concurrent.FutureTask;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import rivulet.TestServer;

/** A document is checked as JSON Schema has it, and a schema's patterns are matched so, but not for ever. */
@Timeout(60)
class SchemaCheckTest {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private static Optional<String> violation(String pattern, String text) throws Exception {
        ObjectNode schema = new ObjectMapper().createObjectNode().put("pattern", pattern);
        return new SchemaCheck(schema).firstViolation(TextNode.valueOf(text));
    }

    @Test
    void aPatternMayMatchAnywhere() throws Exception {
        assertEquals(Optional.empty(), violation("b+", "abbc"));
        assertEquals(Optional.empty(), violation("^a.*c$", "abbc"));
        assertEquals(Optional.empty(), violation("^\\p{Letter}+$", "é"));
        assertTrue(violation("^b", "abbc").orElseThrow().contains("pattern"));
        // As in ECMAScript, and unlike in Java, a line end at the end is a character like any other.
        assertTrue(violation("^a$", "a\n").isPresent());
    }

    @Test
    void longTextIsMatched() throws Exception {
        assertEquals(Optional.empty(), violation("^[a-z ]*$", "word ".repeat(200_000)));
    }

    @Test
    void aPatternThatWouldTakeForEverIsAViolation() throws Exception {
        String what = violation("^((a|aa)+)+\\1b$", "a".repeat(60) + "!").orElseThrow();
        assertTrue(what.contains("too much"), what);
        what = violation("^([a-z]+ )*$", "word ".repeat(200_000)).orElseThrow();
        assertTrue(what.contains("too much"), what);
        // The next one has all its time again.
        assertEquals(Optional.empty(), violation("^a+$", "aaa"));
    }

    private static SchemaCheck check(String schema) throws Exception {
        return new SchemaCheck((ObjectNode) MAPPER.readTree(schema));
    }

    private static String violation(SchemaCheck check, String document) throws Exception {
        return check.firstViolation(MAPPER.readTree(document)).orElseThrow();
    }

    @Test
    void aSchemaThatDoublesTheWorkWithEachLineIsAViolation() throws Exception {
        StringBuilder schema = new StringBuilder("{\"$ref\":\"#/$defs/d60\",\"$defs\":{\"d0\":{\"type\":\"string\"}");
        for (int i = 1; i <= 60; i++) {
            String before = "{\"$ref\":\"#/$defs/d" + (i - 1) + "\"}";
            schema.append(",\"d" + i + "\":{\"allOf\":[" + before + "," + before + "]}");
        }
        String what = violation(check(schema + "}}"), "\"x\"");
        assertEquals("the document: it takes too much to check", what);
    }

    @Test
    void whatIsKeptToTheEndIsBounded() throws Exception {
        SchemaCheck check = check("{\"anyOf\":[{\"items\":false},{}]}");
        assertEquals("the document: it takes too much to check", violation(check, "[0" + ",0".repeat(1_000_000) + "]"));
        assertEquals(Optional.empty(), check.firstViolation(MAPPER.readTree("[0" + ",0".repeat(10_000) + "]")));
        check = check("{\"items\":{\"properties\":{\"a\":true},\"unevaluatedProperties\":false}}");
        assertEquals(
                "the document: it takes too much to check",
                violation(check, "[{}" + ",{\"a\":1}".repeat(250_000) + "]"));
    }

    @Test
    void onlyTheFirstViolationIsLookedFor() throws Exception {
        SchemaCheck check = check("{\"items\":{\"type\":\"string\"}}");
        String what = violation(check, "[0" + ",0".repeat(1_000_000) + "]");
        assertTrue(what.startsWith("/0: "), what);
    }

    @Test
    void aNumberThatCannotBeComputedWithIsAViolation() throws Exception {
        String what = violation(check("{\"multipleOf\":3}"), "9".repeat(400));
        assertEquals("the document: one of its numbers is too large to compute with", what);
        String message = assertThrows(IllegalArgumentException.class, () -> check("{\"enum\":[1e999]}"))
                .getMessage();
        assertEquals("The schema cannot be used: one of its numbers is too large.", message);
    }

    @Test
    void whatIsTooDeepForTheStackIsAViolation() throws Exception {
        String schema = "{\"properties\":{\"a\":{\"$ref\":\"#\"}}}";
        // What the checks load is loaded before the stack is short.
        SchemaCheck check = check(schema);
        assertEquals(Optional.empty(), check.firstViolation(MAPPER.readTree("{\"a\":{\"a\":1}}")));
        // Deeper than any stack is, however little of it compiled code takes.
        JsonNode deep = MAPPER.createObjectNode();
        for (int i = 0; i < 100_000; i++) {
            deep = MAPPER.createObjectNode().set("a", deep);
        }
        JsonNode document = deep;
        assertEquals(
                Optional.of("the document: it is nested too deep to check"),
                withShortStack(() -> check.firstViolation(document)));
    }

    @Test
    void aSchemaHasALimit() {
        ObjectNode schema = MAPPER.createObjectNode().put("description", "x".repeat(300_000));
        String message = assertThrows(IllegalArgumentException.class, () -> new SchemaCheck(schema))
                .getMessage();
        assertEquals("The schema must not be longer than 262144 characters.", message);
    }

    private static <T> T withShortStack(Supplier<T> task) throws Exception {
        FutureTask<T> future = new FutureTask<>(task::get);
        new Thread(null, future, "short-stack", 256 * 1024).start();
        return future.get();
    }

    @Test
    void aWordThatNoDraftKnowsIsTakenAndForgotten() throws Exception {
        for (String draft : List.of(
                "https://json-schema.org/draft/2020-12/schema",
                "https://json-schema.org/draft/2019-09/schema",
                "http://json-schema.org/draft-07/schema#")) {
            WeakReference<String> word = afterACheck(draft, "x-" + UUID.randomUUID());
            TestServer.await("the word is forgotten, of " + draft, () -> {
                System.gc();
                return word.get() == null;
            });
        }
    }

    private static WeakReference<String> afterACheck(String draft, String word) throws Exception {
        ObjectNode schema =
                MAPPER.createObjectNode().put("$schema", draft).put(word, 1).put("type", "string");
        SchemaCheck check = new SchemaCheck(schema);
        assertTrue(violation(check, "1").contains("string"));
        assertEquals(Optional.empty(), check.firstViolation(TextNode.valueOf("a")));
        return new WeakReference<>(word);
    }

    @Test
    void whatASchemaSaysIsNotLogged() throws Exception {
        // It is its caller's; the log is the operator's. Not asked of the logger: tests have settings of their own.
        Properties log = new Properties();
        log.load(new StringReader(Files.readString(Path.of("src/main/resources/simplelogger.properties"))));
        assertEquals("off", log.getProperty("org.slf4j.simpleLogger.log.com.networknt"));
    }
}
