package rivulet.feed;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What holds for every document and every way to cut it, with Jackson as the judge. */
@Timeout(60)
class JsonFieldsPropertyTest {
    private static final ObjectMapper JACKSON = new ObjectMapper();
    /** By itself: the compiler joins one that it finds before an escaped backslash with what follows. */
    private static final char HIGH = '\uD83D';

    /** See {@link #digitThatIsOneOnlyToJacksonsTextReaderIsRefused}. */
    private static final Pattern ODD_DIGIT = Pattern.compile("\\\\u[0-9a-fA-F]{0,3}[^\\x00-\\x7F]");
    /** Jackson takes any; to compute with it may take for ever. */
    private static final Pattern LARGE_EXPONENT = Pattern.compile("[eE][+-]?0*[1-9]\\d{3}");

    private static final int DOCUMENTS = 2_000;
    private static final int MUTANTS = 60_000;
    private static final String MUTATIONS =
            "{}[]\",:\\/bfnrtu0123456789eE+-.alsx \n\t\r\f\u0000\u001f\u00a0\u2028\ufeff'#*NI\u00e9\uD83D\uDE00~`";

    static List<String> documents() {
        return List.of(
                "{}",
                "[]",
                "[[],{},[{}],\"\"]",
                "{\"title\":\"Rivulet\",\"summary\":\"One jar\\n\\\"quoted\\\"\"}",
                "{\n \"a\" \n:\n [ 4.0 , -0 , 1E+5 , 9007199254740993 , 1e400 ] \n}\n",
                "{\"a\":{\"x\":1},\"b\":2,\"a\":{\"y\":[1,{\"a\":true}]},\"a\":null,\"a\":\"last\"}",
                "{\"\":1,\"/\":2,\"~\":3,\"a/b~c\":{\"~1\":{\"\":[0]}},\"__proto__\":{\"constructor\":\"x\"}}",
                "[\"\\u00e9\\/\\b\\f\\n\\r\\t\\\\\\\"\",\"\\uD83D\\uDE00\",\"\uD83D\uDE00\",\"" + HIGH
                        + "\\uDE00\",\"\\ud83d\uDE00\"]",
                "[\"\\uD83D\",\"\\uDE00x\",\"\uD83Dx\",\"\uDE00\uD83D\",\"\\uD83D\\uD83D\\uDE00\",\"\\u0000\uFFFD\uFEFF\"]",
                "{\"\\uD83D\\uDE00\":\"\",\"" + HIGH + "\\n\":\"{\\\"looks\\\": [\\\"like\\\", 1]}\"}",
                "[true,false,null,0,-1,10.25,[true],{\"t\":false}]");
    }

    static List<String> invalid() {
        return List.of(
                "[",
                "{",
                "[1",
                "[1,",
                "{\"a",
                "{\"a\"",
                "{\"a\":",
                "{\"a\":1",
                "{\"a\":1,",
                "[\"",
                "[\"\\",
                "[\"\\u12",
                "[tru",
                "[1,]",
                "[,1]",
                "[,]",
                "[1,,2]",
                "[1 2]",
                "[1:2]",
                "[}",
                "{]",
                "[1}",
                "{\"a\":1]",
                "{,}",
                "{\"a\":1,}",
                "{\"a\"}",
                "{\"a\":}",
                "{\"a\",1}",
                "{\"a\" 1}",
                "{\"a\"::1}",
                "{a:1}",
                "{'a':1}",
                "{1:1}",
                "{null:1}",
                "{{}:1}",
                "{\"a\":1 \"b\":2}",
                "[01]",
                "[00]",
                "[-01]",
                "[-]",
                "[- 1]",
                "[--1]",
                "[+1]",
                "[.5]",
                "[-.5]",
                "[1.]",
                "[1.e5]",
                "[1e]",
                "[1e+]",
                "[1e5.0]",
                "[1.2.3]",
                "[0x1]",
                "[1_0]",
                "[1a]",
                "[1\"\"]",
                "[1[]]",
                "[NaN]",
                "[-NaN]",
                "[Infinity]",
                "[-Infinity]",
                "[-INF]",
                "[1",
                "[\u0661]",
                "[1\u0661]",
                "[True]",
                "[nul]",
                "[nulll]",
                "[truefalse]",
                "[true\"\"]",
                "[undefined]",
                "[TRUE]",
                "[t rue]",
                "[\"\u0000\"]",
                "[\"\u001f\"]",
                "[\"\t\"]",
                "[\"a\nb\"]",
                "{\"\n\":1}",
                "[\"\\x\"]",
                "[\"\\'\"]",
                "[\"\\U0041\"]",
                "[\"\\u004\"]",
                "[\"\\u00g0\"]",
                "[\"\\u 041\"]",
                "[\"\\u+041\"]",
                "[\"\\\n\"]",
                "[\"\\a\"]",
                "{\"\\q\":1}",
                "['a']",
                "[`a`]",
                "[1 /* c */]",
                "[1 // c\n]",
                "[1 # c\n]",
                "[\f1]",
                "[\u000b1]",
                "[\u00a01]",
                "[\u20281]",
                "[\ufeff1]",
                "[\u00001]",
                "[1\u001e]",
                "[\"a\" \"b\"]",
                "[\"a\"b]",
                "[(1)]",
                "[;]",
                "[1;2]",
                "[<a>]",
                "{\"a\":1;\"b\":2}",
                "{\"a\"=1}",
                "{\"a\":\"b\"\"c\"}");
    }

