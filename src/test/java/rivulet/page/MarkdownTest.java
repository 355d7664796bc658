package rivulet.page;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** How an answer's Markdown is shown. */
final class MarkdownTest extends PageTest {
    /** Shows an answer of this text, and answers what the script returns of its {@code prose}. */
    private Object shown(String markdown, String script) {
        return browser.runAsync(
                "const { AnswerView } = await import('/assets/message.js');"
                        + "const { newAnswer } = await import('/assets/answer.js');"
                        + "const view = new AnswerView(); document.getElementById('thread').replaceChildren(view.node);"
                        + "view.update({ ...newAnswer(), state: 'done', text: args[0] });"
                        + "const prose = view.node.querySelector('.prose');" + script,
                markdown);
    }

    @Test
    void listsGoOnCountingAndColumnsAreSetAsAsked() {
        String items = IntStream.rangeClosed(1, 30).mapToObj(i -> i + ". x\n").collect(Collectors.joining());
        assertEquals(
                "1 2 1 29 left center right",
                shown(
                        "| a | b | c |\n|:--|:-:|--:|\n| 1 | 2 | 3 |\n\n1. one\n```\nx\n```\n2. two\n\n# Long\n\n"
                                + items,
                        "return [...prose.querySelectorAll('ol')].map((n) => n.start).concat("
                                + "[...prose.querySelectorAll('td')].map((n) => getComputedStyle(n).textAlign)).join(' ');"));
    }

    /** A letter decides for its whole block: bullets at the other edge would belong to nothing. */
    @Test
    void blocksAreSetByTheirFirstLetterAndLongLinesAreLaidOutAtOnce() {
        assertEquals(
                "ltr rtl rtl rtl rtl ltr",
                shown(
                        "English\n\n- مرحبا\n\n# مرحبا\n\n> مرحبا\n\n| مرحبا |\n|---|\n| a |\n\n1. one",
                        "return [...prose.querySelectorAll(':scope > p, ul, h1, blockquote, table, ol')]"
                                + ".map((n) => getComputedStyle(n).direction).join(' ');"));
        assertEquals(
                "isolate isolate isolate",
                shown(
                        "a",
                        "return [prose.firstChild, ...document.querySelectorAll('#question, #settings textarea')]"
                                + ".map((n) => getComputedStyle(n).unicodeBidi).join(' ');"));
    }

    @Test
    void rawHtmlKeepsItsLinesAndItsDistance() {
        assertEquals(
                "<div>\n  <b>x</b>\n</div>|after",
                shown(
                        "<div>\n  <b>x</b>\n</div>\n\nafter",
                        "return [...prose.children].map((n) => n.innerText).join('|');"));
    }

    @Test
    void emphasisAndAddressesEndBesideLettersOfScriptsWithoutSpaces() {
        assertEquals(
                "SSE(Server-Sent Events) “重点” “강조” 강조 注意： | https://a.example/ https://b.example/ "
                        + "https://c.example/wiki/%EC%84%9C%EB%B2%84",
                shown(
                        "**SSE(Server-Sent Events)**는 这是**“重点”**内容 *“강조”*은 a**강조**b **注意：**请\n\n"
                                + "https://a.example를 https://b.example，然后 https://c.example/wiki/서버",
                        "return [...prose.querySelectorAll('strong, em')].map((n) => n.textContent).join(' ') + ' | '"
                                + " + [...prose.querySelectorAll('a')].map((n) => n.href).join(' ');"));
    }
}
