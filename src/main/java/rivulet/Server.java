package rivulet;

import io.javalin.Javalin;
import io.javalin.config.JavalinConfig;
import io.javalin.http.Context;
import io.javalin.http.HandlerType;
import io.javalin.http.util.MethodNotAllowedUtil;
import io.javalin.router.InternalRouter;
import io.javalin.util.JavalinBindException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.eclipse.jetty.http.UriCompliance;
import org.eclipse.jetty.server.ConnectionFactory;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.LowResourceMonitor;
import org.eclipse.jetty.server.SecureRequestCustomizer;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.VirtualThreads;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.jspecify.annotations.Nullable;
import rivulet.simulator.Simulator;
import rivulet.telemetry.Readings;
import rivulet.wire.Viewers;

/** The HTTP server: Javalin with its routes on Jetty, HTTP/1.1 and, for those who begin with it, HTTP/2 on one port. */
final class Server {
    private static final String SIMULATOR_PREFIX = "/simulator/v1";
    private static final String LOOPBACK = "127.0.0.1";
    /** A page may send its user's whole prompt in the address; browsers go to 64 KiB and beyond. */
    private static final int REQUEST_HEAD_BYTES = 64 * 1024;
    /** Connections that arrive at once, as after a restart, wait here rather than be refused; the default is 50. */
    private static final int ACCEPT_QUEUE = 4096;
    /** By how much a viewer that does not read is dropped sooner than Jetty would: it is counted then, and drops more. */
    private static final Duration BEHIND_VIEWERS = Duration.ofSeconds(5);

    private final Config config;
    private final ScheduledExecutorService timer;
    private final Entrance entrance;
    private final Cors cors;
    private final Javalin javalin;
    private final QueuedThreadPool pool = new QueuedThreadPool();
    private final Requests requests;
    private final Optional<Tls> tls;
    private volatile @Nullable ServerConnector main;
    private volatile @Nullable ServerConnector simulatorOnly;
    private volatile boolean started;

    /**
     * @param warm until this is so, the server says that it starts, though it answers everyone
     * @param metrics what a scrape is answered
     */
    Server(
            Config config,
            ScheduledExecutorService timer,
            Entrance entrance,
            Routes routes,
            Models models,
            Streams streams,
            Viewers viewers,
            Telemetry telemetry,
            BooleanSupplier warm,
            Supplier<String> metrics) {
        this.config = config;
        cors = new Cors(config.corsOrigins());
        requests = new Requests(telemetry.log(), telemetry.metrics(), this::isSimulatorsOwn);
        this.timer = timer;
        this.entrance = entrance;
        tls = config.tls().map(files -> new Tls(files.certificate(), files.key()));
        tls.ifPresent(t -> t.watch(timer));
        Health health = new Health(config, streams, viewers, () -> started && warm.getAsBoolean());
        Simulator simulator = new Simulator(timer);
        javalin = Javalin.create(c -> {
            jetty(c);
            c.startup.showJavalinBanner = false;
            c.startup.showOldJavalinVersionWarning = false;
            c.http.prefer405over404 = true;
            // Only the simulator's bodies are read by Javalin.
            c.http.maxRequestSize = entrance.mostBodyBytes();
            c.routes.beforeMatched(Requests::route);
            // First: an answer that a later one refuses has these headers too.
            c.routes.before(Hardening::before);
            // Before anyone is refused: an allowed page is to see why.
            c.routes.before(cors::before);
            c.routes.before(this::keepSimulatorApart);
            c.routes.before(entrance::checkHost);
            c.routes.before(entrance::enter);
            c.routes.before(this::refuseHead);
            c.routes.after(LongBody::after);
            Errors.routes(c.routes);
            health.register(c.routes);
            new MetricsRoute(metrics).register(c.routes);
            new StaticFiles().register(c.routes);
            new SignIn(entrance.door()).register(c.routes);
            new ApiDocs().register(c.routes);
            models.register(c.routes);
            routes.register(c.routes);
            simulator.routes(c.routes, SIMULATOR_PREFIX);
        });
    }

    /**
     * Listens; returns once requests are answered.
     *
     * @throws SettingError if the host is not this machine's
     * @throws JavalinBindException if the port cannot be had; the message says why
     */
    void start() {
        ListenAddress.requireFree(config.host(), config.port());
        javalin.start();
        for (Connector connector : javalin.jettyServer().server().getConnectors()) {
            SlowHeads.of((ServerConnector) connector, config.access().head(), timer);
        }
        started = true;
    }

    /** Cuts what is still open and stops listening. */
    void stop() {
        javalin.stop();
    }

    /** Where people reach the server. */
    String url() {
        String host = config.host().contains(":") ? "[" + config.host() + "]" : config.host();
        return (tls.isPresent() ? "https://" : "http://") + host + ":" + port(main);
    }

    /** Where the upstream that is the simulator is reached. */
    String simulatorUrl() {
        return "http://" + LOOPBACK + ":" + port(simulatorOnly) + SIMULATOR_PREFIX;
    }

    /** What the HTTP server says of itself. */
    Readings.Jetty readings() {
        return new Readings.Jetty(
                () -> main == null ? 0 : main.getConnectedEndPoints().size(),
                pool::getThreads,
                pool::getBusyThreads,
                pool::getQueueSize);
    }