    private static RebuiltDocument fed(String... pieces) {
        RebuiltDocument document = new RebuiltDocument();
        JsonFields fields = new JsonFields(document, JsonFields.Limits.DEFAULTS, false);
        for (String piece : pieces) {
            fields.text(piece);
        }
        fields.end();
        assertTrue(fields.complete());
        return document;
    }

    private static String[] cutAtRandom(String text, Random random) {
        int longest = 1 + random.nextInt(12);
        List<String> pieces = new ArrayList<>();
        for (int at = 0; at < text.length(); ) {
            int to = Math.min(text.length(), at + 1 + random.nextInt(longest));
            pieces.add(text.substring(at, to));
            at = to;
        }
        return pieces.toArray(new String[0]);
    }

    private static boolean jacksonAccepts(String text) {
        try {
            JACKSON.readTree(text);
            return true;
        } catch (JsonProcessingException refused) {
            return false;
        }
    }

    private static boolean accepts(String... pieces) {
        try {
            fed(pieces);
            return true;
        } catch (InvalidJson refused) {
            return false;
        }
    }

    @ParameterizedTest
    @MethodSource("documents")
    void documentCutAtEveryPositionIsRebuilt(String text) throws IOException {
        String expected = RebuiltDocument.parsedByJackson(text).toString();
        assertEquals(expected, fed(text.split("")).toString());
        for (int first = 0; first <= text.length(); first++) {
            for (int second = first; second <= text.length(); second++) {
                String rebuilt = fed(text.substring(0, first), text.substring(first, second), text.substring(second))
                        .toString();
                assertEquals(expected, rebuilt, "cut at " + first + " and " + second);
            }
        }
    }

    @Test
    void randomDocumentsCutAtRandomAreRebuilt() throws IOException {
        Random random = new Random(5);
        for (int i = 0; i < DOCUMENTS; i++) {
            String text = new RandomJson(random, true).document();
            String expected = RebuiltDocument.parsedByJackson(text).toString();
            assertEquals(expected, fed(cutAtRandom(text, random)).toString(), ascii(text));
            assertEquals(expected, fed(text).toString(), ascii(text));
        }
    }

    @Test
    void randomDocumentsAreRebuiltAsJacksonsTree() throws IOException {
        ObjectMapper lenient = JsonMapper.builder()
                .enable(JsonReadFeature.ALLOW_TRAILING_COMMA, JsonReadFeature.ALLOW_UNESCAPED_CONTROL_CHARS)
                .build();
        Random random = new Random(10);
        int compared = 0;
        for (int i = 0; i < DOCUMENTS; i++) {
            String text = new RandomJson(random, true).document();
            JsonNode tree = JACKSON.readTree(text);
            if (StandardCharsets.UTF_8.newEncoder().canEncode(tree.toString())) {
                compared++;
                assertEquals(
                        tree, lenient.readTree(fed(cutAtRandom(text, random)).toString()), ascii(text));
            }
        }
        assertTrue(compared > DOCUMENTS / 3, compared + " compared");
    }

    @Test
    void everyPrefixOfTheStepsIsAPrefixOfTheDocument() throws IOException {
        Random random = new Random(6);
        for (int i = 0; i < DOCUMENTS; i++) {
            String text = new RandomJson(random, false).document();
            RebuiltDocument whole = RebuiltDocument.parsedByJackson(text);
            RebuiltDocument part = new RebuiltDocument();
            JsonFields fields = new JsonFields(afterEach(part, whole), JsonFields.Limits.DEFAULTS, false);
            for (String piece : cutAtRandom(text, random)) {
                fields.text(piece);
            }
        }
    }

    private static JsonFields.Steps afterEach(RebuiltDocument part, RebuiltDocument whole) {
        return new JsonFields.Steps() {
            @Override
            public void set(String path, String literal) {
                part.set(path, literal);
                assertTrue(part.isPrefixOf(whole), () -> part + " begins not " + whole);
            }

            @Override
            public void append(String path, String delta) {
                part.append(path, delta);
                assertTrue(part.isPrefixOf(whole), () -> part + " begins not " + whole);
            }
        };
    }

    @Test
    void howMuchIsKnownAfterAPieceDoesNotDependOnTheCuts() {
        Random random = new Random(7);
        for (int i = 0; i < DOCUMENTS; i++) {
            String text = new RandomJson(random, true).document();
            String begun = text.substring(0, random.nextInt(text.length()));
            RebuiltDocument atOnce = new RebuiltDocument();
            new JsonFields(atOnce, JsonFields.Limits.DEFAULTS, false).text(begun);
            RebuiltDocument cut = new RebuiltDocument();
            JsonFields fields = new JsonFields(cut, JsonFields.Limits.DEFAULTS, false);
            for (String piece : cutAtRandom(begun, random)) {
                fields.text(piece);
            }
            assertEquals(atOnce.toString(), cut.toString(), begun);
        }
    }

