package rivulet;

import io.javalin.http.Context;
import io.javalin.router.Endpoint;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.function.IntPredicate;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.RequestLog;
import org.eclipse.jetty.server.Response;
import org.jspecify.annotations.Nullable;
import rivulet.feed.TraceContext;
import rivulet.telemetry.AccessLog;
import rivulet.telemetry.Metrics;
import rivulet.wire.Shown;
import rivulet.wire.Viewers;

/**
 * Told by Jetty of each request that has ended, also of one that no route saw, and writes it down. What the routes know
 * of it they leave in its attributes.
 */
final class Requests implements RequestLog {
    /** The attribute that holds the stream's id, where the answer does not tell it in its head. */
    static final String STREAM = "rivulet.stream";

    private static final String ROUTE = "rivulet.route";
    /** No route: the path is not shown, for it may be a prompt. */
    private static final String NONE = "none";

    private final AccessLog log;
    private final Metrics metrics;
    private final IntPredicate ignored;

    /** @param ignored whether requests to a port are this server's own, and not told of */
    Requests(AccessLog log, Metrics metrics, IntPredicate ignored) {
        this.log = log;
        this.metrics = metrics;
        this.ignored = ignored;
    }

    /** Runs once a route is found for the request: notes it, by its pattern. */
    static void route(Context ctx) {
        Endpoint matched = ctx.endpoints().matchedHttpEndpoint();
        if (matched != null) {
            ctx.attribute(ROUTE, matched.path);
        }
    }

    /** The pattern of the route that answers, for logs. */
    static String routeOf(Context ctx) {
        String route = ctx.attribute(ROUTE);
        return route == null ? NONE : route;
    }

    /** Where the request stands in its caller's trace, if it says so. */
    static @Nullable TraceContext trace(Context ctx) {
        return TraceContext.of(
                Collections.list(ctx.req().getHeaders(TraceContext.PARENT_HEADER)),
                Collections.list(ctx.req().getHeaders(TraceContext.STATE_HEADER)));
    }

    /**
     * How much a value is wanted, as a header of those says that name what is taken, such as {@code Accept}, on any of its
     * lines: its weight there, 1 if it is named without one, 0 if it is not named (RFC 9110, sections 5.3, 12.4.2).
     */
    static double weight(Context ctx, String header, String value) {
        return Collections.list(ctx.req().getHeaders(header)).stream()
                .flatMap(line -> Arrays.stream(line.split(",", -1)))
                .map(range -> Arrays.stream(range.toLowerCase(Locale.ROOT).split(";", -1))
                        .map(String::strip)
                        .toList())
                .filter(range -> range.get(0).equals(value))
                .mapToDouble(Requests::weight)
                .max()
                .orElse(0);
    }

    private static double weight(List<String> range) {
        return range.stream()
                .filter(parameter -> parameter.matches("q=[01](\\.\\d*)?"))
                .mapToDouble(parameter -> Double.parseDouble(parameter.substring(2)))
                .findFirst()
                .orElse(1);
    }

    @Override
    public void log(Request request, Response response) {
        if (ignored.test(Request.getLocalPort(request))) {
            return;
        }
        String route = text(request, ROUTE);
        String shownRoute = route == null ? NONE : route;
        metrics.request(request.getMethod(), shownRoute, response.getStatus());
        long begin = request.getBeginNanoTime();
        Shown shown = request.getAttribute(Viewers.SHOWN) instanceof Shown s ? s : null;
        log.request(new AccessLog.Request(
                request.getMethod(),
                shownRoute,
                response.getStatus(),
                Request.getRemoteAddr(request),
                Entrance.callerName(request),
                traceId(request),
                stream(request, response, shown),
                Response.getContentBytesWritten(response),
                Duration.ofNanos(System.nanoTime() - begin),
                shown == null ? null : showing(shown, begin)));
    }

    private static AccessLog.Showing showing(Shown shown, long begin) {
        Duration first = shown.firstNanos() == 0 ? null : Duration.ofNanos(shown.firstNanos() - begin);
        return new AccessLog.Showing(shown.deltas(), first, shown.end().wireName());
    }

    private static @Nullable String stream(Request request, Response response, @Nullable Shown shown) {
        String told = response.getHeaders().get("Stream-Id");
        return shown != null ? shown.stream() : told != null ? told : text(request, STREAM);
    }

    private static @Nullable String traceId(Request request) {
        List<String> parents = request.getHeaders().getValuesList(TraceContext.PARENT_HEADER);
        TraceContext trace = parents.isEmpty() ? null : TraceContext.of(parents, List.of());
        return trace == null ? null : trace.trace();
    }

    private static @Nullable String text(Request request, String attribute) {
        return request.getAttribute(attribute) instanceof String text ? text : null;
    }
}
