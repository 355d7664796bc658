package rivulet.page;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openqa.selenium.By;
import org.openqa.selenium.Keys;
import org.openqa.selenium.interactions.Actions;
import rivulet.TestServer;

/** The chat. */
final class ChatPageTest extends PageTest {
    @Test
    void answerOfTwoThousandDeltasIsExact() {
        model("sim-fast-2000tokens");
        ask("Tell me everything.");
        browser.awaitState("complete");
        assertAnswerIsExact();
        assertTrue(stateOf(keptAnswer().path("stream").asText()).path("index").asInt() >= 2000);
    }

    @Test
    void severalTurnsAreOneConversation() {
        model("sim-echo-fast");
        ask("first");
        browser.awaitState("complete");
        ask("second");
        browser.await(
                "the second answer",
                () -> browser.text(".answer[data-last] .prose").strip().equals("second"));
        assertEquals("first", browser.text("#conversations a"));
        browser.open(server.url("/" + browser.run("return location.hash")));
        assertEquals(4L, browser.run("return document.querySelectorAll('.question, .answer').length"));
    }

    @Test
    void lastQuestionIsEditedAndAnsweredAgain() {
        model("sim-echo-fast");
        ask("one");
        browser.awaitState("complete");
        browser.find("#question").sendKeys(Keys.ARROW_UP);
        browser.find(".editor textarea").sendKeys(" and a half" + Keys.ENTER);
        browser.await(
                "the new answer", () -> browser.text(".answer .prose").strip().equals("one and a half"));
        assertEquals(1L, browser.run("return document.querySelectorAll('.question').length"));
    }

    @Test
    void editorLeftOpenDoesNotTakeTheNextQuestionsPlace() {
        model("sim-echo-fast");
        ask("one");
        browser.awaitState("complete");
        browser.find("#question").sendKeys(Keys.ARROW_UP);
        ask("two");
        browser.await(
                "the second answer",
                () -> browser.text(".answer[data-last] .prose").strip().equals("two"));
        assertFalse(browser.exists(".editor"));
        assertEquals(
                "one,two",
                browser.run("return [...document.querySelectorAll('.bubble')].map((n) => n.textContent).join()"));
    }

    @Test
    void answerIsGivenAgain() {
        model("sim-echo-fast");
        ask("again");
        browser.awaitState("complete");
        String before = keptAnswer().path("stream").asText();
        browser.click(".answer [data-act=again]");
        browser.await(
                "another stream", () -> !keptAnswer().path("stream").asText().equals(before));
        browser.awaitState("complete");
    }

    @Test
    void markdownIsRendered() {
        model("sim-markdown-fast");
        ask("Show me.");
        browser.awaitState("complete");
        for (String element :
                List.of("table", "li", ".code pre code", ".hljs-keyword, .hljs-string", ":is(h1,h2,h3)")) {
            assertTrue(browser.exists(".prose " + element), element);
        }
        browser.click(".copy-code");
        browser.await("the button says so", () -> browser.exists(".copy-code[data-copied]"));
    }

    @Test
    void streamedMarkdownEqualsThatRenderedAtOnce() {
        String markdown = "# T\n\n- a\n- b\n  - c\n\n1. x\n2. y\n\n```js\nlet a = 1;\n\nb();\n```\nafter *em*\n\n"
                + "| a | b |\n|---|---|\n| 1 | 2 |\n\n> quote\n> more\n\n~~~\n```\n~~~\n\n" + "- item\n".repeat(60)
                + "\nend [l](https://example.com)";
        Object differs = browser.runAsync(
                "const { MarkdownView } = await import('/assets/markdown-view.js');"
                        + "const render = (step) => { const root = document.createElement('div');"
                        + "  const view = new MarkdownView(root);"
                        + "  for (let i = step; i < args[0].length + step; i += step) { view.update(args[0].slice(0, i)); }"
                        + "  view.finish(); return root.textContent.replace(/\\s+/g, ' '); };"
                        + "const whole = render(args[0].length);"
                        + "return [1, 2, 3, 7, 50].map(render).filter((text) => text !== whole).concat(whole.length > 300 ? [] : [whole]);",
                markdown);
        assertEquals(List.of(), differs);
    }

