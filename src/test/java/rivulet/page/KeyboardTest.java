package rivulet.page;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.openqa.selenium.Keys;
import org.openqa.selenium.interactions.Actions;

/** The page without a mouse, and what a screen reader is told. */
final class KeyboardTest extends PageTest {
    private void press(CharSequence... keys) {
        new Actions(browser.driver()).sendKeys(keys).perform();
    }

    private String focused() {
        return (String) browser.run("const n = document.activeElement; return n.id || n.name || n.textContent.trim()");
    }

    /** Presses Tab until something has the focus, which must be seen at each step. */
    private void tabTo(String what) {
        for (int i = 0; i < 40 && !focused().equals(what); i++) {
            press(Keys.TAB);
            assertTrue(
                    (Boolean)
                            browser.run(
                                    "const n = document.activeElement; const s = getComputedStyle(n);"
                                            + "return n === document.body || s.outlineStyle !== 'none' || n.matches('.field textarea')"),
                    focused() + " shows its focus");
        }
        assertEquals(what, focused());
    }

    @Test
    void questionHasTheFocusFromTheStart() {
        assertEquals("question", focused());
    }

    @Test
    void enterSendsAndShiftEnterBreaksTheLine() {
        model("sim-echo-fast");
        press("one");
        new Actions(browser.driver())
                .keyDown(Keys.SHIFT)
                .sendKeys(Keys.ENTER)
                .keyUp(Keys.SHIFT)
                .perform();
        press("two", Keys.ENTER);
        browser.awaitState("complete");
        assertEquals("one\ntwo", keptAnswer().path("text").asText());
        assertEquals("question", focused());
    }

    /** Safari says that a word is no longer composed before it says which key ended it; what tells is the key's code. */
    @Test
    void keyThatEndsAComposedWordDoesNothingElse() {
        model("sim-20tps-500tokens");
        composed("#question", "안녕", "Enter");
        assertEquals("안녕", browser.run("return document.getElementById('question').value"));
        ask("For long.");
        awaitAnswerLongerThan(5);
        composed("#question", "안녕", "Escape");
        assertEquals("live", browser.run("return document.getElementById('light').dataset.state"));
        press(Keys.ESCAPE);
        browser.awaitState("cancelled");
        browser.click(".question [data-act=edit]");
        composed(".editor textarea", "안녕", "Escape");
        composed(".editor textarea", "안녕", "Enter");
        assertTrue(browser.exists(".editor"));
        browser.open(server.url("/"));
    }

    private void composed(String where, String word, String key) {
        browser.run(
                "const area = document.querySelector(arguments[0]); area.value = arguments[1];"
                        + "area.dispatchEvent(new KeyboardEvent('keydown', { key: arguments[2], keyCode: 229, bubbles: true }))",
                where,
                word,
                key);
    }

    /** A button that goes must not take the focus with it: who has no mouse would begin at the top again. */
    @Test
    void focusStaysWhereSendAndStopAre() {
        model("sim-20tps-500tokens");
        press("For long.", Keys.TAB, Keys.ENTER);
        awaitAnswerLongerThan(5);
        assertEquals("stop", focused());
        press(Keys.ENTER);
        browser.awaitState("cancelled");
        assertEquals("send", focused());
        browser.find(".answer [data-act=again]").sendKeys(Keys.ENTER);
        browser.awaitState("live");
        assertEquals("stop", focused());
        press(Keys.ESCAPE);
        browser.awaitState("cancelled");
        browser.click("#new-chat");
        browser.find(".idea").sendKeys(Keys.ENTER);
        assertEquals("stop", focused());
        press(Keys.ESCAPE);
        browser.awaitState("cancelled");
    }

    @Test
    void skippingToTheContentStaysInTheConversation() {
        model("sim-echo-fast");
        press("stay", Keys.ENTER);
        browser.awaitState("complete");
        String address = browser.driver().getCurrentUrl();
        browser.run("document.activeElement.blur()");
        tabTo("Skip to the content");
        press(Keys.ENTER);
        assertEquals("main", focused());
        assertEquals(address, browser.driver().getCurrentUrl());
        assertTrue(browser.find(".question").isDisplayed());
    }

