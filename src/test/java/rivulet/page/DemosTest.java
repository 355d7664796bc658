package rivulet.page;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.openqa.selenium.By;
import org.openqa.selenium.Keys;
import rivulet.TestServer;

/** The demos, and the wire beside them. */
final class DemosTest extends PageTest {
    private void open(String demo) {
        browser.open(server.url("/#/" + demo));
    }

    private void runHelloWorld(TestServer own) {
        browser.open(own.url("/#/structured"));
        choose("structured", "preset", "helloworld");
        run("structured");
    }

    private void choose(String demo, String field, String value) {
        browser.run(
                "const field = document.querySelector(arguments[0]); field.value = arguments[1];"
                        + "field.dispatchEvent(new Event('change', { bubbles: true }))",
                "#view-" + demo + " [name=" + field + "]",
                value);
    }

    private void run(String demo) {
        browser.find("#view-" + demo).findElement(By.name("run")).click();
    }

    @Test
    void countdownCountsToLiftOff() {
        open("countdown");
        choose("countdown", "interval", "250ms");
        run("countdown");
        browser.await("a number", () -> browser.text("[data-part=number]").equals("4"));
        browser.awaitState("complete");
        assertEquals("발사!", browser.text("[data-part=number]"));
        assertTrue(browser.text("#view-countdown .clocks").matches(".* \\d+\\.\\d\\d s"));
    }

    @Test
    void countdownGoesOnAfterAReload() {
        open("countdown");
        choose("countdown", "interval", "250ms");
        run("countdown");
        browser.await("a number", () -> browser.text("[data-part=number]").equals("4"));
        browser.driver().navigate().refresh();
        browser.awaitState("complete");
        assertEquals("발사!", browser.text("[data-part=number]"));
    }

    /** As in Firefox, where a button that was disabled before a reload still is after it. */
    @Test
    void demoCanBeBegunAgainWhereAReloadKeptItsButtons() {
        Object kept = browser.driver()
                .executeCdpCommand(
                        "Page.addScriptToEvaluateOnNewDocument",
                        Map.of(
                                "source",
                                "document.addEventListener('readystatechange', () => {"
                                        + "  if (document.readyState !== 'interactive') return;"
                                        + "  for (const { elements } of document.querySelectorAll('form.controls')) {"
                                        + "    elements.run.disabled = true; elements.stop.disabled = false; } });"))
                .get("identifier");
        try {
            for (String demo : List.of("generate", "structured")) {
                open(demo);
                assertTrue(browser.find("#view-" + demo + " [name=run]").isEnabled(), demo);
                assertFalse(browser.find("#view-" + demo + " [name=stop]").isEnabled(), demo);
            }
        } finally {
            browser.devTools("Page.removeScriptToEvaluateOnNewDocument", Map.of("identifier", kept));
            browser.open(server.url("/"));
        }
    }

    /** A viewer far behind is given a state in place of the events. */
    @Test
    void countdownThatWasFarBehindShowsWhereItIs() {
        open("countdown");
        browser.run("const real = window.fetch; window.fetch = async (url, init) => {"
                + "if (!/streams[/]/.test(url)) return real(url, init);"
                + "const stream = url.split('/').pop();"
                + "const event = (name, data, index) => `event: ${name}\\ndata: ${JSON.stringify(data)}\\nid: ${stream}.${index}\\n\\n`;"
                + "const body = event('snapshot', { stream, status: 'live', index: 4, text: '1211109' }, 4);"
                + "let more; window.liftOff = () => more(event('snapshot', { stream, text: '121110987654321발사!' }, 13)"
                + "  + event('done', { finish_reason: 'stop' }, 14));"
                + "return new Response(new ReadableStream({ start(to) { const encoder = new TextEncoder();"
                + "  to.enqueue(encoder.encode(body)); more = (text) => { to.enqueue(encoder.encode(text)); to.close(); }; } })); };"
                + "document.querySelector('#view-countdown [name=from]').value = 12;");
        run("countdown");
        browser.await("the number", () -> browser.text("[data-part=number]").equals("9"));
        browser.run("window.liftOff()");
        browser.awaitState("complete");
        assertEquals("발사!", browser.text("[data-part=number]"));
        browser.open(server.url("/"));
    }

    @Test
    void fakeLlmSaysTheText() {
        open("fake-llm");
        choose("fake-llm", "delay", "10ms");
        String text = (String) browser.run("return document.querySelector('#view-fake-llm textarea').value");
        run("fake-llm");
        browser.awaitState("complete");
        assertEquals(text, browser.text("#view-fake-llm [data-part=answer]"));
    }

