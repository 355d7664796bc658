package rivulet.telemetry;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All metrics. Making them takes longer than a first answer should, so they are made once the server answers, or when
 * they are first asked for; what is told before waits. Telling costs little and never fails. Safe on any thread.
 */
public final class Metrics implements AutoCloseable {
    /** How a scrape is answered: Prometheus' text format. */
    public static final String CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

    private static final Logger LOG = LoggerFactory.getLogger(Metrics.class);

    private record Meters(PrometheusMeterRegistry registry, GenerationMeters generations, ServerMeters server) {}

    private final CompletableFuture<Meters> meters = new CompletableFuture<>();

    @GuardedBy("this")
    private boolean made;

    /** Makes them, unless that was done. */
    public synchronized void make(Readings readings) {
        if (made) {
            return;
        }
        made = true;
        try {
            PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
            ServerMeters server = new ServerMeters(registry, readings);
            meters.complete(new Meters(registry, new GenerationMeters(registry), server));
        } catch (RuntimeException | LinkageError e) {
            LOG.error("there are no metrics", e);
            meters.completeExceptionally(e);
        }
    }

    /** A generation has ended. */
    public void ended(Generation generation) {
        tell(m -> m.generations.record(generation));
    }

    /** A request has ended. Its route is one of those that there are, never a path. */
    public void request(String method, String route, int status) {
        tell(m -> m.server.request(method, route, status));
    }

    /** A viewer came back to continue its stream. */
    public void resumed() {
        tell(m -> m.server.resumed());
    }

    /** A viewer was sent so many events that had happened before it came; none if negative. */
    public void replayed(int events) {
        if (events > 0) {
            tell(m -> m.server.replayed(events));
        }
    }

    /** An event took so many nanoseconds from the upstream to its first viewer. */
    public void added(long nanos) {
        tell(m -> m.server.added(nanos));
    }

    /** All that is known, in {@link #CONTENT_TYPE}; {@link #make} has been called. */
    public String scrape() {
        return meters.join().registry.scrape();
    }

    private void tell(Consumer<Meters> what) {
        CompletableFuture<Void> unused = meters.thenAccept(what).exceptionally(failure -> {
            LOG.debug("a metric could not be told", failure);
            return null;
        });
    }

    @Override
    public void close() {
        if (meters.isDone() && !meters.isCompletedExceptionally()) {
            meters.join().server.close();
            meters.join().registry.close();
        }
    }
}