    /** Every route as its method and path, such as {@code GET /streams/{id}}. */
    List<String> routes() {
        return javalin.unsafe.internalRouter.allHttpHandlers().stream()
                .map(route -> route.endpoint)
                .filter(route -> route.method.isHttpMethod())
                .map(route -> route.method.name() + " " + route.path)
                .toList();
    }

    private void jetty(JavalinConfig c) {
        pool.setName("rivulet-http");
        if (Threads.virtual()) {
            pool.setVirtualThreadsExecutor(VirtualThreads.getDefaultVirtualThreadsExecutor());
        }
        c.jetty.threadPool = pool;
        AccessConfig access = config.access();
        c.jetty.modifyServer(server -> {
            server.setErrorHandler(new Errors.OfJetty(cors));
            // Javalin's: statistics that nobody asks for, at the cost of four objects a write; and a monitor that,
            // where
            // threads are few, lets no connection be silent for longer than a second.
            server.setHandler((Handler) null);
            server.removeBean(server.getBean(LowResourceMonitor.class));
            server.setRequestLog(requests);
            server.insertHandler(new BodyFirst(entrance::maxBodyBytes, entrance.mostBodyBytes(), access.body(), timer));
        });
        // They would be kept by path, which may hold a prompt; and there are no filters.
        c.jetty.modifyServletContextHandler(
                context -> context.getServletHandler().setFilterChainsCached(false));
        c.jetty.modifyHttpConfiguration(Server::http);
        c.jetty.addConnector((server, http) -> {
            ServerConnector connector = listening(server, protocols(http), config.host(), config.port());
            connector.addBean(new Connections(access.maxConnectionsPerAddress(), access.proxies()));
            // Jetty breaks off what stands still for so long, a write that a viewer still has time to read, too.
            long viewers = config.slowViewerTimeout().plus(BEHIND_VIEWERS).toMillis();
            connector.setIdleTimeout(Math.max(connector.getIdleTimeout(), viewers));
            main = connector;
            return connector;
        });
        if (config.upstreams().stream().anyMatch(asked -> asked.baseUrl() == null)) {
            // A port of its own, so that a server on a public address need not open the simulator to the world.
            c.jetty.addConnector((server, http) -> simulatorOnly = listening(server, plain(http), LOOPBACK, 0));
        }
    }

    private static void http(HttpConfiguration http) {
        http.setRequestHeaderSize(REQUEST_HEAD_BYTES);
        http.setSendServerVersion(false);
        // From its second request on, a connection would keep 100 KB of fields that it has seen.
        http.setHeaderCacheSize(0);
        // A prompt in the path may hold anything; no path here names a file.
        http.setUriCompliance(UriCompliance.UNSAFE);
    }

    private ConnectionFactory[] protocols(HttpConfiguration http) {
        if (tls.isEmpty()) {
            return plain(http);
        }
        HttpConfiguration secure = new HttpConfiguration(http);
        // Without its own check of the name: the certificate is the client's to judge, the Host header not TLS's.
        secure.addCustomizer(new SecureRequestCustomizer(false));
        return tls.get().protocols(secure, new LenientHttp(secure));
    }

    private static ConnectionFactory[] plain(HttpConfiguration http) {
        return new ConnectionFactory[] {new LenientHttp(http), new PlainHttp2(http)};
    }

    private static ServerConnector listening(
            org.eclipse.jetty.server.Server server, ConnectionFactory[] protocols, String host, int port) {
        ServerConnector connector = new ServerConnector(server, protocols);
        connector.setHost(host);
        connector.setPort(port);
        connector.setAcceptQueueSize(ACCEPT_QUEUE);
        return connector;
    }

    /** The simulator's own port serves nothing else, and where the simulator is not public no other port serves it. */
    private void keepSimulatorApart(Context ctx) {
        boolean own = isSimulatorsOwn(ctx.req().getLocalPort());
        boolean simulated = ctx.path().startsWith(SIMULATOR_PREFIX);
        if (own ? !simulated : simulated && !config.simulatorPublic()) {
            throw RequestError.noSuchRoute("There is no " + ctx.path() + " here"
                    + (own ? "." : "; SIMULATOR=on opens the simulator on a public address."));
        }
    }

    /**
     * Refuses a HEAD where GET begins or follows a stream: only what it would generate says how it would be answered
     * (RFC 9110, section 9.3.2). Javalin itself answers 200, whatever GET says. The other routes take HEAD as they take GET.
     */
    private void refuseHead(Context ctx) {
        InternalRouter router = javalin.unsafe.internalRouter;
        if (ctx.method().equals(HandlerType.HEAD)
                && router.hasHttpHandlerEntry(HandlerType.GET, ctx.path())
                && !router.hasHttpHandlerEntry(HandlerType.HEAD, ctx.path())) {
            throw RequestError.methodNotAllowed(
                    MethodNotAllowedUtil.INSTANCE.findAvailableHttpHandlerTypes(router, ctx.path()).stream()
                            .map(HandlerType::name)
                            .collect(Collectors.joining(", ")));
        }
    }

    /** Whether that is the port where this process alone calls the simulator. */
    boolean isSimulatorsOwn(int port) {
        return simulatorOnly != null && port == port(simulatorOnly);
    }

    private static int port(@Nullable ServerConnector connector) {
        return connector == null ? 0 : connector.getLocalPort();
    }
}
