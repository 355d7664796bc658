package rivulet.feed;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A schema's patterns are matched as JSON Schema has it, but not for ever. */
@Timeout(60)
class SchemaCheckTest {
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
}
