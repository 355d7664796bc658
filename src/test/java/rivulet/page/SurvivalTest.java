package rivulet.page;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.openqa.selenium.Keys;
import org.openqa.selenium.WindowType;
import rivulet.RawUpstream;
import rivulet.TestServer;

/** What an answer survives, and how it ends before its time. */
final class SurvivalTest extends PageTest {
    /** Takes twelve seconds: a machine that is busy must get to the cut before the end. */
    private static final String LONG_ANSWER = "sim-100tps-1200tokens";

    private static final String CHUNK = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"word \"}}]}\n\n";

    /** A test that failed without a network must not take it from the next one. */
    @AfterEach
    void bringTheNetworkBack() {
        network(false);
    }

    @Test
    void answerGoesOnAfterACut() {
        model(LONG_ANSWER);
        ask("Go on.");
        awaitAnswerLongerThan(40);
        browser.click("#cut");
        browser.awaitState("reconnecting");
        browser.awaitState("complete");
        assertAnswerIsExact();
        assertEquals(
                String.valueOf(keptAnswer().path("index").asInt() + 1),
                browser.text("[data-figure=events]"),
                "each event came once");
    }

    @Test
    void answerGoesOnAfterAReload() {
        model("sim-200tps-800tokens");
        ask("Go on.");
        awaitAnswerLongerThan(40);
        browser.driver().navigate().refresh();
        browser.awaitState("complete");
        assertAnswerIsExact();
        assertEquals(1L, browser.run("return document.querySelectorAll('.answer').length"));
    }

    @Test
    void answerGoesOnWhenTheNetworkComesBack() {
        model(LONG_ANSWER);
        ask("Go on.");
        awaitAnswerLongerThan(40);
        network(true);
        browser.click("#cut");
        browser.awaitState("reconnecting");
        network(false);
        browser.awaitState("complete");
        assertAnswerIsExact();
        // What the browser itself says about requests without a network is no fault of the page.
        browser.complaints();
    }

    @Test
    void questionThatWasCutOffIsAskedOnce() {
        model("sim-echo-fast");
        // The request arrives, its answer does not: the one case in which asking again could cost twice.
        browser.run("const real = window.fetch; window.begun = []; window.fetch = async (url, init) => {"
                + "const response = await real(url, init);"
                + "if (init?.method !== 'POST') return response;"
                + "begun.push((await response.clone().json()).stream);"
                + "if (begun.length === 1) throw new TypeError('lost');"
                + "return response; };");
        ask("once");
        browser.awaitState("complete");
        assertEquals("once", browser.text(".prose").strip());
        assertEquals(2L, browser.run("return begun.length"));
        assertEquals(1L, browser.run("return new Set(begun).size"));
    }

    @Test
    void twoTabsShowTheSameAnswer() {
        model("sim-200tps-800tokens");
        ask("Both.");
        awaitAnswerLongerThan(20);
        String first = browser.driver().getWindowHandle();
        String address = browser.driver().getCurrentUrl();
        browser.driver().switchTo().newWindow(WindowType.TAB);
        try {
            browser.open(address);
            awaitAnswerLongerThan(20);
            assertTrue(server.viewers() >= 2, "each tab is a viewer of the one stream");
            browser.awaitState("complete");
            assertAnswerIsExact();
            String shown = browser.text(".prose");
            browser.driver().close();
            browser.driver().switchTo().window(first);
            browser.awaitState("complete");
            assertEquals(shown, browser.text(".prose"));
        } finally {
            Set<String> open = browser.driver().getWindowHandles();
            open.stream()
                    .filter(tab -> !tab.equals(first))
                    .forEach(tab -> browser.driver().switchTo().window(tab).close());
            browser.driver().switchTo().window(first);
        }
    }

