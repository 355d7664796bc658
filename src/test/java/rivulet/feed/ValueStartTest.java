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
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which text is the value, and which is what a model says around it. */
@Timeout(20)
class ValueStartTest {
    private record Answer(String text, String value) {}

    static List<Answer> answers() {
        String a = "{\"a\":1}";
        return List.of(
                new Answer(a, "{\"a\":1,}"),
                new Answer("\uFEFF \r\n\t" + a + "\n", "{\"a\":1,}"),
                new Answer("```json\n" + a + "\n```\nDone: {\"b\":2}", "{\"a\":1,}"),
                new Answer("```\n" + a + "\n```", "{\"a\":1,}"),
                new Answer("````json title=\"x\"\r\n" + a + "\r\n````", "{\"a\":1,}"),
                new Answer("```json " + a + "```", "{\"a\":1,}"),
                new Answer("```" + a + "```", "{\"a\":1,}"),
                new Answer("Here you are:\n\n```json\n" + a + "\n```", "{\"a\":1,}"),
                new Answer("Here you are: ```json\n[1]\n```", "[1,]"),
                new Answer("  \n```\n[1, {\"a\":2}]\n```", "[1,{\"a\":2,},]"),
                new Answer("Sure! " + a + " I hope this helps :}", "{\"a\":1,}"),
                new Answer("Sure: {  \n\t \"a\" : 1 }", "{\"a\":1,}"),
                new Answer("Empty: { \n } {\"a\":1}", "{}"),
                new Answer("Replace {x} and { 1 and {{name}} and {{" + a, "{\"a\":1,}"),
                new Answer("See [1], [\"x\"]: " + a, "{\"a\":1,}"),
                new Answer("The `{` opens, ``{`` too, as does `" + a + "`", "{\"a\":1,}"),
                new Answer("```ts\ninterface A { a: number }\n```\n[Note] here: " + a, "{\"a\":1,}"),
                new Answer("```ts\nfoo()\n```\nAnd then:\n```json\n[2]\n```", "[2,]"),
                new Answer("Call ```f()``` first\n[Note] here: " + a, "{\"a\":1,}"),
                new Answer("\"Sure\"! Here: " + a, "{\"a\":1,}"),
                new Answer("\"Sure\"\n```json\n" + a + "\n```", "{\"a\":1,}"),
                new Answer("\"{" + "\"a\":1}\" is it", "{\"a\":1,}"),
                new Answer("\"Sure\nthing\" " + a, "{\"a\":1,}"),
                new Answer("true story: " + a, "{\"a\":1,}"),
                new Answer("nothing but " + a, "{\"a\":1,}"),
                new Answer("- a list: " + a, "{\"a\":1,}"),
                new Answer("1. First " + a, "{\"a\":1,}"),
                new Answer("1 item: " + a, "{\"a\":1,}"),
                new Answer("42" + a, "{\"a\":1,}"),
                new Answer("```\n1. First\n```\n" + a, "{\"a\":1,}"),
                new Answer("42", "42"),
                new Answer(" -4.50e+1 \n", "-4.50e+1"),
                new Answer("true\n", "true"),
                new Answer("null", "null"),
                new Answer("\"\"", "\"\""),
                new Answer("\"{\\\"a\\\":1} ``` {}\"", "\"{\\\"a\\\":1} ``` {}\""),
                new Answer("```json\n42\n```\nDone " + a, "42"),
                new Answer("```json\n\"x\"```", "\"x\""),
                new Answer("```json\nfalse\n", "false"));
    }

    private static String read(boolean arrayWanted, String... pieces) {
        RebuiltDocument document = new RebuiltDocument();
        JsonFields fields = new JsonFields(document, JsonFields.Limits.DEFAULTS, arrayWanted);
        for (String piece : pieces) {
            fields.text(piece);
        }
        fields.end();
        return document.toString();
    }

    @ParameterizedTest
    @MethodSource("answers")
    void valueIsFoundWhereverTheAnswerIsCut(Answer answer) {
        String text = answer.text();
        assertEquals(answer.value(), read(false, text));
        assertEquals(answer.value(), read(false, text.split("")));
        for (int cut = 0; cut <= text.length(); cut++) {
            assertEquals(answer.value(), read(false, text.substring(0, cut), text.substring(cut)), "cut at " + cut);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " \n",
                "\uFEFF",
                "No.",
                "See {x} and { 1",
                "Here: {",
                "Here: [1, 2]",
                "```json\n",
                "```json\n```",
                "``",
                "nothing",
                "\"Sure\" thing",
                "1 2",
                "```\n42 43\n```"
            })
    void textWithoutAValueIsRefused(String text) {
        InvalidJson refusal = assertThrows(InvalidJson.class, () -> read(false, text.split("")));
        assertTrue(String.valueOf(refusal.getMessage()).startsWith("the text holds no JSON value"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"{x}", "{ 1", "[Note] {\"a\":1}", "```\n{x}", "Here: {\"x\"}"})
    void valueThatHasStartedIsNotGivenUp(String text) {
        assertThrows(InvalidJson.class, () -> read(false, text));
    }

    @Test
    void arrayStartsAfterProseWhenItIsWanted() {
        for (String text : List.of("Here: [ \n1, 2]", "As [link](url) says: [1,2]", "[1,2] it is", "`[`: [1,2]")) {
            assertEquals("[1,2,]", read(true, text.split("")));
        }
        assertEquals("[]", read(true, "None: [ ]"));
        assertEquals("[{\"a\":1,},]", read(true, "Here: [{\"a\":1}]"));
        assertEquals("{\"a\":1,}", read(true, "Here: {\"a\":1}"));
    }

    @Test
    void objectAfterProseIsToldAsSoonAsItsFirstNameOpens() {
        List<String> paths = new ArrayList<>();
        JsonFields fields = new JsonFields(recording(paths), JsonFields.Limits.DEFAULTS, false);
        fields.text("Here: { ");
        assertEquals(List.of(), paths);
        fields.text("\"");
        assertEquals(List.of(""), paths);
    }

    @Test
    void scalarIsHeldBackUntilNothingElseCanFollow() {
        List<String> paths = new ArrayList<>();
        JsonFields fields = new JsonFields(recording(paths), JsonFields.Limits.DEFAULTS, false);
        fields.text("\"Sure\" ");
        assertFalse(fields.complete());
        assertEquals(List.of(), paths);
        fields.end();
        assertEquals(List.of("", ""), paths);
        assertTrue(fields.complete());
    }

    @Test
    void scalarInAFenceIsCompleteWithTheFence() {
        List<String> paths = new ArrayList<>();
        JsonFields fields = new JsonFields(recording(paths), JsonFields.Limits.DEFAULTS, false);
        fields.text("```json\n42\n`");
        assertEquals(List.of(""), paths);
        assertTrue(fields.complete());
        fields.text("``\n{\"a\":");
        fields.end();
        assertEquals(List.of(""), paths);
    }

    @Test
    void stringThatIsCutKeepsWhatWasBuilt() {
        List<String> paths = new ArrayList<>();
        JsonFields fields = new JsonFields(recording(paths), JsonFields.Limits.DEFAULTS, false);
        fields.text("\"cut");
        assertThrows(InvalidJson.class, fields::end);
        assertEquals(List.of("", ""), paths);
    }

    private static JsonFields.Steps recording(List<String> paths) {
        return new JsonFields.Steps() {
            @Override
            public void set(String path, String literal) {
                paths.add(path);
            }

            @Override
            public void append(String path, String delta) {
                paths.add(path);
            }
        };
    }
}
