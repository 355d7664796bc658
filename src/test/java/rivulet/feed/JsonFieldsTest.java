package rivulet.feed;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import rivulet.log.ErrorCode;

/** The steps themselves, as a transcript: what is fed, then what has come out of it. */
@Timeout(20)
class JsonFieldsTest {
    private static final JsonFields.Limits LIMITS = JsonFields.Limits.DEFAULTS;

    private final List<String> told = new ArrayList<>();
    private JsonFields fields = fields(LIMITS);

    private JsonFields fields(JsonFields.Limits limits) {
        return new JsonFields(
                new JsonFields.Steps() {
                    @Override
                    public void set(String path, String literal) {
                        told.add(path + " = " + literal);
                    }

                    @Override
                    public void append(String path, String delta) {
                        told.add(path + " + " + delta);
                    }
                },
                limits,
                false);
    }

    private void assertTold(String delta, String... steps) {
        fields.text(delta);
        assertEquals(List.of(steps), told, "after " + delta);
        told.clear();
    }

    private InvalidJson refusalOf(String text) {
        return assertThrows(InvalidJson.class, () -> {
            fields.text(text);
            fields.end();
        });
    }

    @Test
    void tellsEachValueAsSoonAsItIsCertain() {
        assertTold("{", " = {}");
        assertTold("\"title");
        assertTold("\"");
        assertTold(":");
        assertTold(" \"", "/title = \"\"");
        assertTold("Ri", "/title + Ri");
        assertTold("vulet\"", "/title + vulet");
        assertTold(",\"n\":[4", "/n = []");
        assertTold(".");
        assertTold("0");
        assertTold(",", "/n/0 = 4.0");
        assertTold("tru");
        assertTold("e", "/n/1 = true");
        assertTold(" ,{ ", "/n/2 = {}");
        assertTold("} ]");
        assertFalse(fields.complete());
        assertTold("}");
        assertTrue(fields.complete());
        fields.end();
        assertEquals(List.of(), told);
    }

    @Test
    void tellsTheGrowthOfOneStringInOnePieceOnce() {
        assertTold("{\"a\":\"x\\n\\u00e9y", " = {}", "/a = \"\"", "/a + x\né" + "y");
        assertTold("1\",\"b\":\"2", "/a + 1", "/b = \"\"", "/b + 2");
    }

    @Test
    void escapeCutAnywhereChangesNothing() {
        assertTold("[\"a\\", " = []", "/0 = \"\"", "/0 + a");
        assertTold("u0");
        assertTold("0e");
        assertTold("9\\", "/0 + é");
        assertTold("/", "/0 + /");
    }

    @Test
    void surrogatePairIsNeverHalved() {
        assertTold("[\"a\uD83D", " = []", "/0 = \"\"", "/0 + a");
        assertTold("\uDE00", "/0 + \uD83D\uDE00");
        assertTold("\\uD83D\\uDE");
        assertTold("00b", "/0 + \uD83D\uDE00b");
        assertTold("\uD83D");
        assertTold("\\uDE00", "/0 + \uD83D\uDE00");
    }

    @Test
    void unpairedSurrogateBecomesReplacementCharacter() {
        assertTold("[\"\uD83D", " = []", "/0 = \"\"");
        assertTold("x", "/0 + \uFFFDx");
        assertTold("\\uDE00", "/0 + \uFFFD");
        assertTold("\uD83D\uD83D\uDE00", "/0 + \uFFFD\uD83D\uDE00");
        assertTold("\uD83D");
        assertTold("\"", "/0 + \uFFFD");
        assertTold(",{\"\uD800\":1}", "/1 = {}", "/1/\uFFFD = 1");
    }

    @Test
    void namesAreEscapedInPaths() {
        assertTold(
                "{\"\":0,\"a/b\":1,\"m~n\":2,\"~1\":3,\"__proto__\":{\"/\":4}}",
                " = {}",
                "/ = 0",
                "/a~1b = 1",
                "/m~0n = 2",
                "/~01 = 3",
                "/__proto__ = {}",
                "/__proto__/~1 = 4");
    }

    @Test
    void nameThatComesAgainIsSetAgain() {
        assertTold(
                "{\"a\":{\"x\":1},\"a\":{\"y\":[2]},\"a\":\"s\"}",
                " = {}",
                "/a = {}",
                "/a/x = 1",
                "/a = {}",
                "/a/y = []",
                "/a/y/0 = 2",
                "/a = \"\"",
                "/a + s");
    }

    @Test
    void longWhiteSpaceIsSkipped() {
        assertTold("{" + " \n".repeat(50_000), " = {}");
        assertTold("\n\t \"a\"\n\n\n:\n\n\n1" + " ".repeat(50_000) + "}", "/a = 1");
    }