    /** What that tab still reads is the past: it must not keep the conversation as it was then. */
    @Test
    void tabThatWasCutOffTakesNothingBackThatAnotherOneAsked() {
        model(LONG_ANSWER);
        ask("first");
        awaitAnswerLongerThan(20);
        String first = browser.driver().getWindowHandle();
        String address = browser.driver().getCurrentUrl();
        browser.driver().switchTo().newWindow(WindowType.TAB);
        String second = browser.driver().getWindowHandle();
        try {
            browser.open(address);
            awaitAnswerLongerThan(20);
            network(true);
            browser.click("#cut");
            browser.awaitState("reconnecting");
            browser.driver().switchTo().window(first);
            browser.click("#stop");
            browser.awaitState("cancelled");
            model("sim-echo-fast");
            ask("second");
            browser.awaitState("complete");
            browser.driver().switchTo().window(second);
            network(false);
            browser.await(
                    "the second question",
                    () -> browser.text(".question[data-last] .bubble").equals("second"));
            browser.await("nothing is read", () -> browser.find("#send").isDisplayed());
        } finally {
            network(false);
            browser.driver().close();
            browser.driver().switchTo().window(first);
        }
        assertEquals("second", keptAnswer().path("text").asText().strip());
        // What the browser itself says about requests without a network is no fault of the page.
        browser.complaints();
    }

    /** The server has the question, the page not yet its stream. */
    @Test
    void questionIsAskedOnceThoughThePageIsLoadedAgainBeforeItKnowsItsStream() {
        model("sim-200tps-200tokens");
        browser.run("const real = window.fetch; window.fetch = async (url, init) => {"
                + "const response = await real(url, init);"
                + "if (init?.method !== 'POST') return response;"
                + "sessionStorage.setItem('begun', (await response.json()).stream);"
                + "return new Promise(() => {}); };");
        ask("Once.");
        browser.await("it is begun", () -> browser.run("return sessionStorage.getItem('begun')") != null);
        browser.await("it is listed", () -> browser.exists("#conversations [aria-current]"));
        browser.driver().navigate().refresh();
        browser.awaitState("complete");
        assertEquals(
                browser.run("return sessionStorage.getItem('begun')"),
                keptAnswer().path("stream").asText());
        assertAnswerIsExact();
    }

    @Test
    void conversationThatAnotherTabDeletesIsGoneHereToo() {
        model("sim-20tps-500tokens");
        ask("Both.");
        awaitAnswerLongerThan(5);
        String stream = keptAnswer().path("stream").asText();
        String first = browser.driver().getWindowHandle();
        String address = browser.driver().getCurrentUrl();
        browser.driver().switchTo().newWindow(WindowType.TAB);
        try {
            browser.open(address);
            awaitAnswerLongerThan(5);
            browser.click("#conversations [data-act=delete]");
            browser.await(
                    "the generation ends",
                    () -> stateOf(stream).path("status").asText().equals("done"));
        } finally {
            browser.driver().close();
            browser.driver().switchTo().window(first);
        }
        browser.await("nothing is shown", () -> browser.find("#empty").isDisplayed());
        browser.open(server.url("/"));
        assertFalse(browser.exists("#conversations a"));
    }

    /** As where the browser was told to let no site keep anything: even to look at the storage throws. */
    @Test
    void pageWorksWhereNothingMayBeKept() {
        pageWorks(
                "for (const name of ['localStorage', 'sessionStorage'])"
                        + " Object.defineProperty(window, name, { get() { throw new DOMException('no', 'SecurityError'); } });"
                        + "indexedDB.constructor.prototype.open = () => { throw new DOMException('no', 'SecurityError'); };"
                        // Firefox forbids this with the rest.
                        + "window.BroadcastChannel = class { constructor() { throw new DOMException('no', 'SecurityError'); } };");
    }

    /** As in an app's web view, unless it asks for it. */
    @Test
    void pageWorksWhereThereIsNoStorage() {
        pageWorks("for (const name of ['localStorage', 'sessionStorage', 'indexedDB'])"
                + " Object.defineProperty(window, name, { value: null });");
    }

