package rivulet.page;

import org.junit.jupiter.api.Test;

/** How the demos look. */
final class DemoLooksTest extends Looks {
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

    private void demo(String name, String prepare) {
        browser.open(server.url("/#/" + name));
        browser.run(prepare);
        browser.click("#view-" + name + " [name=run]");
    }
}
