package rivulet;

import io.javalin.http.Context;
import io.javalin.http.HandlerType;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Which other origins' pages may call (the Fetch standard's CORS protocol). */
final class Cors {
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
        @Nullable String origin = ctx.header("Origin");
        boolean preflight =
                ctx.method().equals(HandlerType.OPTIONS) && ctx.header("Access-Control-Request-Method") != null;
        if (!allowed.isEmpty()) {
            ctx.header("Vary", "Origin");
        }
        if (origin != null && allows(origin)) {
            ctx.header("Access-Control-Allow-Origin", allowed.contains("*") ? "*" : origin);
            ctx.header("Access-Control-Expose-Headers", RESPONSE_HEADERS);
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

    private boolean allows(String origin) {
        return allowed.contains("*") || allowed.contains(origin);
    }
}