    /** Other pages of the same host and port may have taken all of it. */
    @Test
    void pageWorksWhereStorageIsFull() {
        pageWorks("Storage.prototype.setItem = IDBObjectStore.prototype.put ="
                + " () => { throw new DOMException('full', 'QuotaExceededError'); };");
    }

    private void pageWorks(String without) {
        String script = (String) ((Map<?, ?>) browser.driver()
                        .executeCdpCommand("Page.addScriptToEvaluateOnNewDocument", Map.of("source", without)))
                .get("identifier");
        try {
            browser.open(server.url("/"));
            browser.find("#theme").sendKeys("Dark");
            assertEquals("dark", browser.run("return document.documentElement.dataset.theme"));
            ask("Once.");
            browser.awaitState("complete");
            browser.await("the title", () -> browser.text("#title").equals("Once."));
            browser.open(server.url("/#/countdown"));
            browser.find("#view-countdown [name=run]").click();
            browser.await("it counts", () -> browser.text("[data-part=number]").equals("4"));
        } finally {
            devTools("Page.removeScriptToEvaluateOnNewDocument", Map.of("identifier", script));
            browser.open(server.url("/"));
        }
    }

    @Test
    void stopReachesTheUpstream() throws IOException, InterruptedException {
        try (RawUpstream upstream = new RawUpstream((request, connection) -> {
                    connection.sendStreamHead();
                    connection.send(CHUNK);
                    connection.awaitPeerClose();
                });
                TestServer own = TestServer.before(upstream, "OPENAI_MODEL", "m")) {
            browser.openFresh(own.url("/"));
            ask("For ever.");
            browser.await("the first word", () -> browser.text(".prose").contains("word"));
            browser.click("#stop");
            upstream.takeClosedNanos();
            browser.awaitState("cancelled");
            assertTrue(browser.find(".cutoff").isDisplayed());
            browser.open(server.url("/"));
        }
    }

    /** The first request to stop is lost with the network. */
    @Test
    void whatIsStoppedWithoutANetworkIsStoppedOnceItIsBack() {
        model(LONG_ANSWER);
        ask("Stop.");
        awaitAnswerLongerThan(40);
        network(true);
        browser.click("#cut");
        browser.awaitState("reconnecting");
        browser.click("#stop");
        network(false);
        browser.awaitState("cancelled");
        assertAnswerIsExact();
        // What the browser itself says about requests without a network is no fault of the page.
        browser.complaints();
    }

    @Test
    void pageGoesOnKeepingThoughItsDataWasCleared() {
        model("sim-echo-fast");
        ask("before");
        browser.awaitState("complete");
        devTools("Storage.clearDataForOrigin", Map.of("origin", server.url(""), "storageTypes", "indexeddb"));
        browser.click("#new-chat");
        ask("after");
        browser.await("kept", () -> browser.text("#conversations a").equals("after"));
        browser.awaitState("complete");
    }

    @Test
    void stopNeedsNoAnswerOfTheServer() {
        model("sim-20tps-500tokens");
        browser.run("const real = window.fetch; window.fetch = async (url, init) => {"
                + "const response = await real(url, init);"
                + "if (init?.method === 'POST') await new Promise((resolve) => { window.letGo = resolve; });"
                + "return response; };");
        ask("For long.");
        browser.await("asked", () -> browser.run("return window.letGo ? 1 : null") != null);
        browser.click("#stop");
        browser.awaitState("cancelled");
        assertTrue(browser.find("#send").isDisplayed());
        assertTrue(browser.find(".cutoff").isDisplayed());
        browser.run("window.letGo()");
        browser.await("its stream is known", () -> !keptAnswer().path("stream").isNull());
        browser.await(
                "the generation ends",
                () -> stateOf(keptAnswer().path("stream").asText())
                        .path("finish_reason")
                        .asText()
                        .equals("cancelled"));
    }

    @Test
    void escapeStops() {
        model("sim-20tps-500tokens");
        ask("For long.");
        awaitAnswerLongerThan(5);
        browser.find("#question").sendKeys(Keys.ESCAPE);
        browser.awaitState("cancelled");
    }

