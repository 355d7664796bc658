package rivulet.telemetry;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.jvm.ClassLoaderMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.core.instrument.config.MeterFilter;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.DoubleSupplier;
import java.util.function.ToDoubleFunction;
import rivulet.log.StoreState;

/** What is measured of the server itself: its streams and viewers now, its store, its requests, Jetty and the JVM. */
final class ServerMeters implements AutoCloseable {
    /** Named as Prometheus' linter would not have them, and told by others as well. */
    private static final Set<String> LEFT_OUT = Set.of("process.cpu.time", "system.cpu.count");

    private static final Set<String> METHODS = Set.of("GET", "HEAD", "POST", "DELETE", "OPTIONS");
    private static final Duration[] ADDED = {
        Duration.ofNanos(100_000),
        Duration.ofNanos(250_000),
        Duration.ofNanos(500_000),
        Duration.ofMillis(1),
        Duration.ofNanos(2_500_000),
        Duration.ofMillis(5),
        Duration.ofMillis(10),
        Duration.ofMillis(25),
        Duration.ofMillis(50),
        Duration.ofMillis(100),
        Duration.ofMillis(250),
        Duration.ofSeconds(1)
    };

    private final MeterRegistry registry;
    private final Counter resumes;
    private final Counter replayed;
    private final Timer added;
    private final Map<Answered, Counter> requests = new ConcurrentHashMap<>();
    private final JvmGcMetrics collector = new JvmGcMetrics();

    private record Answered(String method, String route, int status) {}

    ServerMeters(MeterRegistry registry, Readings readings) {
        this.registry = registry;
        registry.config().meterFilter(MeterFilter.deny(ServerMeters::leftOut));
        resumes = Counter.builder("rivulet.resumes")
                .description("Requests that continued a stream from a position.")
                .register(registry);
        replayed = Counter.builder("rivulet.replayed.events")
                .description("Events that were sent again, or late, to viewers that came when they had happened.")
                .register(registry);
        added = Timer.builder("rivulet.added.latency")
                .description("From an event's last byte read from the upstream to its first viewer written; one in 64.")
                .serviceLevelObjectives(ADDED)
                .register(registry);
        streams(readings);
        counters(readings);
        store(readings);
        jetty(readings.jetty());
        jvm();
    }

    void resumed() {
        resumes.increment();
    }

    void replayed(int events) {
        replayed.increment(events);
    }

    void added(long nanos) {
        added.record(Duration.ofNanos(nanos));
    }

    void request(String method, String route, int status) {
        Answered answered = new Answered(METHODS.contains(method) ? method : "other", route, status);
        requests.computeIfAbsent(answered, this::requests).increment();
    }

    private Counter requests(Answered answered) {
        return Counter.builder("rivulet.requests")
                .description("Requests that ended, by the route that answered and the status.")
                .tags("method", answered.method(), "route", answered.route())
                .tags("status", String.valueOf(answered.status()))
                .register(registry);
    }

    private void streams(Readings readings) {
        Gauge.builder("rivulet.build.info", () -> 1)
                .description("Always 1; which build this is.")
                .tags("version", readings.version(), "java", Runtime.version().toString())
                .register(registry);
        gauge("rivulet.streams.live", "Streams that are being generated here.", readings.liveStreams());
        gauge("rivulet.viewers", "Viewers that are connected here.", readings.viewers());
        Gauge.builder("rivulet.log.used", readings.logBytes()::getAsDouble)
                .description("Memory that the streams' logs take here, about.")
                .baseUnit("bytes")
                .register(registry);
        Gauge.builder("rivulet.log.limit", readings::maxLogBytes)
                .description("Memory that the streams' logs may take here: MAX_LOG_BYTES.")
                .baseUnit("bytes")
                .register(registry);
    }

    private void counters(Readings readings) {
        counter(
                "rivulet.upstream.retries",
                "Questions that were asked again at the same upstream, since nothing can have been billed.",
                readings.upstreamRetries());
        counter(
                "rivulet.upstream.fallbacks",
                "Questions that went on to the next upstream.",
                readings.upstreamFallbacks());
        counter(
                "rivulet.streams.lost",
                "Streams that this node ended, since the node that generated them was lost.",
                readings.lostStreams());
        counter("rivulet.viewers.dropped", "Viewers that were dropped: they did not read.", readings.slowViewers());
        counter(
                "rivulet.access.log.dropped",
                "Lines of the access log that were left out: nobody took them in time.",
                readings.accessLogDropped());
    }

    private void store(Readings readings) {
        for (StoreState state : StoreState.values()) {
            Gauge.builder("rivulet.store.state", () -> readings.store().get() == state ? 1 : 0)
                    .description("1 for the state in which the store is, 0 for all others.")
                    .tags("state", state.wireName())
                    .register(registry);
        }
    }

    private void jetty(Readings.Jetty jetty) {
        gauge("jetty.connections", "Connections that are open.", jetty.connections());
        gauge("jetty.threads", "Threads of the HTTP server.", jetty.threads());
        gauge("jetty.threads.busy", "Threads of the HTTP server that run something.", jetty.busyThreads());
        gauge("jetty.threads.queued.tasks", "Tasks that wait for a thread of the HTTP server.", jetty.queuedTasks());
    }

    private void jvm() {
        new JvmMemoryMetrics().bindTo(registry);
        new JvmThreadMetrics().bindTo(registry);
        new ClassLoaderMetrics().bindTo(registry);
        new ProcessorMetrics().bindTo(registry);
        new UptimeMetrics().bindTo(registry);
        new FileDescriptorMetrics().bindTo(registry);
        collector.bindTo(registry);
    }

    private void gauge(String name, String description, DoubleSupplier value) {
        Gauge.builder(name, value::getAsDouble).description(description).register(registry);
    }

    private void counter(String name, String description, DoubleSupplier value) {
        ToDoubleFunction<DoubleSupplier> read = DoubleSupplier::getAsDouble;
        FunctionCounter.builder(name, value, read).description(description).register(registry);
    }

    private static boolean leftOut(Meter.Id id) {
        return LEFT_OUT.contains(id.getName());
    }

    @Override
    public void close() {
        collector.close();
    }
}
