package rivulet.page;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Each view, light and dark, wide and narrow: a picture to look at in {@code target/screenshots}, nothing beyond the
 * narrow screen's edge, and nothing serious that axe-core finds.
 */
final class LooksTest extends PageTest {
    private static final int WIDE = 1280;
    private static final int NARROW = 390;
    private static final String AXE = axe();

    @BeforeEach
    void stillPictures() {
        browser.prefers("light", "reduce");
    }

    @AfterEach
    void systemColours() {
        browser.prefers("light", "no-preference");
        browser.size(WIDE, 860);
    }

    @Test
    void empty() {
        shootAll("chat-empty");
        phoneOnly("#side-open", "navigation");
        browser.click("#side-close");
        phoneOnly("#wire-toggle", "wire");
    }

    @Test
    void answered() {
        model("sim-markdown-fast-reasoning");
        ask("Compare Server-Sent Events and WebSocket.");
        browser.awaitState("complete");
        shootAll("chat-answer");
        browser.run("document.getElementById('scroll').scrollTop = 0");
        browser.await("a way back to the end", () -> browser.find("#to-end").isDisplayed());
        browser.shoot("chat-answer-top-1280-light");
    }

    @Test
    void streaming() {
        model("sim-120tps-2000tokens");
        ask("Why do answers come token by token?");
        awaitAnswerLongerThan(250);
        browser.click("#cut");
        browser.awaitState("reconnecting");
        browser.shoot("chat-reconnecting-1280");
        browser.awaitState("live");
        awaitAnswerLongerThan(600);
        shootAll("chat-streaming");
        browser.click("#stop");
        browser.awaitState("cancelled");
        shootAll("chat-cancelled");
    }

    @Test
    void failed() {
        model("sim-error-mid-stream-fast");
        ask("What happens when the model breaks?");
        browser.awaitState("failed");
        shootAll("chat-failed");
    }

    @Test
    void settings() {
        browser.click("#settings-open");
        shootAll("settings");
    }

    @Test
    void countdown() {
        demo("countdown", "document.querySelector('#view-countdown [name=interval]').value = '250ms'");
        browser.await("three", () -> browser.text("[data-part=number]").equals("3"));
        browser.shoot("countdown-live-1280");
        browser.awaitState("complete");
        shootAll("countdown");
    }

    @Test
    void fakeLlm() {
        demo("fake-llm", "document.querySelector('#view-fake-llm [name=delay]').value = '10ms'");
        browser.awaitState("complete");
        shootAll("fake-llm");
    }

    @Test
    void compare() {
        demo("compare", "");
        browser.await(
                "half of it", () -> browser.text("[data-side=stream] .paper").length() > 20);
        browser.shoot("compare-live-1280");
        browser.await("the verdict", () -> !browser.text(".verdict").isEmpty());
        shootAll("compare");
    }

    @Test
    void generate() {
        demo("generate", "");
        browser.awaitState("complete");
        shootAll("generate");
    }

    @Test
    void structured() {
        demo(
                "structured",
                "const p = document.querySelector('[name=preset]'); p.value = 'recipe';"
                        + "p.dispatchEvent(new Event('change'))");
        browser.awaitState("complete");
        shootAll("structured");
    }

    @Test
    void nothingShiftsWhileThePageComesUp() {
        browser.open(server.url("/"));
        Object shift = browser.runAsync("return new Promise((resolve) => { let sum = 0;"
                + "new PerformanceObserver((list) => { for (const e of list.getEntries()) sum += e.value; })"
                + "  .observe({ type: 'layout-shift', buffered: true });"
                + "setTimeout(() => resolve(sum), 300); });");
        assertTrue(((Number) shift).doubleValue() < 0.02, "shifted by " + shift);
    }

    @Test
    void otherLanguages() {
        for (String language : List.of("ko", "zh", "hu")) {
            browser.run("localStorage.setItem('rivulet.language', arguments[0])", language);
            browser.open(server.url("/"));
            assertEquals(language, browser.run("return document.documentElement.lang"));
            browser.shoot("chat-empty-1280-" + language);
        }
    }

    @Test
    void everyLanguageHasEveryWord() {
        assertEquals(
                List.of(),
                browser.runAsync("const words = async (l) => (await import(`/assets/words/${l}.js`)).default;"
                        + "const keys = Object.keys(await words('en')); const missing = [];"
                        + "for (const l of ['ko', 'zh', 'hu']) { const w = await words(l);"
                        + "  for (const k of keys) if (!(k in w)) missing.push(l + ' lacks ' + k);"
                        + "  for (const k in w) if (!keys.includes(k)) missing.push(l + ' has ' + k + ' too many'); }"
                        + "for (const n of document.querySelectorAll('[data-word]'))"
                        + "  if (!keys.includes(n.dataset.word)) missing.push('en lacks ' + n.dataset.word);"
                        + "return missing;"));
    }

    private void demo(String name, String prepare) {
        browser.open(server.url("/#/" + name));
        browser.run(prepare);
        browser.click("#view-" + name + " [name=run]");
    }

    private void shootAll(String view) {
        for (String colours : List.of("light", "dark")) {
            browser.prefers(colours, "reduce");
            browser.size(WIDE, 860);
            browser.shoot(view + "-1280-" + colours);
            assertNothingSerious(view + " in " + colours, colours.equals("dark"));
            boolean wireOpen = browser.exists("#wire:not([hidden])");
            browser.size(NARROW, 780);
            if (wireOpen) {
                // On a phone it opens only when asked.
                browser.run("document.getElementById('wire-close').click()");
            }
            browser.shoot(view + "-390-" + colours);
            assertNothingBeyondTheEdge(view);
            browser.size(WIDE, 860);
            if (wireOpen) {
                browser.run("document.getElementById('wire-toggle').click()");
            }
        }
    }

    private void phoneOnly(String opener, String view) {
        browser.size(NARROW, 780);
        if (browser.exists("#wire:not([hidden])")) {
            browser.run("document.getElementById('wire-close').click()");
        }
        browser.click(opener);
        browser.shoot(view + "-390");
        assertNothingSerious(view, false);
    }

    private void assertNothingBeyondTheEdge(String view) {
        assertEquals(
                List.of(),
                browser.run("return document.documentElement.scrollWidth <= innerWidth"
                        + " && [...document.querySelectorAll('.top > :not([popover]), .view:not([hidden]) > *')]"
                        + "   .every((n) => n.getBoundingClientRect().right <= innerWidth) ? [] :"
                        + "[...document.querySelectorAll('body *')].filter((n) => n.getBoundingClientRect().right > innerWidth + 1)"
                        + ".slice(0, 5).map((n) => n.outerHTML.slice(0, 80))"),
                view);
    }

    /** @param coloursOnly what else there is to find does not depend on the colours */
    private void assertNothingSerious(String view, boolean coloursOnly) {
        if (!(Boolean) browser.run("return 'axe' in window")) {
            browser.run(AXE);
        }
        assertEquals(
                List.of(),
                browser.runAsync(
                        "const result = await axe.run(document, { resultTypes: ['violations'],"
                                + " ...(args[0] && { runOnly: ['color-contrast'] }) });"
                                + "return result.violations.filter((v) => ['serious', 'critical'].includes(v.impact))"
                                + ".map((v) => v.id + ': ' + v.nodes.slice(0, 3).map((n) => n.target + ' ' + n.failureSummary).join('; '));",
                        coloursOnly),
                view);
    }

    private static String axe() {
        try (InputStream script = LooksTest.class.getResourceAsStream("/axe.min.js")) {
            assertNotNull(script);
            return new String(script.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
