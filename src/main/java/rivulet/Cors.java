package rivulet;

import io.javalin.http.Context;
import io.javalin.http.HandlerType;
import java.util.List;
import java.util.function.BiConsumer;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.jspecify.annotations.Nullable;

/** Which other origins' pages may call (the Fetch standard's CORS protocol). */
final class Cors {
    private static final String ORIGIN = "Origin";
    private static final String ALL = "*";
    private static final String METHODS = "GET, POST, DELETE, OPTIONS";
    private static final String REQUEST_HEADERS = "Content-Type, Authorization, Last-Event-ID, Idempotency-Key";
    private static final String RESPONSE_HEADERS = "Stream-Id, Location, Retry-After";
    private static final String PREFLIGHT_SECONDS = "600";

    private final List<String> allowed;

    /** @param allowed origins, or {@code *} for any */
    Cors(List<String> allowed) {
        this.allowed = allowed;
    }

    /** Runs before each request: an allowed origin's page may read the answer, whatever it says. */
    void before(Context ctx) {
        @Nullable String origin = ctx.header(ORIGIN);
        boolean preflight =
                ctx.method().equals(HandlerType.OPTIONS) && ctx.header("Access-Control-Request-Method") != null;
        answer(origin, ctx::header);
        if (origin != null && allows(origin)) {
            if (preflight) {
                ctx.header("Access-Control-Allow-Methods", METHODS);
                ctx.header("Access-Control-Allow-Headers", REQUEST_HEADERS);
                ctx.header("Access-Control-Max-Age", PREFLIGHT_SECONDS);
            }
        } else if (preflight) {
            throw RequestError.originRefused(
                    "Pages of " + origin + " may not call; CORS_ORIGINS lists those that may.");
        }
        if (preflight) {
            ctx.status(204).skipRemainingHandlers();
        }
    }

    /** The same for an answer that Jetty gives itself, at worst before it has read who asks. */
    void before(Request request, Response response) {
        answer(request.getHeaders().get(ORIGIN), response.getHeaders()::put);
    }

    private void answer(@Nullable String origin, BiConsumer<String, String> headers) {
        if (!allowed.isEmpty()) {
            headers.accept("Vary", ORIGIN);
        }
        boolean all = allowed.contains(ALL);
        if (all || (origin != null && allows(origin))) {
            headers.accept("Access-Control-Allow-Origin", all ? ALL : String.valueOf(origin));
            headers.accept("Access-Control-Expose-Headers", RESPONSE_HEADERS);
        }
    }

    private boolean allows(String origin) {
        return allowed.contains(ALL) || allowed.contains(origin);
    }
}