    /** A piece of an address is one, too. */
    @Test
    void linksThatAreNamedWhileTheyStreamLeadWhereTheyShould() {
        assertEquals(
                "http://a.example/1 http://b.example/2 http://a.example/1",
                browser.runAsync("const { MarkdownView } = await import('/assets/markdown-view.js');"
                        + "const root = document.createElement('div'); const view = new MarkdownView(root);"
                        // Without a clock each piece is rendered.
                        + "performance.now = () => 0;"
                        + "const text = 'see [one][1], [two][2]\\n\\n[1]: http://a.example/1\\n[2]: http://b.example/2\\n\\nand [one][1]';"
                        + "for (let i = 1; i <= text.length; i++) view.update(text.slice(0, i));"
                        + "view.finish();"
                        + "return [...root.querySelectorAll('a')].map((a) => a.href).join(' ');"));
        browser.open(server.url("/"));
    }

    @Test
    void largeAnswerStaysSmooth() {
        model("sim-markdown-fast-30000tokens");
        browser.run("window.longest = 0; let last = performance.now();"
                + "const frame = () => { const now = performance.now(); longest = Math.max(longest, now - last);"
                + " last = now; requestAnimationFrame(frame); }; frame();");
        ask("A lot, please.");
        browser.awaitState("complete");
        double longest = ((Number) browser.run("return longest")).doubleValue();
        System.out.printf(
                "%d characters, longest frame %.0f ms%n",
                keptAnswer().path("text").asText().length(), longest);
        assertTrue(keptAnswer().path("text").asText().length() > 100_000);
        assertTrue(longest < 1000, "the page stood still for " + longest + " ms");
    }

    /** The event that tells of the page's own scrolling comes a frame later, when there may be more. */
    @Test
    void whatComesWhileThePageScrollsIsFollowedToo() {
        model("sim-fast-2000tokens");
        ask("At length.");
        browser.awaitState("complete");
        browser.run("const grow = (height) => { const more = document.createElement('div');"
                + "more.style.flex = `0 0 ${height}px`; document.getElementById('thread').append(more); };"
                + "grow(200); document.getElementById('to-end').click(); grow(500);");
        browser.runAsync("for (let i = 0; i < 5; i++) await new Promise(requestAnimationFrame);");
        assertEquals(
                0L,
                browser.run("const s = document.getElementById('scroll');"
                        + "return Math.round(s.scrollHeight - s.scrollTop - s.clientHeight)"));
    }

    /** A model that repeats itself can nest deeper than the stack is: its answer ends all the same, and can be opened again. */
    @Test
    void answerThatIsNestedWithoutEndIsShownAsItIs() {
        model("sim-echo-fast");
        String deep = "> ".repeat(8000) + "x";
        askAtOnce(deep);
        browser.awaitState("complete");
        browser.await("it ends", () -> browser.exists(".answer[data-state=done]"));
        browser.open(server.url("/" + browser.run("return location.hash")));
        assertEquals(words(deep), words(browser.text(".answer .prose")));
        assertTrue(browser.find("#send").isDisplayed());
    }

    /** Read to their end, most of them would hold up the page for seconds, and for minutes where they are longer. */
    @Test
    void textMadeToBeSlowIsShownAsItIs() {
        assertEquals(
                List.of(),
                browser.runAsync("const { MarkdownView } = await import('/assets/markdown-view.js');"
                        + "const slow = [];"
                        + "for (const piece of ['[a](', '[a](<b', '*a **b ', '_a __b ', '**a ', '\\\\*', '> - ']) {"
                        + "  const text = '**begin** and\\n\\n' + piece.repeat(8000 / piece.length) + 'end';"
                        + "  const root = document.createElement('div'); const view = new MarkdownView(root);"
                        + "  const begin = performance.now();"
                        + "  view.update(text.slice(0, 4000)); view.update(text); view.finish();"
                        + "  const took = performance.now() - begin;"
                        + "  if (took > 4000) slow.push(piece + ' took ' + took);"
                        + "  if (!root.textContent.includes('end')) slow.push(piece + ' is lost'); }"
                        + "return slow;"));
    }

