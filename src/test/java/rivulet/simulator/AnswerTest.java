package rivulet.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import rivulet.simulator.Answer.Finish;

@Timeout(60)
class AnswerTest {
    private static Answer answer(String model, String question) {
        return Answer.to(
                Prompt.chat(SimulatorServer.chat(model, question).toString().getBytes(StandardCharsets.UTF_8)));
    }

    @Test
    void answersInTheLanguageOfTheQuestion() {
        assertEquals(Language.KOREAN, Language.of("안녕하세요, AI란?"));
        assertEquals(Language.CHINESE, Language.of("什么是 SSE？"));
        assertEquals(Language.ENGLISH, Language.of("日本語のテキスト"));
        assertEquals(Language.HUNGARIAN, Language.of("Hogyan működik?"));
        assertEquals(Language.HUNGARIAN, Language.of("Szia!"));
        assertEquals(Language.ENGLISH, Language.of("What is SSE?"));
        assertEquals(Language.ENGLISH, Language.of(""));
    }

    @Test
    void quotesTheQuestionShortened() {
        assertTrue(answer("sim", "What is\n SSE?").text().contains("“What is SSE?”"));
        String quoting = answer("sim", "👩‍👩‍👧".repeat(300)).text();
        assertTrue(quoting.contains("“" + "👩‍👩‍👧".repeat(40) + "…”"), quoting);
        assertTrue(answer("sim", "100% $1 \\ %s").text().contains("“100% $1 \\ %s”"));
    }

    @Test
    void tokensAreWordsOrSingleGraphemes() {
        assertEquals(List.of("It's", " SSE", ",", " not", "\n", "\n", "WS", "."), Tokens.of("It's SSE, not\n\nWS."));
        assertEquals(List.of("안", "녕", " 세", "계", "!"), Tokens.of("안녕 세계!"));
        assertEquals(List.of("你", "好", " AI", "👩‍💻", " 🇭🇺"), Tokens.of("你好 AI👩‍💻 🇭🇺"));
    }

    @Test
    void tokensJoinedAreTheText() {
        for (String text :
                new String[] {"", " ", "  a  b \r\n\tc ", "e\u0301 \u0301x", "a\ud83d b", "1️⃣2", "नमस्ते"}) {
            assertEquals(text, String.join("", Tokens.of(text)));
        }
    }

    @Test
    void sizeIsExact() {
        for (String question : new String[] {"hi", "안녕", "你好", "Szia"}) {
            for (int size : new int[] {1, 3, 500}) {
                Answer answer = answer("sim-" + size + "tokens", question);
                assertEquals(size, answer.tokens().size());
                assertEquals(size, Tokens.count(answer.text()), answer.text());
                assertEquals(Finish.STOP, answer.finish());
            }
        }
    }

    @Test
    void echoIsExact() {
        for (String question : new String[] {"\n", " a\r\nb  ", "[DONE]", "{\"a\":1}", "👩‍👩‍👧", ""}) {
            assertEquals(question, answer("sim-echo-500tokens", question).text());
        }
    }

    @Test
    void sameQuestionSameAnswer() {
        assertEquals(answer("sim-markdown", "hi"), answer("sim-markdown", "hi"));
        assertFalse(answer("sim", "hi").equals(answer("sim", "ho")));
    }
}