    @Test
    void streamShowsItsFirstWordsBeforeTheWholeAnswer() {
        open("compare");
        run("compare");
        browser.await(
                "the stream's first words, while the other side waits",
                () -> !browser.text("[data-side=stream] .paper").isEmpty()
                        && browser.text("[data-side=normal] .paper").isEmpty());
        browser.await("the verdict", () -> !browser.text(".verdict").isEmpty());
        assertEquals(
                browser.text("[data-side=normal] .paper").length() > 20,
                browser.text("[data-side=stream] .paper").length() > 20);
        assertFalse(browser.exists(".pair article:not([data-state=complete])"));
    }

    /** As the button does: the one that waits for all of its answer would go on, and be paid for. */
    @Test
    void escapeStopsBothSidesOfTheComparison() {
        try (TestServer own = TestServer.with("OPENAI_MODEL", "sim-20tps-500tokens")) {
            browser.open(own.url("/#/compare"));
            run("compare");
            browser.await(
                    "the first words",
                    () -> !browser.text("[data-side=stream] .paper").isEmpty());
            browser.find("body").sendKeys(Keys.ESCAPE);
            browser.await("both are stopped", () -> !browser.exists(".pair article:not([data-state=cancelled])"));
            browser.await("nothing is generated", () -> own.liveStreams() == 0);
            assertTrue(browser.find("#view-compare [name=run]").isEnabled());
            browser.open(server.url("/"));
        }
    }

    @Test
    void generateIsReadByHand() {
        open("generate");
        run("generate");
        browser.awaitState("complete");
        assertTrue(browser.text("#view-generate [data-part=answer]").length() > 20);
        assertTrue(browser.exists(".reads li"));
    }

    @Test
    void refusalIsReadByHandToo() {
        try (TestServer own = TestServer.with("OPENAI_MODEL", "sim-refusal-fast")) {
            browser.open(own.url("/#/generate"));
            run("generate");
            browser.awaitState("complete");
            assertFalse(browser.text("#view-generate [data-part=answer]").isEmpty());
            browser.open(server.url("/"));
        }
    }

    @Test
    void structuredAnswerFillsItsForm() {
        open("structured");
        choose("structured", "preset", "recipe");
        run("structured");
        browser.await("a field grows", () -> browser.exists(".document .string"));
        browser.awaitState("complete");
        assertEquals(
                "name,servings,vegetarian,ingredients,steps",
                browser.run("return [...document.querySelectorAll('.document > .object > .member > .key')]"
                        + ".map((n) => n.textContent).join()"));
        assertTrue(browser.exists(".document ol .object .key"));
    }

    @Test
    void schemaThatIsNoJsonIsNotSent() {
        open("structured");
        browser.find("#schema").sendKeys("}");
        assertFalse(browser.text("#schema-error").isEmpty());
        assertFalse(browser.find("#view-structured [name=run]").isEnabled());
    }

    @Test
    void helloWorldFillsTitleAndSummary() {
        open("structured");
        choose("structured", "preset", "helloworld");
        run("structured");
        browser.awaitState("complete");
        assertEquals(
                "title,summary",
                browser.run(
                        "return [...document.querySelectorAll('.document .key')].map((n) => n.textContent).join()"));
        assertFalse(browser.text(".document .string").isEmpty());
    }

    @Test
    void wireShowsTheEvents() {
        open("fake-llm");
        choose("fake-llm", "delay", "10ms");
        run("fake-llm");
        browser.awaitState("complete");
        browser.await("the rows", () -> browser.text("#events li:last-child b").equals("done"));
        browser.run("document.getElementById('events').scrollTop = 0");
        browser.await("the first row", () -> browser.text("#events li b").equals("start"));
        browser.run("document.querySelector('#events li').click()");
        assertTrue(browser.text("#event-data").startsWith("event: start\ndata: {\"stream\":"));
        assertTrue(browser.text("#curl").startsWith("curl -N '" + server.url("/streams")), browser.text("#curl"));
        assertTrue(browser.exists("#plot .ticks"));
        assertTrue(browser.text("[data-figure=ttft]").matches("\\d+ ms|\\d+\\.\\d\\d s"));
    }

    /** As one argument the shell would refuse it, and each question would wait for its layout. */
    @Test
    void wireCutsALongBodyAndCopiesAllOfIt() {
        assertEquals(
                List.of(true, true, true),
                browser.runAsync("const { curlLine } = await import('/assets/curl.js');"
                        + "const body = { message: 'it’s ' + \"'\" + 'x'.repeat(1e6) };"
                        + "const request = { method: 'POST', path: 'streams', body };"
                        + "const shown = curlLine(request); const whole = curlLine(request, true);"
                        + "return [shown.length < 4500, shown.endsWith(\"x…'\"),"
                        + " whole.endsWith(`-d @- <<'EOF'\\n${JSON.stringify(body)}\\nEOF`)];"));
    }

