package rivulet;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.Proxy;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import rivulet.log.Wordless;

/**
 * Has the JVM compile the way of a delta before users need it. Code that is not compiled takes some twenty times as long;
 * and where many streams begin at once on such code, their threads leave the compiler so little of the processors that
 * this can last for minutes. So a second server in this process, which nobody else knows of, asks its own simulator for
 * some seconds. It pauses while users have streams: theirs come first, and warm the same code.
 *
 * <p>Of one client, and no more than is needed: two would outrun the compiler, and spend the time on slow code.
 */
final class WarmUp implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(WarmUp.class);
    /** Long answers, for what runs at each delta; short ones, for what runs at each question. */
    private static final Map<String, Integer> QUESTIONS = Map.of("sim-fast-400tokens", 100, "sim-fast-10tokens", 1000);

    /** Where users never leave it a pause: they have warmed the code themselves by then. */
    private static final Duration MOST = Duration.ofSeconds(20);

    private static final Duration PAUSE = Duration.ofMillis(20);

    private final BooleanSupplier busy;
    private long startNanos;
    private volatile boolean over;

    /** @param busy whether users have streams */
    WarmUp(BooleanSupplier busy) {
        this.busy = busy;
    }

    /** Whether it has ended, well or not. */
    boolean over() {
        return over;
    }

    @Override
    public void run() {
        startNanos = System.nanoTime();
        try {
            askAll();
            // Gives back the memory that it took: the heap does not shrink by itself.
            System.gc();
            LOG.debug("warm after {} ms", TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startNanos));
        } catch (IOException | RuntimeException e) {
            LOG.warn("the warm-up broke off: the first answers may be slow", new Wordless(e));
        } finally {
            // Whatever went wrong: else the server would never be ready.
            over = true;
        }
    }

    private void askAll() throws IOException {
        App own = new App(Config.of(settings()));
        try {
            own.start();
            for (Map.Entry<String, Integer> question : QUESTIONS.entrySet()) {
                for (int i = 0; i < question.getValue() && inTime(); i++) {
                    ask(own.url() + "/sse/chat", question.getKey());
                }
            }
        } finally {
            own.stop();
        }
    }

    private static Map<Setting, String> settings() {
        Map<Setting, String> settings = new EnumMap<>(Setting.class);
        settings.put(Setting.PORT, "0");
        settings.put(Setting.WARM_UP, "off");
        settings.put(Setting.LOG_FORMAT, "off");
        settings.put(Setting.DRAIN_TIMEOUT, "0s");
        settings.put(Setting.MAX_LOG_BYTES, "8000000");
        return settings;
    }

    private boolean inTime() {
        return System.nanoTime() - startNanos < MOST.toNanos();
    }

    private void ask(String url, String model) throws IOException {
        while (busy.getAsBoolean() && inTime()) {
            LockSupport.parkNanos(PAUSE.toNanos());
        }
        String body = "{\"model\":\"" + model + "\",\"message\":\"Hello\"}";
        HttpURLConnection asked = (HttpURLConnection) URI.create(url).toURL().openConnection(Proxy.NO_PROXY);
        asked.setDoOutput(true);
        asked.setRequestProperty("Content-Type", "application/json");
        try (OutputStream out = asked.getOutputStream()) {
            out.write(body.getBytes(StandardCharsets.US_ASCII));
        }
        try (InputStream in = asked.getInputStream()) {
            long unused = in.transferTo(OutputStream.nullOutputStream());
        }
    }
}
