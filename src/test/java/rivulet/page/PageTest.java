package rivulet.page;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.openqa.selenium.Keys;
import rivulet.TestServer;

/** What the page's tests have in common: the browser, a server, and that the console stays silent. */
@NeedsBrowser
@Timeout(value = 60, unit = TimeUnit.SECONDS)
abstract class PageTest {
    /** For all tests, with the simulator behind it, somewhat faster than a model is; ends with the JVM. */
    private static final class Only {
        private static final TestServer SERVER = TestServer.with("OPENAI_MODEL", "sim-150tps-wait-150ms");
    }

    Browser browser;
    TestServer server;

    @BeforeEach
    void open() {
        browser = Browser.get();
        server = Only.SERVER;
        browser.size(1280, 860);
        browser.openFresh(server.url("/"));
    }

    @AfterEach
    void consoleIsSilent() {
        assertEquals(List.of(), browser.complaints());
    }

    /** The model that the page asks for from now on. */
    void model(String model) {
        browser.run("localStorage.setItem('rivulet.settings', JSON.stringify({model: arguments[0]}))", model);
    }

    void ask(String question) {
        browser.find("#question").sendKeys(question + Keys.ENTER);
    }

    /** Puts text into the question without typing it, and sends it. */
    void askAtOnce(String question) {
        browser.run("document.getElementById('question').value = arguments[0]", question);
        browser.find("#question").sendKeys(Keys.ENTER);
    }

    void awaitAnswerLongerThan(int characters) {
        browser.await(
                "an answer of " + characters + " characters",
                () -> browser.text(".answer[data-last] .prose").length() > characters);
    }

    /** The last answer as the page has kept it. */
    JsonNode keptAnswer() {
        Object kept = browser.runAsync("const { allConversations } = await import('/assets/conversations.js');"
                + "return JSON.stringify((await allConversations())[0].messages.at(-1));");
        return TestServer.json((String) kept);
    }

    /** The stream's state, as the server has it. */
    JsonNode stateOf(String stream) {
        return TestServer.json(
                server.get("/streams/" + stream, "Accept", "application/json").body());
    }

    /** The answer that is kept and shown is what the server sent, to the letter. */
    void assertAnswerIsExact() {
        browser.await("the answer is kept", () -> !keptAnswer().path("elapsed").isNull());
        JsonNode kept = keptAnswer();
        JsonNode state = stateOf(kept.path("stream").asText());
        assertEquals(state.path("text").asText(), kept.path("text").asText());
        assertEquals(state.path("index").asInt(), kept.path("index").asInt());
        assertEquals(
                words(state.path("text").asText()), words(browser.text(".answer[data-last] .prose")), "what is shown");
    }

    /** Text without its white space, which HTML does not keep. */
    static String words(String text) {
        return text.replaceAll("\\s+", "");
    }

    void devTools(String command, Map<String, Object> parameters) {
        browser.devTools(command, parameters);
    }
}