    @Test
    void stepsCarryLessThanTwiceTheDocument() {
        Random random = new Random(8);
        for (int i = 0; i < DOCUMENTS; i++) {
            String text = new RandomJson(random, true).document();
            RebuiltDocument document = new RebuiltDocument();
            JsonFields fields = new JsonFields(document, JsonFields.Limits.DEFAULTS, false);
            for (int at = 0; at < text.length(); at++) {
                fields.text(text.substring(at, at + 1));
                assertTrue(document.valueChars() <= 2L * (at + 1), text.substring(0, at + 1));
                assertTrue(document.steps() <= 2 * (at + 1), text.substring(0, at + 1));
            }
            assertTrue(document.valueChars() <= text.length(), text);
        }
    }

    @ParameterizedTest
    @MethodSource("documents")
    void whatJacksonAcceptsIsAccepted(String text) {
        assertTrue(jacksonAccepts(text));
        assertTrue(accepts(text.split("")));
    }

    @ParameterizedTest
    @MethodSource("invalid")
    void whatJacksonRefusesIsRefusedHoweverItIsCut(String text) {
        assertFalse(jacksonAccepts(text), "Jackson");
        assertFalse(accepts(text));
        for (int cut = 1; cut < text.length(); cut++) {
            assertFalse(accepts(text.substring(0, cut), text.substring(cut)));
        }
    }

    @Test
    void mutantsAreJudgedAsByJackson() throws IOException {
        Random random = new Random(9);
        int accepted = 0;
        for (int i = 0; i < MUTANTS; i++) {
            String text = new RandomJson(random, true).document();
            for (int mutations = 1 + random.nextInt(2); mutations > 0; mutations--) {
                text = mutate(text, random);
            }
            if (ODD_DIGIT.matcher(text).find() || LARGE_EXPONENT.matcher(text).find()) {
                continue;
            }
            boolean jackson = jacksonAccepts(text);
            assertEquals(jackson, accepts(cutAtRandom(text, random)), ascii(text));
            if (jackson) {
                accepted++;
                assertEquals(
                        RebuiltDocument.parsedByJackson(text).toString(),
                        fed(text).toString(),
                        ascii(text));
            }
        }
        assertTrue(accepted > MUTANTS / 20 && accepted < MUTANTS / 20 * 19, accepted + " accepted");
    }

    /** A report with half a surrogate pair in it would be cut there. */
    private static String ascii(String text) {
        StringBuilder ascii = new StringBuilder();
        text.chars().forEach(c -> ascii.append(c < 0x7F ? String.valueOf((char) c) : String.format("<%04X>", c)));
        return ascii.toString();
    }

    /** Never the first character: what does not begin with a container may be prose. */
    private static String mutate(String text, Random random) {
        int at = 1 + random.nextInt(text.length());
        String inserted = String.valueOf(MUTATIONS.charAt(random.nextInt(MUTATIONS.length())));
        return switch (random.nextInt(4)) {
            case 0 -> text.substring(0, at) + inserted + text.substring(at);
            case 1 -> text.substring(0, at) + inserted + text.substring(Math.min(text.length(), at + 1));
            case 2 -> text.substring(0, at) + text.substring(Math.min(text.length(), at + 1));
            default -> text.substring(0, at);
        };
    }

    @ParameterizedTest
    @ValueSource(ints = {1000, 1001})
    void limitOfDepthIsJacksons(int depth) {
        String text = "[".repeat(depth) + "]".repeat(depth);
        assertEquals(depth <= 1000, jacksonAccepts(text));
        assertEquals(depth <= 1000, accepts(text));
    }

    @ParameterizedTest
    @ValueSource(ints = {1000, 1001})
    void limitOfNumbersIsJacksons(int digits) {
        for (String number :
                List.of("1".repeat(digits), "-1." + "0".repeat(digits - 1), "1.5e" + "0".repeat(digits - 2))) {
            assertEquals(digits <= 1000, jacksonAccepts("[" + number + "]"));
            assertEquals(digits <= 1000, accepts("[" + number + "]"));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {50_000, 50_001})
    void limitOfNamesIsJacksons(int length) {
        String text = "{\"" + "n".repeat(length) + "\":1}";
        assertEquals(length <= 50_000, jacksonAccepts(text));
        assertEquals(length <= 50_000, accepts(text));
    }

    @Test
    void digitThatIsOneOnlyToJacksonsTextReaderIsRefused() throws IOException {
        String text = "[\"\\u\u0130041\"]";
        assertTrue(jacksonAccepts(text));
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        assertThrows(JacksonException.class, () -> JACKSON.readTree(utf8));
        assertFalse(accepts(text));
    }
}