    @Test
    void numberAtTheRootIsCompletedByTheEnd() {
        assertTold("4");
        assertTold("2");
        assertFalse(fields.complete());
        fields.end();
        assertEquals(List.of(" = 42"), told);
        assertTrue(fields.complete());
    }

    @Test
    void whatStandsBeforeARefusalIsToldHoweverItIsCut() {
        assertThrows(InvalidJson.class, () -> fields.text("{\"a\":\"built\\x"));
        assertEquals(List.of(" = {}", "/a = \"\"", "/a + built"), told);
    }

    @Test
    void numberThatMayYetBeRefusedIsNotTold() {
        assertThrows(InvalidJson.class, () -> fields.text("[1x"));
        assertEquals(List.of(" = []"), told);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"a\":[1,x]}      | /a/1   | expected a value, found 'x'",
                "{\"a\":{\"b\" 1}}  | /a/b   | expected ':' after the name, found '1'",
                "{\"a/b\":01}       | /a~1b  | a number must not have a leading zero",
                "{\"a\":nul!}       | /a     | expected the literal null, found '!'",
                "{\"a\":[1 2]}      | /a     | expected ',' or ']', found '2'",
                "{\"a\":1]          | ``     | expected ',' or '}', found ']'",
                "[\"\u0001\"]       | /0     | expected control characters in a string to be escaped, found U+0001",
                "[-]                | /0     | expected a digit in the number, found ']'",
                "[{\"a\":[true      | /0/a   | the text ended inside the document",
                "[1,\"cut           | /1     | the text ended inside the document",
                "nothing            | ``     | the text holds no JSON value: expected the literal null, found 'o'",
                "No.                | ``     | the text holds no JSON value",
                "``                 | ``     | the text holds no JSON value",
            })
    void refusalSaysWhereAndWhatWouldBeRight(String text, String path, String message) {
        InvalidJson refusal = refusalOf(text);
        assertEquals(path, refusal.path());
        assertEquals(message, refusal.getMessage());
        assertEquals(ErrorCode.INVALID_JSON, refusal.code());
    }

    @Test
    void refusedTextIsNotReadOn() {
        refusalOf("{]");
        assertThrows(IllegalStateException.class, () -> fields.text("{}"));
        assertThrows(IllegalStateException.class, fields::end);
        assertFalse(fields.complete());
    }

    @ParameterizedTest
    @ValueSource(strings = {"[[[", "[{\"a\":{"})
    void depthHasALimit(String tooDeep) {
        fields = fields(new JsonFields.Limits(2, 100, 5, 3));
        assertEquals(
                "the document must not be nested deeper than 2 levels",
                refusalOf(tooDeep).getMessage());
    }

    @ParameterizedTest
    @ValueSource(strings = {"[123456", "[1.2345e6", "[-0.00000", "123456"})
    void numberHasALimit(String tooLong) {
        fields = fields(new JsonFields.Limits(2, 100, 5, 3));
        String message = refusalOf(tooLong).getMessage();
        assertTrue(String.valueOf(message).endsWith("a number must not have more than 5 digits"), message);
    }

    @ParameterizedTest
    @ValueSource(strings = {"[1e31", "[1E+31", "[-1.5e-31", "1e99999999999"})
    void exponentHasALimit(String tooLarge) {
        fields = fields(new JsonFields.Limits(2, 100, 30, 3));
        String message = refusalOf(tooLarge).getMessage();
        assertTrue(String.valueOf(message).endsWith("a number's exponent must be from -30 to 30"), message);
    }

    @Test
    void exponentOfExactlyTheLimitPasses() {
        fields = fields(new JsonFields.Limits(2, 100, 30, 3));
        assertTold("[1e30,1e-030,", " = []", "/0 = 1e30", "/1 = 1e-030");
    }

    @Test
    void nameHasALimit() {
        fields = fields(new JsonFields.Limits(2, 100, 5, 3));
        assertTold("{\"\\u0061bc\":1,", " = {}", "/abc = 1");
        assertEquals(
                "a name must not be longer than 3 characters",
                refusalOf("\"abcd").getMessage());
    }

    @Test
    void documentHasALimitThatProseDoesNotCountFor() {
        fields = fields(new JsonFields.Limits(2, 10, 5, 3));
        assertTold("Here it comes, at last: {\"a\":\"bcd", " = {}", "/a = \"\"", "/a + bcd");
        assertEquals(
                "the document must not be longer than 10 characters",
                refusalOf("e\"}").getMessage());
        assertEquals(List.of("/a + e"), told);
    }

    @Test
    void documentOfExactlyTheLimitPasses() {
        fields = fields(new JsonFields.Limits(2, 10, 5, 3));
        assertTold("[1234,\"a\"] and much more after it", " = []", "/0 = 1234", "/1 = \"\"", "/1 + a");
        fields.end();
    }
}
