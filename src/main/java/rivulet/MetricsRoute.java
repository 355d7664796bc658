package rivulet;

import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.function.Supplier;
import rivulet.telemetry.Metrics;

/**
 * What Prometheus reads. To those on this machine, or, where there are tokens, to callers that are known by name: it tells
 * how much is asked.
 */
final class MetricsRoute {
    /** What a proxy adds: whoever is behind it is not on this machine, though the proxy may be. */
    private static final List<String> FORWARDED = List.of("Forwarded", "X-Forwarded-For", "X-Real-IP");

    private final Supplier<String> metrics;

    /** @param metrics in Prometheus' text format */
    MetricsRoute(Supplier<String> metrics) {
        this.metrics = metrics;
    }

    void register(RoutesConfig routes) {
        routes.get("/metrics", this::scrape);
        routes.head("/metrics", this::scrape);
    }

    private void scrape(Context ctx) {
        if (Entrance.caller(ctx).name() == null && !isLocal(ctx)) {
            throw RequestError.metricsRefused();
        }
        ctx.header("Cache-Control", "no-store");
        ctx.contentType(Metrics.CONTENT_TYPE).result(metrics.get());
    }

    private static boolean isLocal(Context ctx) {
        try {
            // An address, never a name: nothing is looked up.
            return FORWARDED.stream().allMatch(name -> ctx.header(name) == null)
                    && InetAddress.getByName(ctx.req().getRemoteAddr()).isLoopbackAddress();
        } catch (UnknownHostException e) {
            return false;
        }
    }
}
