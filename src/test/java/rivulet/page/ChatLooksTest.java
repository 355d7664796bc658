package rivulet.page;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** How the chat, its panels and the languages look. */
final class ChatLooksTest extends Looks {
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
        model("sim-120tps-20000tokens");
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
    void printShowsTheWholeConversation() {
        model("sim-fast-2000tokens-markdown");
        ask("At length.");
        browser.awaitState("complete");
        String pdf = (String)
                browser.driver().executeCdpCommand("Page.printToPDF", Map.of()).get("data");
        String file = new String(Base64.getDecoder().decode(pdf), StandardCharsets.ISO_8859_1);
        long pages = Pattern.compile("/Type ?/Page\\b").matcher(file).results().count();
        assertTrue(pages > 1, pages + " pages");
    }

    @Test
    void printHasTheAnswerAndItsFiguresOnOneEdge() {
        model("sim-fast");
        ask("What is seen?");
        browser.awaitState("complete");
        browser.devTools("Emulation.setEmulatedMedia", Map.of("media", "print"));
        try {
            assertEquals(
                    true,
                    browser.run("const left = (part) => document.querySelector(part).getBoundingClientRect().left;"
                            + "return left('.answer .stats') === left('.answer .prose')"));
        } finally {
            browser.devTools("Emulation.setEmulatedMedia", Map.of("media", ""));
        }
    }

    /** As a window of 1280 by 860 is at twice the size, or a phone that lies on its side. */
    @Test
    void wireIsReachedToItsEndInALowWindow() {
        model("sim-fast");
        ask("What is seen?");
        browser.awaitState("complete");
        browser.size(640, 430);
        assertEquals(
                true,
                browser.run("const events = document.getElementById('events'); events.scrollIntoView(false);"
                        + "const at = events.getBoundingClientRect();"
                        + "return Math.floor(at.bottom) <= innerHeight && at.height > 90"));
    }

    @Test
    void settings() {
        browser.click("#settings-open");
        shootAll("settings");
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
}