    @Test
    void usualCodeIsColouredAndWordsWithoutEndAreNot() {
        assertEquals(
                List.of(true, false, false, true),
                browser.runAsync("const { highlightIn } = await import('/assets/code.js');"
                        + "const coloured = (language, text) => { const root = document.createElement('div');"
                        + "  const code = document.createElement('code'); code.className = 'language-' + language;"
                        + "  code.textContent = text; root.appendChild(document.createElement('pre')).append(code);"
                        + "  const begin = performance.now(); highlightIn(root);"
                        + "  const quick = performance.now() - begin < 4000;"
                        + "  return quick ? root.querySelector('span') !== null : 'slow'; };"
                        + "return [coloured('java', 'int a = 1;\\n'.repeat(2500)), coloured('c', 'a b '.repeat(7000)),"
                        + " coloured('ini', 'a'.repeat(29000)), coloured('ini', 'a = 1')];"));
    }

    @Test
    void copyingWithoutAClipboardKeepsTheFocusAndTheTruth() {
        model("sim-echo-fast");
        ask("copied");
        browser.awaitState("complete");
        browser.run("Object.defineProperty(navigator, 'clipboard', { value: undefined });"
                + "window.may = true; document.execCommand = () => window.may;");
        browser.find(".answer [data-act=copy]").sendKeys(Keys.ENTER);
        browser.await("the button says so", () -> browser.exists(".answer [data-copied]"));
        assertEquals("copy", browser.run("return document.activeElement.dataset.act"));
        browser.await("for a moment", () -> !browser.exists(".answer [data-copied]"));
        browser.run("window.may = false");
        browser.find(".answer [data-act=copy]").sendKeys(Keys.ENTER);
        assertFalse(browser.exists(".answer [data-copied]"));
    }

    @Test
    void hostileMarkdownDoesNothing() {
        String hostile = """
                <img src=x onerror="window.pwned=1"> <script>window.pwned=2</script>

                [click](javascript:window.pwned=3) ![i](https://example.invalid/x.png) <svg onload=window.pwned=4>

                ```html
                </code></pre><script>window.pwned=5</script>
                ```

                <iframe srcdoc="<script>parent.pwned=6</script>"></iframe> <style>body{display:none}</style>

                <a href="jav&#x0A;ascript:window.pwned=7">x</a> [d](data:text/html,<script>alert(1)</script>)

                ```"onmouseover=window.pwned=8 x="
                code
                ```

                <details open ontoggle=window.pwned=9>d</details>
                """;
        model("sim-echo-fast");
        askAtOnce(hostile);
        browser.awaitState("complete");
        assertEquals(true, browser.run("return window.pwned === undefined"));
        assertFalse(browser.exists(".prose :is(img, script, iframe, style, svg[onload], details, object, embed)"));
        assertEquals(
                List.of(),
                browser.run("return [...document.querySelectorAll('.prose *')].flatMap((n) => [...n.attributes])"
                        + ".filter((a) => a.name.startsWith('on') || (a.name === 'href' && !/^(https?|mailto|#i-)/.test(a.value)))"
                        + ".map((a) => a.name + '=' + a.value)"));
    }

    @Test
    void reasoningIsFoldedAndRefusalMarked() {
        model("sim-reasoning-fast");
        ask("Think.");
        browser.awaitState("complete");
        assertTrue(browser.find(".reasoning summary").isDisplayed());
        assertFalse(browser.find(".thought").isDisplayed());
        browser.click(".reasoning summary");
        assertTrue(browser.find(".thought").isDisplayed());
        model("sim-refusal-fast");
        ask("Do it.");
        browser.await("the refusal", () -> browser.exists(".answer[data-last] .refusal:not([hidden])"));
        browser.awaitState("complete");
        model("sim-tools-fast");
        ask("Weather?");
        browser.await(
                "the call", () -> browser.text(".answer[data-last] .tool-name").equals("get_weather"));
        browser.awaitState("complete");
    }

