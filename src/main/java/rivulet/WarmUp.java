package rivulet;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.management.CompilationMXBean;
import java.lang.management.ManagementFactory;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import rivulet.feed.Upstream;
import rivulet.log.Wordless;
import rivulet.simulator.Simulator;
import rivulet.telemetry.LineFormat;

/**
 * Has the JVM compile the way of a question and of a delta before users need it. Code that is not compiled takes some
 * twenty times as long; and where many streams begin at once on such code, their threads leave the compiler so little of
 * the processors that this can last for minutes. So servers in this process, one after the other, which nobody else knows
 * of, are asked by some clients, and ask an upstream that costs nothing. They are shown all that users bring: the JVM
 * compiles no more than it saw happen, and compiles again, when it is needed most, where something else does. Before that
 * the collector is {@linkplain G1Refinement taught} what it would learn under load.
 *
 * <p>It goes on until the compiler has little to do; before that is so, on a slow machine, the server may be called ready.
 * All of it pauses while users have streams: theirs come first, and warm the same code.
 */
final class WarmUp implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(WarmUp.class);
    /** What the clients ask, each its own, in the ways that are used most. */
    static final List<String> QUESTIONS = List.of(
            "POST /sse/chat\n{\"message\":\"Hello\"}",
            "GET /sse/chat?message=Hello",
            "GET /stream/Hello%20there",
            "POST /sse/chat\n{\"message\":\"Hello\",\"model\":\"gpt-4o-mini\",\"temperature\":0.5}",
            "POST /generate\n{\"query\":\"Hello\"}");

    /** What others ask, who wait longer, and leave before they have all. */
    private static final List<String> SLOW_QUESTIONS =
            List.of("POST /sse/chat\n{\"message\":\"Hello\",\"model\":\"%s\"}".formatted(WarmUpUpstream.SLOW_MODEL));

    private static final int CLIENTS = 8;
    private static final int SLOW_CLIENTS = 8;
    /** Clients that ask all at once, as users do in a rush: only then threads meet at the same locks, and queues fill. */
    private static final int CROWD = 32;
    /** One time in so many the few ask all at once, too. More often, they would leave the compiler less of the processors. */
    private static final int TOGETHER = 10;
    /** How often they ask, then the compiler is looked at. */
    private static final int ROUND = 125;
    /** How many rounds one server is asked. */
    private static final int ROUNDS = 4;
    /** What part of the time the compiler may still be at work when the crowd comes. */
    private static final double EASED = 0.8;
    /** What part of it when the warm-up is done. */
    private static final double SETTLED = 0.05;

    /** What it takes at most, without the pauses. */
    private static final Duration MOST = Duration.ofSeconds(40);
    /** When the worst is over, on a slow machine, or users have warmed the code themselves. */
    private static final Duration READY = Duration.ofSeconds(25);
    /** How long it waits for a pause that they leave. */
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    /** How long they must have had none: between two of theirs there is often a moment. */
    private static final Duration CALM = Duration.ofSeconds(1);

    private static final Duration PAUSE = Duration.ofMillis(20);

    private final BooleanSupplier busy;
    private final Upstream.Api api;
    private final LineFormat logFormat;
    private final LongSupplier nanoTime;
    private final long startNanos;
    private volatile boolean over;
    private long takenNanos;
    /** What part of the last round the compiler was at work; more than all where it has two threads. */
    private double compiling = 1;

    /**
     * @param busy whether users have streams
     * @param api what users' answers come by
     * @param logFormat how users' requests are logged
     * @param nanoTime a clock in nanoseconds
     */
    WarmUp(BooleanSupplier busy, Upstream.Api api, LineFormat logFormat, LongSupplier nanoTime) {
        this.busy = busy;
        this.api = api;
        this.logFormat = logFormat;
        this.nanoTime = nanoTime;
        this.startNanos = nanoTime.getAsLong();
    }

    /** Whether users find the server fast, or have waited for that for long enough. */
    boolean ready() {
        return over || past(startNanos, READY);
    }

    @Override
    public void run() {
        try (WarmUpUpstream upstream = new WarmUpUpstream(answers(api));
                PrintStream nowhere =
                        new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.US_ASCII)) {
            // First, while the heap is small: that makes it quick.
            boolean unused = G1Refinement.teach(this::mayGoOn);
            Config config = Config.of(settings(upstream.url()));
            warm(() -> new App(config, nowhere));
        } catch (IOException | RuntimeException e) {
            LOG.warn("the warm-up broke off: the first answers may be slow", new Wordless(e));
        } finally {
            // Well or not: there is nothing more to wait for.
            over = true;
        }
    }

    private void warm(Supplier<App> servers) throws IOException {
        CompilationMXBean compiler = ManagementFactory.getCompilationMXBean();
        if (compiler == null) {
            return;
        }
        while (goesOn()) {
            ask(servers.get(), compiler);
        }
    }

    private boolean goesOn() {
        return compiling > SETTLED && mayGoOn();
    }

    /** Asks a server that has not been asked before, as users find theirs: pools are empty, and caches. */
    private void ask(App own, CompilationMXBean compiler) throws IOException {
        own.start();
        // It is gone before they would be: what each answer tells them would never be compiled.
        own.makeMetrics();
        int port = URI.create(own.url()).getPort();
        try (WarmUpClient few = new WarmUpClient(port, CLIENTS, QUESTIONS);
                WarmUpClient crowd = new WarmUpClient(port, CROWD, QUESTIONS);
                WarmUpClient slow = new WarmUpClient(port, SLOW_CLIENTS, SLOW_QUESTIONS)) {
            slow.begin();
            for (int i = 0; i < ROUNDS && goesOn(); i++) {
                long begin = takenNanos;
                long before = compiler.getTotalCompilationTime();
                round(few, crowd);
                long compiled = TimeUnit.MILLISECONDS.toNanos(compiler.getTotalCompilationTime() - before);
                compiling = (double) compiled / Math.max(1, takenNanos - begin);
            }
        } finally {
            own.stop();
            giveBack();
        }
    }

    private void round(WarmUpClient few, WarmUpClient crowd) throws IOException {
        boolean eased = compiling < EASED;
        for (int i = 0; i < ROUND && mayGoOn(); i++) {
            long begin = nanoTime.getAsLong();
            if (eased) {
                crowd.ask(true);
            } else {
                few.ask(i % TOGETHER == 0);
            }
            takenNanos += nanoTime.getAsLong() - begin;
        }
    }

    /** Waits until users have had no streams for a while, if they have one; whether there is still time to go on. */
    private boolean mayGoOn() {
        long begin = nanoTime.getAsLong();
        long lastBusy = begin;
        boolean calm = !busy.getAsBoolean();
        while (!calm && !past(begin, PATIENCE)) {
            LockSupport.parkNanos(PAUSE.toNanos());
            if (busy.getAsBoolean()) {
                lastBusy = nanoTime.getAsLong();
            }
            calm = past(lastBusy, CALM);
        }
        return takenNanos < MOST.toNanos() && !past(begin, PATIENCE);
    }

    private boolean past(long begin, Duration most) {
        return nanoTime.getAsLong() - begin > most.toNanos();
    }

    /** Gives back the memory that was taken: else the heap would grow, and stay so. Not while users would wait for it. */
    private void giveBack() {
        if (!busy.getAsBoolean()) {
            System.gc();
        }
    }

    private Map<Setting, String> settings(String upstream) {
        Map<Setting, String> settings = new EnumMap<>(Setting.class);
        settings.put(Setting.PORT, "0");
        settings.put(Setting.WARM_UP, "off");
        settings.put(Setting.OPENAI_BASE_URL, upstream);
        settings.put(Setting.OPENAI_MODEL, "warm-up");
        // As long as a key is: it is looked for in all that is said.
        settings.put(Setting.OPENAI_API_KEY, "sk-" + "warm".repeat(12));
        settings.put(Setting.UPSTREAM_API, api.wireName());
        settings.put(Setting.LOG_FORMAT, logFormat.name().toLowerCase(Locale.ROOT));
        settings.put(Setting.DRAIN_TIMEOUT, "0s");
        settings.put(Setting.MAX_LOG_BYTES, "8000000");
        return settings;
    }

    /** As answers differ: in their length, in their letters, in what is escaped, in what comes beside the text. */
    static List<List<byte[]>> answers(Upstream.Api api) {
        return List.of(
                answer(api, "sim-fast-10tokens", "Hello"),
                answer(api, "sim-fast-10tokens-markdown", "Hello"),
                padded(answer(api, "sim-fast-400tokens", "Hello")),
                padded(answer(api, "sim-fast-10tokens-reasoning", "Hello")),
                answer(api, "sim-fast-10tokens-no-usage", "\uC548\uB155"));
    }

    private static List<byte[]> answer(Upstream.Api api, String model, String message) {
        boolean chat = api == Upstream.Api.CHAT;
        String question = chat
                ? "{'model':'%s','stream':true,'stream_options':{'include_usage':true},'messages':[{'role':'user','content':'%s'}]}"
                : "{'model':'%s','stream':true,'input':'%s'}";
        byte[] body = question.formatted(model, message).replace('\'', '"').getBytes(StandardCharsets.UTF_8);
        return chat ? Simulator.chatEvents(body) : Simulator.responseEvents(body);
    }

    /** As OpenAI pads its events, so that their lengths do not tell of the text. */
    private static List<byte[]> padded(List<byte[]> events) {
        return events.stream()
                .map(event -> new String(event, StandardCharsets.UTF_8))
                .map(event -> event.replace("}\n\n", ",\"obfuscation\":\"nT8aX\"}\n\n"))
                .map(event -> event.getBytes(StandardCharsets.UTF_8))
                .toList();
    }
}
