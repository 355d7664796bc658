package rivulet;

import io.javalin.util.JavalinBindException;
import java.io.PrintStream;
import java.net.URI;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;
import rivulet.access.Limits;
import rivulet.feed.Feeds;
import rivulet.feed.OpenAiUpstream;
import rivulet.feed.Upstream;
import rivulet.feed.UpstreamClient;
import rivulet.feed.Upstreams;
import rivulet.log.LogStore;
import rivulet.log.MemoryStore;
import rivulet.log.RedisStore;
import rivulet.telemetry.OneLine;
import rivulet.telemetry.Readings;
import rivulet.wire.Peers;
import rivulet.wire.Viewers;

/** Builds the parts, starts them, and stops them in order. */
public final class App {
    private static final int EXIT_BAD_SETTING = 2;
    private static final int EXIT_CANNOT_LISTEN = 1;
    /** How long viewers have, at a stop, to be sent the end of their stream. */
    private static final Duration LAST_WORDS = Duration.ofSeconds(3);

    /** How long what can wait is put off after the start: the first answer needs the processors more. */
    private static final Duration FIRST_ANSWER = Duration.ofSeconds(1);

    private final Config config;
    private final Telemetry telemetry;
    private final ScheduledExecutorService timer = Threads.timer("rivulet-timer");
    private final ExecutorService writer = Threads.working("rivulet-writer");
    private final WriteTurns turns = new WriteTurns(writer);
    private final ExecutorService calls = Threads.waiting("rivulet-upstream");
    private final ExecutorService readers = Threads.working("rivulet-reader");
    private final ExecutorService checks = Threads.computing("rivulet-checker");
    /** What may have to wait, for the store or for one client, and holds up nobody else. */
    private final ExecutorService later = Threads.waiting("rivulet-later");

    private final LogStore store;
    private final Streams streams;
    private final Viewers viewers;
    private final Follow follow;
    private final Upstreams upstreams;
    private final Server server;
    private final WarmUp warmUp;

    static {
        // As where references are compressed. Jetty would ask the JVM's management: 70 ms of the start.
        System.setProperty("org.eclipse.jetty.util.referencesPerCacheLine", "16");
        // No country's words and numbers, which nothing here says, and whose loading would take 40 ms of it.
        System.setProperty("java.locale.providers", "SPI");
    }

    /** The server with these settings, not yet started. */
    App(Config config) {
        this(config, System.out);
    }

    /** @param out where the access log goes */
    App(Config config, PrintStream out) {
        this.config = config;
        telemetry = new Telemetry(config.logFormat(), out);
        store = store();
        Limits limits = new Limits(config.access().most(), store.cells(), later, Instant::now);
        viewers = new Viewers(
                config.heartbeat(),
                config.slowViewerTimeout(),
                turns,
                writer,
                timer,
                System::nanoTime,
                App::retryMillis,
                telemetry.metrics()::added);
        boolean tls = config.upstreams().stream().anyMatch(Upstream::tls);
        UpstreamClient client =
                new UpstreamClient(config.limits().connect(), config.proxies(), calls, readers, turns, tls);
        upstreams = new Upstreams(config.upstreams().stream()
                .map(asked -> upstream(asked, client))
                .toList());
        Feeds feeds = new Feeds(upstreams, timer, config.documentLimits(), checks);
        streams = new Streams(store, config, limits, timer, System::nanoTime, feeds, telemetry::ended);
        Asks asks = new Asks(feeds, config.instructions(), config.access());
        Peers peers = new Peers(timer, System::nanoTime);
        follow = new Follow(
                streams, viewers, peers, config.access().maxViewers(), turns, later, timer, telemetry.metrics());
        Models models = new Models(upstreams::models, config.upstream().model(), config.access()::allows);
        Entrance entrance = new Entrance(config, this::isSimulatorsOwn);
        warmUp = new WarmUp(
                () -> streams.liveCount() > 0, config.upstream().api(), config.logFormat(), System::nanoTime);
        Routes routes = new Routes(config, streams, asks, follow, entrance.door());
        server = new Server(
                config, timer, entrance, routes, models, streams, viewers, telemetry, this::warm, this::scrape);
    }

    /** Runs the server until the process is told to end. */
    public static void main(String[] args) {
        List<String> arguments = List.of(args);
        if (arguments.contains("--help") || arguments.contains("-h")) {
            System.out.println(help());
            return;
        }
        Threads.start("rivulet-preload", new Preload());
        try {
            Config config = Config.read(arguments, System.getenv());
            OneLine log = new OneLine(System.err);
            System.setErr(log);
            Runtime.getRuntime().addShutdownHook(new Thread(log::awaitWritten, "rivulet-log-end"));
            // Before the first logger is made, which reads it.
            System.setProperty("org.slf4j.simpleLogger.log.rivulet", config.logLevel());
            App app = new App(config);
            app.start();
            app.warn();
            Runtime.getRuntime().addShutdownHook(new Thread(() -> app.stopAndHalt(log), "rivulet-stop"));
            System.out.println(app.greeting());
        } catch (SettingError e) {
            quit(EXIT_BAD_SETTING, String.valueOf(e.getMessage()));
        } catch (JavalinBindException e) {
            quit(EXIT_CANNOT_LISTEN, "cannot listen: " + e.getMessage() + "; PORT or --port takes another");
        }
    }

    /** Listens; returns once requests are answered. */
    void start() {
        server.start();
        timer.schedule(() -> calls.execute(this::afterFirstAnswer), FIRST_ANSWER.toMillis(), TimeUnit.MILLISECONDS);
        if (warmsUp()) {
            timer.schedule(
                    () -> Threads.start("rivulet-warm-up", warmUp), FIRST_ANSWER.toMillis(), TimeUnit.MILLISECONDS);
        }
    }

