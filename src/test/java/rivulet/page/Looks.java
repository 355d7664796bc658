package rivulet.page;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/**
 * A view, light and dark, wide and narrow: a picture to look at in {@code target/screenshots}, nothing beyond the narrow
 * screen's edge, and nothing serious that axe-core finds.
 */
abstract class Looks extends PageTest {
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

    final void shootAll(String view) {
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
            assertEveryButtonHasAName(view);
            browser.size(WIDE, 860);
            if (wireOpen) {
                browser.run("document.getElementById('wire-toggle').click()");
            }
        }
    }

    final void phoneOnly(String opener, String view) {
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

    /** Also where there is no room for its word. */
    private void assertEveryButtonHasAName(String view) {
        assertEquals(
                List.of(),
                browser.run(
                        "return [...document.querySelectorAll('button')].filter((n) => n.checkVisibility({ visibilityProperty: true })"
                                + " && !(n.ariaLabel || n.innerText.trim())).map((n) => n.outerHTML.slice(0, 80))"),
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
        try (InputStream script = Looks.class.getResourceAsStream("/axe.min.js")) {
            assertNotNull(script);
            return new String(script.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