    /** An upstream's number for a call is its own: some count from 1, and it may be anything. */
    @Test
    void toolCallsAreShownWhateverTheirNumbersAre() {
        assertEquals(
                "Tool one {} Tool two {} Tool three {}",
                browser.runAsync(
                        "const { applyEvent, newAnswer } = await import('/assets/answer.js');"
                                + "const { AnswerView } = await import('/assets/message.js');"
                                + "const answer = newAnswer(); const view = new AnswerView(); document.body.append(view.node);"
                                + "const call = (data) => { applyEvent(answer, { name: 'tool_call', data, index: 1 }); view.update(answer); };"
                                + "for (const [index, name] of [[1, 'one'], [2e8, 'two'], [-1, 'three']]) {"
                                + "  call({ index, id: name, arguments: '{' }); call({ index, name, arguments: '}' }); }"
                                + "view.node.remove();"
                                + "return [...view.node.querySelectorAll('.tool')].map((n) => n.textContent.trim().replace('{', ' {')).join(' ');"));
    }

    @Test
    void failureIsShownAndTheTextBeforeItStays() {
        model("sim-cut-after-10-fast");
        ask("Break.");
        browser.awaitState("failed");
        assertTrue(browser.text(".failure").contains("upstream_truncated"), browser.text(".failure"));
        assertFalse(browser.text(".prose").isEmpty());
        model("sim-echo-fast");
        browser.click("[data-act=retry]");
        browser.awaitState("complete");
        assertEquals("Break.", browser.text(".prose").strip());
    }

    @Test
    void failureBeforeTheFirstWordIsShown() {
        model("sim-500");
        ask("Fail.");
        browser.awaitState("failed");
        assertTrue(browser.find(".failure").isDisplayed());
        assertFalse(browser.find(".prose").isDisplayed());
        model("sim-echo-fast");
        ask("Go on.");
        browser.awaitState("complete");
        // One turn: many models refuse a conversation in which two of a kind follow one another.
        assertEquals("Fail.Go on.", browser.text(".answer[data-last] .prose").strip());
        model("sim-400");
        ask("What no model takes.");
        browser.awaitState("failed");
        model("sim-echo-fast");
        ask("And now?");
        browser.awaitState("complete");
        assertEquals("And now?", browser.text(".answer[data-last] .prose").strip());
    }

    @Test
    void conversationsAreListedAndDeleted() {
        model("sim-echo-fast");
        ask("to be deleted");
        browser.awaitState("complete");
        browser.await("listed", () -> browser.exists("#conversations a"));
        browser.click("#conversations [data-act=delete]");
        browser.await(
                "gone",
                () -> !browser.exists("#conversations a")
                        && browser.find("#empty").isDisplayed());
    }

    @Test
    void deletedConversationStaysDeletedThoughItWasStillWritten() {
        model("sim-20tps-500tokens");
        ask("to be deleted");
        awaitAnswerLongerThan(5);
        String stream = keptAnswer().path("stream").asText();
        browser.click("#conversations [data-act=delete]");
        browser.await(
                "the generation ends",
                () -> stateOf(stream).path("status").asText().equals("done"));
        browser.open(server.url("/"));
        assertFalse(browser.exists("#conversations a"));
    }