    @Test
    void silenceThatGoesOnIsTheLongestGapAndLowersNoPeak() {
        assertEquals(
                List.of(6930L, 70L, true),
                browser.runAsync("const { drawPlot, longestGap } = await import('/assets/plot.js');"
                        + "const token = (at) => ({ at, isToken: true });"
                        + "const run = (events, ended) => ({ events, ended, elapsed: 7000, gaps: [], tokens: events.length,"
                        + "  firstTokenAt: 0 });"
                        + "const gap = (ended) => { const { from, to } = longestGap(run([token(0), token(70)], ended));"
                        + "  return to - from; };"
                        + "const node = document.createElementNS('http://www.w3.org/2000/svg', 'svg');"
                        + "drawPlot(node, { ...run(Array.from({ length: 201 }, (_, i) => token(i * 10)), false), elapsed: 70_000 });"
                        + "const peak = [...node.querySelectorAll('text')].map((n) => n.textContent).find((text) => text.endsWith('/s'));"
                        + "return [gap(false), gap(true), parseInt(peak) > 50];"));
    }

    @Test
    void wireCountsBytesAndShowsWhatStoodThere() {
        open("generate");
        browser.run("document.querySelector('#view-generate [name=query]').value = '안녕하세요'");
        run("generate");
        browser.awaitState("complete");
        assertEquals(
                browser.run(
                        "return document.querySelectorAll('.reads li').length > 0"
                                + " && [...document.querySelectorAll('.reads li')].reduce((sum, n) => sum + parseInt(n.textContent), 0)"),
                browser.runAsync(
                        "const versioned = document.querySelector('script[type=module]').src.replace('app.js', 'run.js');"
                                + "return (await import(versioned)).currentRun().bytes;"));
        open("structured");
        choose("structured", "preset", "helloworld");
        run("structured");
        browser.awaitState("complete");
        browser.run("document.getElementById('events').scrollTop = 0");
        browser.await("the first row", () -> browser.text("#events li b").equals("start"));
        browser.run("document.querySelector('#events li').click()");
        assertTrue(browser.text("#event-data").startsWith("data: {\"status\":\"start\""), browser.text("#event-data"));
    }

    /** What comes in is what was begun last: another document must not be built into it. */
    @Test
    void nothingElseBeginsWhileADocumentIsWritten() {
        try (TestServer own = TestServer.with("OPENAI_MODEL", "sim-5tps")) {
            runHelloWorld(own);
            browser.await("a field grows", () -> browser.exists(".document .string"));
            choose("structured", "preset", "recipe");
            assertFalse(browser.find("#view-structured [name=run]").isEnabled());
            browser.click("#view-structured [name=stop]");
            browser.awaitState("cancelled");
            assertTrue(browser.find("#view-structured [name=run]").isEnabled());
            browser.open(server.url("/"));
        }
    }

    @Test
    void escapeStopsHelloWorldAndItsGeneration() {
        try (TestServer own = TestServer.with("OPENAI_MODEL", "sim-5tps")) {
            runHelloWorld(own);
            browser.await("a field grows", () -> browser.exists(".document .string"));
            browser.find("#view-structured [name=stop]").sendKeys(Keys.ESCAPE);
            browser.awaitState("cancelled");
            browser.await("the generation ends", () -> own.liveStreams() == 0);
            browser.open(server.url("/"));
        }
    }

    @Test
    void refusedHelloWorldIsNotSaidToBeUnreachable() {
        try (TestServer own = TestServer.with("OPENAI_MODEL", "sim-quota")) {
            runHelloWorld(own);
            browser.awaitState("failed");
            assertEquals(
                    "The server refused. An EventSource cannot read why: curl shows it.", browser.text(".document"));
            browser.open(server.url("/"));
        }
        // What the browser itself says about the 429 is no fault of the page.
        browser.complaints();
    }

    /** Until the model says something there is no id to cancel by: the connection is what there is. */
    @Test
    void stopStopsWhatHasNotBegun() {
        try (TestServer slow = TestServer.with("OPENAI_MODEL", "sim-wait-10s")) {
            for (String demo : List.of("compare", "generate")) {
                browser.open(slow.url("/#/" + demo));
                run(demo);
                browser.await("asked", () -> slow.liveStreams() > 0);
                browser.find("#view-" + demo).findElement(By.name("stop")).click();
                browser.awaitState("cancelled");
                assertTrue(browser.find("#view-" + demo + " [name=run]").isEnabled());
                browser.await("the generation ends", () -> slow.liveStreams() == 0);
            }
            browser.open(server.url("/"));
        }
    }

    @Test
    void escapeStopsTheDemoThatIsSeenAndNoAnswerBehindIt() {
        model("sim-20tps-500tokens");
        ask("For long.");
        awaitAnswerLongerThan(5);
        browser.run("location.hash = '#/countdown'");
        run("countdown");
        browser.await("a number", () -> browser.text("[data-part=number]").equals("5"));
        browser.find("#view-countdown [name=stop]").sendKeys(Keys.ESCAPE);
        browser.awaitState("cancelled");
        assertEquals("live", browser.find(".answer").getDomAttribute("data-state"));
        browser.click("#new-chat");
    }
}
