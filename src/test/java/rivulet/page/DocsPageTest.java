package rivulet.page;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import rivulet.TestServer;

/** The API's description as a browser shows it, under a policy that lets in no other origin and no inline script. */
@NeedsBrowser
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class DocsPageTest {
    @Test
    void everyOperationIsShownAndCanBeTried() {
        Browser browser = Browser.get();
        try (TestServer server = TestServer.with()) {
            browser.driver().get(server.url("/docs"));
            browser.await("the operations", () -> browser.exists("#operations-streams-cancel"));
            long shown = (Long) browser.run("return document.querySelectorAll('.opblock').length");
            assertEquals(server.get("/openapi.json").body().split("\"operationId\"", -1).length - 1, shown);
            browser.click("#operations-server-health .opblock-summary-control");
            browser.await("its answers", () -> browser.exists("#operations-server-health .try-out__btn"));
            browser.click("#operations-server-health .try-out__btn");
            browser.click("#operations-server-health .execute");
            browser.await(
                    "a live answer",
                    () -> browser.text("#operations-server-health .live-responses-table")
                            .contains("Server is running"));
            browser.shoot("docs");
            String policy = server.get("/docs")
                    .headers()
                    .firstValue("Content-Security-Policy")
                    .orElseThrow();
            assertTrue(policy.startsWith("default-src 'none'; script-src 'self';"), policy);
            assertEquals(List.of(), browser.complaints());
        }
    }
}