    /** Nobody would ever see what is generated, and a stream that has had no viewer yet waits for one. */
    @Test
    void deletedConversationStaysDeletedThoughItsAnswerWasJustAskedFor() {
        try (TestServer own = TestServer.with("OPENAI_MODEL", "sim-echo-fast")) {
            browser.openFresh(own.url("/"));
            ask("one");
            browser.awaitState("complete");
            browser.await("listed", () -> browser.exists("#conversations a"));
            browser.run("const real = window.fetch; window.fetch = async (url, init) => {"
                    + "const response = await real(url, init);"
                    + "if (init?.method === 'POST') await new Promise((resolve) => { window.letGo = resolve; });"
                    + "return response; };");
            model("sim-20tps-500tokens");
            ask("two");
            browser.await("asked", () -> browser.run("return window.letGo ? 1 : null") != null);
            browser.click("#conversations [data-act=delete]");
            browser.await("gone", () -> !browser.exists("#conversations a"));
            browser.run("window.letGo()");
            browser.await("the generation ends", () -> own.liveStreams() == 0);
            browser.open(own.url("/"));
            assertFalse(browser.exists("#conversations a"));
            browser.open(server.url("/"));
        }
    }

    @Test
    void titleIsCutBetweenCharacters() {
        model("sim-echo-fast");
        askAtOnce("a".repeat(59) + "🌊 and more");
        browser.awaitState("complete");
        assertEquals("a".repeat(59), browser.text("#title"));
    }

    @Test
    void anotherChatLeavesTheAnswerToGoOn() {
        model("sim-60tps-600tokens");
        ask("slow one");
        awaitAnswerLongerThan(20);
        browser.click("#new-chat");
        browser.awaitState("idle");
        model("sim-echo-fast");
        ask("other");
        browser.awaitState("complete");
        // The list is made anew with each answer that ends, and what was found in it goes.
        browser.await("the first chat is chosen", () -> {
            browser.driver().findElement(By.linkText("slow one")).click();
            return true;
        });
        browser.await("the first answer", () -> browser.text(".question").contains("slow one"));
        browser.await("it is complete", () -> browser.exists(".answer[data-state=done]"));
        assertEquals("slow one", browser.text("#title"));
    }

    @Test
    void timesAreThoseOfTheGenerationThoughItIsReadLater() {
        assertEquals(
                List.of(200L, 900L),
                browser.runAsync("const { applyEvent, newAnswer } = await import('/assets/answer.js');"
                        + "const answer = newAnswer(); answer.askedAt -= 60_000;"
                        + "applyEvent(answer, { name: 'message', data: { delta: 'a' }, index: 1 });"
                        + "applyEvent(answer, { name: 'done', index: 2,"
                        + " data: { finish_reason: 'stop', ttft_ms: 200, elapsed_ms: 900 } });"
                        + "return [answer.ttft, answer.elapsed];"));
    }

    @Test
    void conversationIsExported(@TempDir Path folder) throws IOException {
        model("sim-echo-fast");
        ask("**keep** me");
        browser.awaitState("complete");
        devTools("Browser.setDownloadBehavior", Map.of("behavior", "allow", "downloadPath", folder.toString()));
        browser.click("#export-open");
        browser.click("#export-markdown");
        Path markdown = folder.resolve("-keep-me.md");
        browser.await("the file", () -> Files.exists(markdown));
        assertEquals("# **keep** me\n\n> **keep** me\n\n**keep** me\n", Files.readString(markdown));
        browser.click("#export-open");
        browser.click("#export-json");
        Path json = folder.resolve("-keep-me.json");
        browser.await("the file", () -> Files.exists(json));
        assertEquals(
                "**keep** me",
                TestServer.json(Files.readString(json)).at("/messages/1/text").asText());
    }

    /** Whoever reads a copy elsewhere sees neither the call nor what ended it. */
    @Test
    void callsAreCopiedAndAPartialAnswerIsExportedAsOne() {
        assertEquals(
                """
                # t

                > q

                half

                ````
                find({"q": "```"})
                ````

                *Stopped.*

                *broke (internal)*

                No.
                """,
                browser.runAsync("const { newAnswer } = await import('/assets/answer.js');"
                        + "const { asMarkdown } = await import('/assets/exports.js');"
                        + "const answer = (fields) => ({ ...newAnswer(), ...fields });"
                        + "return asMarkdown({ title: 't', messages: [{ role: 'user', content: 'q' },"
                        + " answer({ state: 'cancelled', finish: 'cancelled', text: 'half',"
                        + "   tools: [{ name: 'find', arguments: '{\"q\": \"```\"}' }] }),"
                        + " answer({ state: 'failed', error: { code: 'internal', message: 'broke' } }),"
                        + " answer({ state: 'done', finish: 'stop', refusal: 'No.' })] });"));
        model("sim-500");
        ask("Fail.");
        browser.awaitState("failed");
        assertFalse(browser.find(".answer [data-act=copy]").isDisplayed());
    }