    /** The list is made anew whenever something is kept: whoever is in it must not begin at the top again. */
    @Test
    void focusStaysInTheListOfConversations() {
        model("sim-echo-fast");
        press("first", Keys.ENTER);
        browser.awaitState("complete");
        browser.click("#new-chat");
        press("second", Keys.ENTER);
        browser.await(
                "both are listed",
                () -> browser.run("return document.querySelectorAll('#conversations a').length")
                        .equals(2L));
        browser.awaitState("complete");
        browser.run("[...document.querySelectorAll('#conversations a')].at(-1).focus()");
        press(Keys.ENTER);
        browser.await("the first one", () -> browser.text(".question .bubble").equals("first"));
        browser.await(
                "it is chosen",
                () -> browser.text("#conversations [aria-current]").equals("first"));
        assertEquals("first", focused());
        press(Keys.TAB);
        assertEquals("Delete “first”", browser.run("return document.activeElement.ariaLabel"));
    }

    @Test
    void panelsOverThePageCloseByEscapeAndGiveTheFocusBack() {
        browser.size(390, 780);
        browser.run("if (!document.getElementById('wire').hidden) document.getElementById('wire-close').click()");
        for (String opener : List.of("side-open", "wire-toggle")) {
            browser.click("#" + opener);
            browser.await(
                    "open",
                    () -> browser.find("#" + opener)
                            .getDomAttribute("aria-expanded")
                            .equals("true"));
            browser.run(
                    "document.querySelector(arguments[0]).focus()",
                    opener.equals("side-open") ? "#language" : "#events");
            press(Keys.ESCAPE);
            browser.await(
                    "closed",
                    () -> browser.find("#" + opener)
                            .getDomAttribute("aria-expanded")
                            .equals("false"));
            assertEquals(opener, focused());
        }
    }

    @Test
    void demoRunsByKeysAlone() {
        browser.run("document.activeElement.blur()");
        tabTo("Skip to the content");
        tabTo("Fake LLM");
        press(Keys.ENTER);
        browser.await("the demo", () -> browser.find("#view-fake-llm").isDisplayed());
        tabTo("run");
        press(Keys.ENTER);
        browser.await(
                "it runs",
                () -> !browser.text("#view-fake-llm [data-part=answer]").isEmpty());
        assertEquals("stop", focused());
        press(Keys.ESCAPE);
        browser.awaitState("cancelled");
        assertEquals("run", focused());
    }

    @Test
    void drawerClosesByEscapeAndGivesTheFocusBack() {
        tabTo("model-chip");
        press(Keys.ENTER);
        browser.await("the drawer", () -> browser.exists("#settings[open]"));
        press(Keys.ESCAPE);
        browser.await("closed", () -> !browser.exists("#settings[open]"));
        assertEquals("model-chip", focused());
    }

    @Test
    void tokensAreNotReadOutOneByOne() {
        model("sim-fast");
        ask("Quietly.");
        browser.awaitState("complete");
        browser.await("the end is announced", () -> browser.text("#announce").equals("The answer is complete."));
        assertEquals(
                0L,
                browser.run("return document.querySelectorAll('.thread[aria-live], .thread [role=log],"
                        + " .thread [aria-live], .thread [role=status]').length"));
    }

    @Test
    void drawerTakesTheFocusAndKeepsItAndATurnedPhoneNeedsNone() {
        browser.prefers("light", "no-preference");
        browser.size(390, 780);
        browser.run("if (!document.getElementById('wire').hidden) document.getElementById('wire-close').click()");
        browser.click("#side-open");
        assertEquals("side-close", focused());
        assertEquals(true, browser.run("return document.getElementById('main').inert"));
        browser.size(844, 390);
        browser.await("no shade", () -> !browser.find("#shade").isDisplayed());
        assertEquals(false, browser.run("return document.getElementById('main').inert"));
    }
}
