package rivulet;

import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import rivulet.access.Refusal;
import rivulet.log.ErrorCode;
import rivulet.log.Event;

/** A request that is answered with an error: its status, a code for programs, and what to do about it in words. */
final class RequestError extends RuntimeException {
    private static final long serialVersionUID = 1L;
    /** {@code Retry-After} where this node ends: others answer at once, and it is back itself soon. */
    private static final String ANOTHER_NODE = "5";

    private final int status;
    private final String code;
    private final transient Map<String, String> headers;

    private RequestError(int status, String code, String message, Map<String, String> headers) {
        // Without a stack trace: it tells of the caller's mistake, not of ours.
        super(message, null, false, false);
        this.status = status;
        this.code = code;
        this.headers = headers;
    }

    int status() {
        return status;
    }

    String code() {
        return code;
    }

    /** Headers that go with the answer. */
    Map<String, String> headers() {
        return headers;
    }

    @Override
    public String getMessage() {
        return String.valueOf(super.getMessage());
    }

    static RequestError badRequest(String message) {
        return new RequestError(400, "bad_request", message, Map.of());
    }

    static RequestError originRefused(String message) {
        return new RequestError(403, "origin_not_allowed", message, Map.of());
    }

    static RequestError metricsRefused() {
        return new RequestError(
                403,
                "metrics_local",
                "The metrics are told on this machine only; ask at a loopback address.",
                Map.of());
    }

    static RequestError modelNotAllowed(String model, List<String> allowed) {
        return new RequestError(
                403,
                "model_not_allowed",
                "The model \"%s\" is not to be had here; MODELS allows %s."
                        .formatted(model, String.join(", ", allowed)),
                Map.of());
    }

    static RequestError ofRefusal(Refusal refusal) {
        return new RequestError(refusal.status(), refusal.code(), refusal.getMessage(), refusal.headers());
    }

    static RequestError tooManyViewers(int most) {
        return new RequestError(
                503,
                "too_many_viewers",
                "%d viewers are connected, and MAX_VIEWERS allows no more; try again soon.".formatted(most),
                Map.of("Retry-After", "1"));
    }

    static RequestError noSuchRoute(String message) {
        return new RequestError(404, "not_found", message, Map.of());
    }

    static RequestError noSuchStream(String id) {
        return new RequestError(
                404, "stream_not_found", "There is no stream " + id + ": it has expired, or never was.", Map.of());
    }

    static RequestError methodNotAllowed(String allowed) {
        return new RequestError(
                405, "method_not_allowed", "This route takes " + allowed + ".", Map.of("Allow", allowed));
    }

    static RequestError keyReused() {
        return new RequestError(
                409,
                "idempotency_key_reused",
                "This idempotency key has been used for another request; use a new one for each.",
                Map.of());
    }

    /** A whole answer that is not whole: its client has left, or all have. */
    static RequestError cancelled() {
        return new RequestError(
                409,
                "cancelled",
                "This was cancelled before the answer was complete. Ask again; if that is answered alike, "
                        + "under a new idempotency key.",
                Map.of());
    }

    /** @param why what would take a larger one, or why none is needed */
    static RequestError tooLarge(int maxBytes, String why) {
        return new RequestError(
                413, "body_too_large", "The body is larger than %d bytes; %s.".formatted(maxBytes, why), Map.of());
    }

    static RequestError cutBody() {
        return badRequest("The body did not arrive whole.");
    }

    static RequestError unsupportedType(String type) {
        return new RequestError(
                415,
                "unsupported_media_type",
                "The body's Content-Type is " + type + "; send JSON as application/json, or as text/plain.",
                Map.of());
    }

    static RequestError tooManyStreams(int most) {
        return new RequestError(
                503,
                "too_many_streams",
                "%d streams are live, and MAX_STREAMS allows no more; try again soon.".formatted(most),
                Map.of("Retry-After", "1"));
    }

    static RequestError logsFull() {
        return new RequestError(
                503,
                "too_many_streams",
                "The live streams take all the memory that MAX_LOG_BYTES allows; try again soon.",
                Map.of("Retry-After", "1"));
    }

    static RequestError draining() {
        return new RequestError(
                503,
                ErrorCode.SHUTTING_DOWN.wireName(),
                "The server is stopping and begins nothing new; try again soon.",
                Map.of("Retry-After", ANOTHER_NODE));
    }

    static RequestError storeAway() {
        return new RequestError(
                503,
                "store_unreachable",
                "The store that the nodes share does not answer just now; try again soon.",
                Map.of("Retry-After", "1"));
    }

    /** A fault that the server itself found in a request, under the status that it gave. */
    static RequestError ofStatus(int status, String message) {
        return new RequestError(status, "http_" + status, message, Map.of());
    }

    static RequestError internal() {
        return new RequestError(
                500, ErrorCode.INTERNAL.wireName(), "The server made a mistake; its log says which.", Map.of());
    }

    /** A stream that failed before it said anything, on the request that began it. */
    static RequestError ofFailure(Event.Failed failed) {
        int status = status(failed.code());
        OptionalLong asked = failed.retryAfterSeconds();
        @Nullable
        String retryAfter = asked.isPresent() ? String.valueOf(asked.getAsLong()) : status == 503 ? ANOTHER_NODE : null;
        return new RequestError(
                status,
                failed.code().wireName(),
                failed.message(),
                retryAfter == null ? Map.of() : Map.of("Retry-After", retryAfter));
    }

    private static int status(ErrorCode code) {
        return switch (code) {
            case UPSTREAM_REJECTED -> 400;
            case UPSTREAM_RATE_LIMITED, UPSTREAM_QUOTA -> 429;
            case UPSTREAM_TIMEOUT -> 504;
            case SHUTTING_DOWN, OWNER_LOST -> 503;
            case INTERNAL -> 500;
            case UPSTREAM_UNREACHABLE,
                    UPSTREAM_IDLE,
                    UPSTREAM_ERROR,
                    UPSTREAM_TRUNCATED,
                    UPSTREAM_AUTH,
                    STREAM_TOO_LONG,
                    EVENT_TOO_LARGE,
                    ANSWER_TOO_LARGE,
                    INVALID_JSON,
                    SCHEMA_MISMATCH -> 502;
        };
    }
}
