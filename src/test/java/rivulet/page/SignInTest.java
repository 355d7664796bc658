package rivulet.page;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.openqa.selenium.Keys;
import rivulet.TestServer;

/** The page asks who calls, once, where the server wants to know. */
final class SignInTest extends Looks {
    private static final String TOKEN = "ann-0123456789abcdef";
    private static TestServer guarded;

    @BeforeAll
    static void start() {
        guarded = TestServer.with("ACCESS_TOKENS", "ann:" + TOKEN, "OPENAI_MODEL", "sim-fast");
    }

    @AfterAll
    static void stop() {
        guarded.close();
    }

    @BeforeEach
    void openGuarded() {
        browser.devTools("Network.clearBrowserCookies", Map.of());
        browser.openFresh(guarded.url("/"));
        browser.await("it asks", () -> browser.exists("#sign-in[open]"));
    }

    private void token(String token) {
        browser.find("#sign-in input").sendKeys(token + Keys.ENTER);
    }

    private void awaitSignedIn() {
        browser.await("it has let the user in", () -> !browser.exists("#sign-in[open]"));
        // The page is whole then: one that is left while it makes its store keeps the next one waiting for it.
        browser.await("one can ask", () -> "question".equals(browser.run("return document.activeElement.id")));
    }

    /** A refusal is an error to the browser's console. */
    private void expectComplaints() {
        List<String> complaints = browser.complaints();
        assertTrue(complaints.stream().allMatch(line -> line.contains("401")), complaints.toString());
    }

    @Test
    void looks() {
        shootAll("sign-in");
        token("wrong");
        browser.await("it says so", () -> !browser.text("#sign-in-error").isEmpty());
        shootAll("sign-in-wrong");
        browser.run("document.querySelector('#sign-in input').value = ''");
        token(TOKEN);
        awaitSignedIn();
        browser.await("the name is shown", () -> browser.text("#sign-out").contains("ann"));
        browser.shoot("signed-in-1280");
        expectComplaints();
    }

    @Test
    void theKeyboardIsEnough() {
        assertEquals("token", browser.run("return document.activeElement.name"));
        browser.driver().switchTo().activeElement().sendKeys(Keys.ESCAPE);
        browser.driver().switchTo().activeElement().sendKeys(Keys.ESCAPE);
        browser.await("it stays", () -> browser.exists("#sign-in[open]"));
        browser.driver().switchTo().activeElement().sendKeys("not the token", Keys.ENTER);
        browser.await("it says so", () -> browser.text("#sign-in-error").contains("does not know"));
        assertEquals(
                "true",
                browser.run("return String(document.querySelector('#sign-in input').hasAttribute('aria-invalid'))"));
        // What was typed is selected: typing replaces it.
        browser.driver().switchTo().activeElement().sendKeys(TOKEN, Keys.ENTER);
        awaitSignedIn();
        expectComplaints();
        ask("Hello");
        browser.awaitState("complete");
    }

    @Test
    void aReloadNeedsNoTokenAndASignOutDoes() {
        token(TOKEN);
        awaitSignedIn();
        browser.open(guarded.url("/"));
        browser.await("the name is shown", () -> browser.text("#sign-out").contains("ann"));
        assertFalse(browser.exists("#sign-in[open]"));
        assertEquals(
                false,
                browser.run("return JSON.stringify(localStorage).includes(arguments[0])", TOKEN),
                "kept nowhere");
        browser.click("#sign-out");
        browser.await("it asks again", () -> browser.exists("#sign-in[open]"));
    }

    /** Its generation goes on meanwhile, and is paid for once. */
    @Test
    void answerGoesOnAfterASignInInItsMiddle() {
        token(TOKEN);
        awaitSignedIn();
        model("sim-100tps-600tokens");
        ask("Go on.");
        awaitAnswerLongerThan(40);
        String stream = keptAnswer().path("stream").asText();
        browser.devTools("Network.clearBrowserCookies", Map.of());
        browser.click("#cut");
        browser.await("it asks again", () -> browser.exists("#sign-in[open]"));
        token(TOKEN);
        browser.awaitState("complete");
        assertEquals(stream, keptAnswer().path("stream").asText());
        assertEquals("done", keptAnswer().path("state").asText());
        expectComplaints();
    }

    @Test
    void aSignInThatIsOverIsAskedForAgain() {
        token(TOKEN);
        awaitSignedIn();
        browser.await("the name is shown", () -> browser.text("#sign-out").contains("ann"));
        browser.devTools("Network.clearBrowserCookies", Map.of());
        ask("Hello");
        browser.await("it asks again", () -> browser.exists("#sign-in[open]"));
        token(TOKEN);
        awaitSignedIn();
        browser.click(".answer[data-last] [data-act=retry]");
        browser.awaitState("complete");
        expectComplaints();
    }
}