    @Test
    void rightToLeftAnswerIsSetRight() {
        model("sim-echo-fast");
        askAtOnce("مرحبا بالعالم");
        browser.awaitState("complete");
        assertEquals("rtl", browser.run("return getComputedStyle(document.querySelector('.prose > p')).direction"));
    }

    @Test
    void simulatorsModelsAreOnePressAway() {
        browser.await("the models", () -> browser.exists("#simulated-models button"));
        browser.run("[...document.querySelectorAll('#simulated-models button')]"
                + ".find((b) => b.textContent === 'sim-echo').click()");
        assertEquals("sim-echo", browser.text("#model-chip"));
        assertEquals("sim-echo", browser.text("#simulated-models [aria-pressed=true]"));
        ask("parrot");
        browser.awaitState("complete");
        assertEquals("parrot", browser.text(".prose").strip());
    }

    @Test
    void settingThatWasDismissedIsNotThereAgain() {
        browser.click("#settings-open");
        browser.find("#settings input[name=temperature]").sendKeys("9" + Keys.ESCAPE);
        browser.await("closed", () -> !browser.exists("#settings[open]"));
        browser.click("#settings-open");
        assertEquals("", browser.run("return document.querySelector('#settings input[name=temperature]').value"));
    }

    @Test
    void settingsReachTheModel() {
        browser.click("#settings-open");
        browser.await("models are listed", () -> browser.exists("#models option[value=sim-echo]"));
        browser.find("#settings input[name=model]").sendKeys("sim-echo-fast");
        browser.click("#settings footer .primary");
        assertEquals("sim-echo-fast", browser.text("#model-chip"));
        ask("parrot");
        browser.awaitState("complete");
        assertEquals("parrot", browser.text(".prose").strip());
    }

    /** An entity in a fence's language becomes a space: what stands behind it would be a style of the page, over all of it. */
    @Test
    void fenceNamesNoStyleOfThePage() {
        model("sim-echo-fast");
        askAtOnce("```js&#32;shade\nYour session is over.\n```\n\nafter");
        browser.awaitState("complete");
        assertEquals("language-js", browser.find(".prose code").getDomAttribute("class"));
        browser.click("#new-chat");
    }

    /** The next one comes to the place of the one that goes. */
    @Test
    void doubleClickDeletesOneConversation() {
        model("sim-echo-fast");
        for (String question : List.of("first", "second", "third")) {
            browser.click("#new-chat");
            ask(question);
            browser.await("listed", () -> browser.text("#conversations li").equals(question));
            browser.awaitState("complete");
        }
        new Actions(browser.driver())
                .click(browser.find("#conversations [data-act=delete]"))
                .pause(Duration.ofMillis(100))
                .click()
                .perform();
        browser.await("gone", () -> browser.text("#conversations li").equals("second"));
        browser.runAsync("await new Promise((resolve) => setTimeout(resolve, 300))");
        assertEquals(2L, browser.run("return document.querySelectorAll('#conversations li').length"));
    }

    /** Stop comes to the place of Send. */
    @Test
    void doubleClickOnSendSends() {
        model("sim-20tps-500tokens");
        browser.find("#question").sendKeys("For long.");
        new Actions(browser.driver()).doubleClick(browser.find("#send")).perform();
        awaitAnswerLongerThan(20);
        assertEquals("live", browser.find(".answer").getDomAttribute("data-state"));
        browser.click("#stop");
        browser.awaitState("cancelled");
    }
}
