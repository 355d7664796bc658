package rivulet.simulator;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * An answer that is not 2xx, as OpenAI words it:
 *
 * <pre>
 * {"error":{"message":"Missing required parameter: 'model'.","type":"invalid_request_error","param":"model","code":"missing_required_parameter"}}
 * </pre>
 */
final class ApiError extends RuntimeException {
    private static final String INVALID = "invalid_request_error";

    private final int status;
    private final String type;
    private final @Nullable String param;
    private final @Nullable String code;
    private final Map<String, String> headers;

    private ApiError(
            int status,
            String type,
            @Nullable String param,
            @Nullable String code,
            String message,
            Map<String, String> headers) {
        // No trace: it is a value, and its way to the caller is two calls long.
        super(message, null, false, false);
        this.status = status;
        this.type = type;
        this.param = param;
        this.code = code;
        this.headers = headers;
    }

    int status() {
        return status;
    }

    Map<String, String> headers() {
        return headers;
    }

    ObjectNode json() {
        ObjectNode node = Json.object();
        node.putObject("error")
                .put("message", getMessage())
                .put("type", type)
                .put("param", param)
                .put("code", code);
        return node;
    }

    static ApiError notJson() {
        return invalid(
                null,
                null,
                "We could not parse the JSON body of your request. The OpenAI API expects a JSON payload: an object in UTF-8.");
    }

    static ApiError missing(String param) {
        return invalid(param, "missing_required_parameter", "Missing required parameter: '" + param + "'.");
    }

    static ApiError wrongType(String param, String expected) {
        return invalid(param, "invalid_type", "Invalid type for '" + param + "': expected " + expected + ".");
    }

    static ApiError empty(String param) {
        return invalid(
                param,
                "empty_array",
                "Invalid '" + param
                        + "': empty array. Expected an array with minimum length 1, but got an empty array instead.");
    }

    static ApiError belowOne(String param, String value) {
        return invalid(
                param,
                "integer_below_min_value",
                "Invalid '" + param + "': integer below minimum value. Expected a value >= 1, but got " + value
                        + " instead.");
    }

    static ApiError noSuchModel(String message) {
        return invalid("model", "model_not_found", message);
    }

    /** The same error as answer to a question about a model, not to a request that uses it. */
    ApiError asNotFound() {
        return new ApiError(404, type, param, code, String.valueOf(getMessage()), headers);
    }

    static ApiError noSuchResponse(String id) {
        return new ApiError(404, INVALID, null, null, "Response with id '" + id + "' not found.", Map.of());
    }

    static ApiError backgroundIsStored() {
        return invalid("store", null, "Background mode requires 'store' to be true.");
    }

    static ApiError notStreamed(String id) {
        return invalid(
                "stream",
                null,
                "Response with id '" + id + "' cannot be streamed: it was not created with stream=true.");
    }

    static ApiError simulatedInvalid() {
        return invalid(null, null, "Invalid request. (The name of the model asked the simulator for this.)");
    }

    /** As OpenAI does, the message holds the ends of the key; whoever passes it on must take them out. */
    static ApiError wrongKey(@Nullable String authorization) {
        String key = authorization == null
                ? ""
                : authorization.replaceFirst("(?i)^Bearer\\s+", "").strip();
        String message = key.isEmpty()
                ? "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY)."
                : "Incorrect API key provided: " + masked(key)
                        + ". You can find your API key at https://platform.openai.com/account/api-keys.";
        return new ApiError(401, INVALID, null, key.isEmpty() ? null : "invalid_api_key", message, Map.of());
    }

    static ApiError forbidden() {
        return new ApiError(
                403,
                "request_forbidden",
                null,
                "unsupported_country_region_territory",
                "Country, region, or territory not supported",
                Map.of());
    }

    static ApiError noAccess(String model) {
        return new ApiError(
                404,
                INVALID,
                null,
                "model_not_found",
                "The model `" + model + "` does not exist or you do not have access to it.",
                Map.of());
    }

    static ApiError tooMany(String model, Duration retryAfter) {
        // The header knows whole seconds only, and 0 would mean "at once".
        long seconds = retryAfter.plusMillis(999).toSeconds();
        return new ApiError(
                429,
                "requests",
                null,
                "rate_limit_exceeded",
                "Rate limit reached for " + model
                        + " on requests per min (RPM): Limit 3, Used 3, Requested 1. Please try again in " + seconds
                        + "s.",
                Map.of(
                        "Retry-After",
                        String.valueOf(seconds),
                        "retry-after-ms",
                        String.valueOf(retryAfter.toMillis())));
    }

    static ApiError quota() {
        return new ApiError(
                429,
                "insufficient_quota",
                null,
                "insufficient_quota",
                "You exceeded your current quota, please check your plan and billing details.",
                Map.of());
    }

    static ApiError serverError() {
        return new ApiError(
                500,
                "server_error",
                null,
                null,
                "The server had an error while processing your request. Sorry about that!",
                Map.of());
    }

    static ApiError overloaded() {
        return new ApiError(
                503,
                "server_error",
                null,
                null,
                "The engine is currently overloaded, please try again later.",
                Map.of());
    }

    private static ApiError invalid(@Nullable String param, @Nullable String code, String message) {
        return new ApiError(400, INVALID, param, code, message, Map.of());
    }

    private static String masked(String key) {
        int shown = key.length() >= 16 ? 4 : 1;
        int head = Math.min(key.length(), shown * 2);
        int tail = Math.max(head, key.length() - shown);
        return key.substring(0, head) + "*".repeat(Math.max(3, tail - head)) + key.substring(tail);
    }
}
