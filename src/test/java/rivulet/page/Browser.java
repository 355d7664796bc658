package rivulet.page;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.logging.Level;
import org.openqa.selenium.By;
import org.openqa.selenium.OutputType;
import org.openqa.selenium.StaleElementReferenceException;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.logging.LogEntry;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.logging.LoggingPreferences;

/** Chromium without a window: one for all tests, since a start costs as much as ten of them. */
final class Browser {
    private static final File CHROMIUM = new File("/usr/bin/chromium");
    private static final File DRIVER = new File("/usr/bin/chromedriver");
    private static final Path SCREENSHOTS = Path.of("target", "screenshots");
    private static final Duration PATIENCE = Duration.ofSeconds(15);
    private static final long LOOK_AGAIN_NANOS = Duration.ofMillis(15).toNanos();

    /** Made when first asked for. */
    private static final class Only {
        private static final Browser BROWSER = new Browser();
    }

    private final ChromeDriver driver;

    private Browser() {
        ChromeOptions options = new ChromeOptions();
        options.setBinary(CHROMIUM);
        options.addArguments(
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                // Servers that speak TLS here have certificates of their own making.
                "--ignore-certificate-errors",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--lang=en-US",
                // What a hostile name server would say, for pages that should not get far.
                "--host-resolver-rules=MAP evil.example 127.0.0.1, MAP rebound.example 127.0.0.1",
                "--window-size=1280,860",
                "--user-data-dir=" + profile());
        LoggingPreferences logs = new LoggingPreferences();
        logs.enable(LogType.BROWSER, Level.ALL);
        options.setCapability("goog:loggingPrefs", logs);
        driver = new ChromeDriver(
                new ChromeDriverService.Builder().usingDriverExecutable(DRIVER).build(), options);
        Runtime.getRuntime().addShutdownHook(new Thread(driver::quit, "browser-quit"));
    }

    /** Whether there is one here, see {@link NeedsBrowser}. */
    static boolean installed() {
        return CHROMIUM.canExecute() && DRIVER.canExecute();
    }

    /** The one browser, for a test that {@link NeedsBrowser needs} it. */
    static Browser get() {
        return Only.BROWSER;
    }

    ChromeDriver driver() {
        return driver;
    }

    /** Opens an address as a browser that was never there before. */
    void openFresh(String url) {
        devTools(
                "Storage.clearDataForOrigin",
                Map.of("origin", url.replaceAll("(//[^/]+).*", "$1"), "storageTypes", "all"));
        open(url);
        run("sessionStorage.clear()");
    }

    void open(String url) {
        // Otherwise an address that differs only behind the # would not be loaded again.
        driver.get("about:blank");
        driver.get(url);
        await("the page is ready", () -> (Boolean) run("return 'ready' in document.body.dataset"));
    }

    Object run(String script, Object... arguments) {
        return driver.executeScript(script, arguments);
    }

    /** Runs the body of an asynchronous function and answers what it returns. */
    Object runAsync(String script, Object... arguments) {
        return driver.executeAsyncScript(
                "const done = arguments[arguments.length - 1]; const args = arguments;" + "(async () => {" + script
                        + "})().then(done, (e) => done('threw ' + e + e.stack));",
                arguments);
    }

    WebElement find(String selector) {
        return driver.findElement(By.cssSelector(selector));
    }

    void click(String selector) {
        find(selector).click();
    }

    String text(String selector) {
        return (String) run("return document.querySelector(arguments[0])?.textContent ?? ''", selector);
    }

    boolean exists(String selector) {
        return !driver.findElements(By.cssSelector(selector)).isEmpty();
    }

    void await(String what, BooleanSupplier reached) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!reachedNow(reached)) {
            if (System.nanoTime() > deadline) {
                shoot("in-vain");
                throw new AssertionError("in vain: " + what + "; the log says " + complaints());
            }
            LockSupport.parkNanos(LOOK_AGAIN_NANOS);
        }
    }

    /** Waits until the state light says so. */
    void awaitState(String state) {
        await(
                "the light says " + state,
                () -> state.equals(run("return document.getElementById('light').dataset.state")));
    }

    private static boolean reachedNow(BooleanSupplier reached) {
        try {
            return reached.getAsBoolean();
        } catch (StaleElementReferenceException e) {
            return false;
        }
    }

    void size(int width, int height) {
        devTools(
                "Emulation.setDeviceMetricsOverride",
                Map.of("width", width, "height", height, "deviceScaleFactor", 1, "mobile", width < 500));
    }

    /** Sets what the system prefers: each call replaces what the last one said. */
    void prefers(String colours, String motion) {
        devTools(
                "Emulation.setEmulatedMedia",
                Map.of(
                        "features",
                        List.of(
                                Map.of("name", "prefers-color-scheme", "value", colours),
                                Map.of("name", "prefers-reduced-motion", "value", motion))));
    }

    void devTools(String command, Map<String, Object> parameters) {
        driver.executeCdpCommand(command, parameters);
    }

    /** What the console said that a developer would have to look into, since this was last asked. */
    List<String> complaints() {
        return driver.manage().logs().get(LogType.BROWSER).getAll().stream()
                .filter(entry -> entry.getLevel().intValue() >= Level.WARNING.intValue())
                .map(LogEntry::getMessage)
                .toList();
    }

    /** Writes what can be seen to {@code target/screenshots}. */
    void shoot(String name) {
        try {
            Files.createDirectories(SCREENSHOTS);
            Files.write(SCREENSHOTS.resolve(name + ".png"), driver.getScreenshotAs(OutputType.BYTES));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path profile() {
        try {
            Path profile = Files.createTempDirectory("rivulet-browser");
            profile.toFile().deleteOnExit();
            return profile;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