    /** Begins nothing new, lets live streams end, ends those that do not, and stops. */
    void stop() {
        streams.drain();
        int live = streams.liveCount();
        if (live > 0 && !config.drainTimeout().isZero()) {
            // Whoever pressed Ctrl-C would take the silence for a server that hangs.
            LoggerFactory.getLogger(App.class)
                    .info(
                            "stops once what is live has ended ({} streams), after {} s at most (DRAIN_TIMEOUT)",
                            live,
                            config.drainTimeout().toSeconds());
        }
        // What other nodes generate is followed elsewhere from now on.
        store.stopFollowing();
        await(() -> streams.liveCount() == 0, config.drainTimeout());
        streams.endAll();
        // Who waits for an answer is a viewer next, or is sent it.
        await(() -> follow.unanswered() == 0 && viewers.count() == 0 && upstreams.cancelling() == 0, LAST_WORDS);
        viewers.closeAll();
        upstreams.close();
        server.stop();
        // What the last answers cost is to be told to the store, if it listens.
        later.shutdown();
        await(later::isTerminated, LAST_WORDS);
        store.close();
        timer.shutdownNow();
        writer.shutdownNow();
        calls.shutdownNow();
        readers.shutdownNow();
        checks.shutdownNow();
        telemetry.close();
    }

    /** Where the server is reached. */
    String url() {
        return server.url();
    }

    /** Every route as its method and path. */
    List<String> routes() {
        return server.routes();
    }

    /** The version in the jar, or a word for a build that is in none. */
    static String version() {
        return Optional.ofNullable(App.class.getPackage().getImplementationVersion())
                .orElse("dev");
    }

    private boolean warm() {
        return !warmsUp() || warmUp.ready();
    }

    /** Where the log tells of each stream, those of the warm-up would fill it. */
    private boolean warmsUp() {
        return config.warmUp() && !config.logLevel().equals("debug");
    }

    /** What would only make the first answer wait. */
    private void afterFirstAnswer() {
        makeMetrics();
        IdleMemory.giveBack();
    }

    private String scrape() {
        makeMetrics();
        return telemetry.metrics().scrape();
    }

    /** Makes the metrics, unless that was done. */
    void makeMetrics() {
        telemetry
                .metrics()
                .make(new Readings(
                        version(),
                        streams::liveCount,
                        viewers::count,
                        streams::logBytes,
                        config.maxLogBytes(),
                        streams::storeState,
                        store::lostEnded,
                        upstreams::retries,
                        upstreams::fallbacks,
                        viewers::dropped,
                        telemetry.log()::dropped,
                        server.readings()));
    }

    private boolean isSimulatorsOwn(int port) {
        return server.isSimulatorsOwn(port);
    }

    private LogStore store() {
        SecureRandom random = new SecureRandom();
        return config.redis()
                .<LogStore>map(redis -> new RedisStore(
                        redis,
                        config.retention(),
                        timer,
                        random,
                        System::nanoTime,
                        config.maxLogBytes(),
                        turns::whenShown))
                .orElseGet(() ->
                        new MemoryStore(config.retention(), timer, random, config.maxLogBytes(), turns::whenShown));
    }

    /** Says what a setting cannot do here. */
    private void warn() {
        List<String> deaf = config.upstreams().stream()
                .filter(asked -> config.background() && asked.api() != Upstream.Api.RESPONSES)
                .map(Upstream::label)
                .toList();
        if (!deaf.isEmpty()) {
            LoggerFactory.getLogger(App.class)
                    .warn(
                            "BACKGROUND=on has no effect at {}: only the Responses API knows it (UPSTREAM_API=responses)",
                            String.join(", ", deaf));
        }
    }

    private String greeting() {
        Upstream asked = config.upstream();
        return "Rivulet %s at %s - upstream: %s, %s API - Java %s, %s threads"
                .formatted(
                        version(),
                        url(),
                        asked.label(),
                        asked.api().wireName(),
                        System.getProperty("java.version"),
                        Threads.virtual() ? "virtual" : "platform");
    }

    private OpenAiUpstream upstream(Upstream asked, UpstreamClient client) {
        @Nullable URI given = asked.baseUrl();
        Supplier<String> url = given == null ? () -> server.simulatorUrl() : given::toString;
        return new OpenAiUpstream(
                asked,
                url,
                config.limits(),
                given == null ? client.direct() : client,
                timer,
                App::random,
                config.background());
    }

    private void stopAndHalt(OneLine log) {
        try {
            stop();
        } finally {
            log.awaitWritten();
            // A JVM that was told to end says 143 otherwise, as if it had been killed.
            Runtime.getRuntime().halt(0);
        }
    }

    private static void quit(int status, String why) {
        System.err.println("rivulet: " + why);
        System.exit(status);
    }

    private static String help() {
        return """
                Rivulet: one jar between a page and any OpenAI-compatible model.

                  java -jar rivulet.jar [--port N] [--host H]

                Settings, from the environment or from .env in the working directory [default]:

                %s
                """.formatted(Setting.help());
    }

    private static int retryMillis() {
        return ThreadLocalRandom.current().nextInt(1000, 2001);
    }

    private static double random() {
        return ThreadLocalRandom.current().nextDouble();
    }

    /** Looks again every few milliseconds: what it waits for, a stop's last writes, tells nobody. */
    private static void await(BooleanSupplier reached, Duration most) {
        long deadline = System.nanoTime() + most.toNanos();
        while (!reached.getAsBoolean() && System.nanoTime() < deadline) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
        }
    }
}