    private void network(boolean offline) {
        devTools("Network.enable", Map.of());
        devTools(
                "Network.emulateNetworkConditions",
                Map.of("offline", offline, "latency", 0, "downloadThroughput", -1, "uploadThroughput", -1));
    }

    /** What the server does not hear of goes on, and is paid for. */
    @Test
    void stopThatDoesNotArriveIsSentAgainAndSaidToBeLost() {
        try (TestServer own = TestServer.with("OPENAI_MODEL", "sim-20tps-500tokens")) {
            browser.openFresh(own.url("/"));
            browser.run("const real = window.fetch; window.tries = []; window.answers = [403];"
                    + "window.fetch = (url, init) => { if (init?.method !== 'DELETE') return real(url, init);"
                    + "  const status = answers.shift(); tries.push(status ?? 'sent');"
                    + "  if (status === 0) return Promise.reject(new TypeError('cut'));"
                    + "  return status ? Promise.resolve(new Response('', { status })) : real(url, init); };");
            ask("For long.");
            awaitAnswerLongerThan(5);
            browser.click("#stop");
            browser.await("a refusal is told at once", () -> browser.exists("#announce.toast:not(:empty)"));
            browser.run("document.getElementById('announce').className = 'sr'; answers.push(503, 0, 503);");
            browser.click("#stop");
            browser.await("the loss is told", () -> browser.exists("#announce.toast:not(:empty)"));
            browser.shoot("not-stopped-1280");
            assertEquals(1, own.liveStreams());
            browser.run("answers.push(503, 0)");
            browser.click("#stop");
            browser.awaitState("cancelled");
            browser.await("the end is announced", () -> browser.exists("#announce.sr"));
            assertEquals("403,503,0,503,503,0,sent", browser.run("return tries.join()"));
            browser.open(server.url("/"));
        }
    }

    /** It was asked, though nobody heard so: a retry under another key would be generated, and paid for, twice. */
    @Test
    void retryFindsWhatItsLostAnswerBegan() {
        try (TestServer own = TestServer.with("OPENAI_MODEL", "sim-20tps-500tokens")) {
            browser.openFresh(own.url("/"));
            browser.run("const real = window.fetch; window.lose = 3; window.fetch = async (url, init) => {"
                    + "const response = await real(url, init);"
                    + "if (init?.method === 'POST' && window.lose-- > 0) throw new TypeError('cut');"
                    + "return response; };");
            ask("For long.");
            browser.awaitState("failed");
            browser.click("[data-act=retry]");
            awaitAnswerLongerThan(5);
            assertEquals(1, own.liveStreams());
            browser.click("#stop");
            browser.awaitState("cancelled");
            browser.open(server.url("/"));
        }
    }

    @Test
    void stopOfAQuestionWhoseAnswerIsLostIsSaidToBeLost() {
        model("sim-20tps-20tokens");
        browser.run("const real = window.fetch; window.fetch = async (url, init) => {"
                + "const response = await real(url, init);"
                + "if (init?.method === 'POST') throw new TypeError('cut');"
                + "return response; };");
        ask("For long.");
        browser.awaitState("connecting");
        browser.click("#stop");
        browser.await("the loss is told", () -> browser.exists("#announce.toast:not(:empty)"));
    }

    /** Two tabs that read one answer tell each other of its end. */
    @Test
    void whatIsShownAlreadyIsNotShownAnew() {
        model("sim-echo-fast");
        ask("once");
        browser.awaitState("complete");
        browser.await("kept", () -> keptAnswer().path("state").asText().equals("done"));
        browser.run("window.shown = document.querySelector('.prose').firstChild;"
                + "new BroadcastChannel('rivulet').postMessage({ id: location.hash.split('/')[2] });");
        browser.runAsync("await new Promise((resolve) => setTimeout(resolve, 300))");
        assertEquals(true, browser.run("return window.shown.isConnected"));
    }
}
