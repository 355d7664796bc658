package rivulet.feed;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import rivulet.log.ErrorCode;

/**
 * What an upstream says has gone wrong, in any of the shapes that are in use: an OpenAI error object, a bare text, a list
 * with one error, {@code detail} or {@code message} at the top, a page of HTML, nothing.
 *
 * @param code what it means here
 * @param message what it said, scrubbed of keys
 * @param retryAfter how long it asks to wait, if it does
 */
record UpstreamError(
        ErrorCode code, String message, @Nullable Duration retryAfter) {
    private static final int MOST_CHARS = 500;
    private static final Pattern TAGS = Pattern.compile("(?s)<(script|style)\\b.*?</\\1>|<[^>]*>");
    private static final Pattern WHITE_SPACE = Pattern.compile("\\s+");

    /** The error that an event of a stream is, or null if it is none. */
    static @Nullable UpstreamError inEvent(JsonNode event, Scrubber scrubber) {
        JsonNode error = event.path("error");
        if (isSomething(error)) {
            return of(error, scrubber);
        }
        boolean bare = !event.has("choices") && !event.has("response");
        boolean named = event.path("type").asText().equals("error")
                || event.path("object").asText().equals("error");
        boolean telling = event.has("detail") || (event.has("message") && event.has("code"));
        return bare && (named || telling) ? of(event, scrubber) : null;
    }

    /** An error object, or the text that stands for one. */
    static UpstreamError of(JsonNode error, Scrubber scrubber) {
        String words = words(error);
        String message = words.isEmpty() ? "the upstream reported an error without words" : words;
        return new UpstreamError(codeOf(error), "The upstream failed: " + clean(message, scrubber), null);
    }

    /** An answer whose status is not 2xx. */
    static UpstreamError ofReply(UpstreamReply reply, Scrubber scrubber) {
        JsonNode error = reply.json() == null ? null : errorIn(reply.json());
        String words = error == null ? "" : words(error);
        if (words.isEmpty()) {
            words = oneLine(TAGS.matcher(reply.body()).replaceAll(" "));
        }
        String said = words.isEmpty() ? " without a word" : ": " + clean(words, scrubber);
        ErrorCode code = ofStatus(reply.status(), error);
        return new UpstreamError(
                code, "The upstream answered " + reply.status() + said + advice(code), reply.retryAfter());
    }

    /** A 2xx answer that is no event stream. */
    static UpstreamError notAStream(UpstreamReply reply, Scrubber scrubber) {
        String words = oneLine(reply.body());
        String said = words.isEmpty() ? ", and an empty body" : ": " + clean(words, scrubber);
        return new UpstreamError(
                ErrorCode.UPSTREAM_ERROR,
                "The upstream answered %d with %s instead of an event stream%s"
                        .formatted(reply.status(), reply.type() == null ? "no Content-Type" : reply.type(), said),
                null);
    }

    /** An event whose data is not JSON: an error in words, or nonsense. */
    static UpstreamError notJson(String data, boolean error, Scrubber scrubber) {
        String said = clean(oneLine(data), scrubber);
        return new UpstreamError(
                ErrorCode.UPSTREAM_ERROR,
                error ? "The upstream failed: " + said : "The upstream sent an event that is not JSON: " + said,
                null);
    }

    private static String oneLine(String text) {
        return WHITE_SPACE.matcher(text).replaceAll(" ").strip();
    }

    private static JsonNode errorIn(JsonNode json) {
        JsonNode top = json.isArray() && !json.isEmpty() ? json.get(0) : json;
        return isSomething(top.path("error")) ? top.path("error") : top;
    }

    private static boolean isSomething(JsonNode error) {
        return (error.isObject() && !error.isEmpty())
                || (error.isArray() && !error.isEmpty())
                || (error.isTextual() && !error.textValue().isBlank())
                || error.isNumber()
                || (error.isBoolean() && error.booleanValue());
    }

    private static String words(JsonNode error) {
        if (error.isValueNode()) {
            return error.asText();
        }
        for (String name : new String[] {"message", "detail", "msg", "error_msg", "error", "errors", "code", "type"}) {
            JsonNode said = error.path(name);
            if (isSomething(said)) {
                return said.isValueNode() ? said.asText() : words(said.isArray() ? said.get(0) : said);
            }
        }
        return error.isEmpty() ? "" : error.toString();
    }

    private static ErrorCode ofStatus(int status, @Nullable JsonNode error) {
        if (error != null && isQuota(error)) {
            return ErrorCode.UPSTREAM_QUOTA;
        }
        return switch (status) {
            case 401, 403 -> ErrorCode.UPSTREAM_AUTH;
            case 402 -> ErrorCode.UPSTREAM_QUOTA;
            case 408 -> ErrorCode.UPSTREAM_TIMEOUT;
            case 429 -> ErrorCode.UPSTREAM_RATE_LIMITED;
            default -> status >= 400 && status < 500 ? ErrorCode.UPSTREAM_REJECTED : ErrorCode.UPSTREAM_ERROR;
        };
    }

    private static ErrorCode codeOf(JsonNode error) {
        if (isQuota(error)) {
            return ErrorCode.UPSTREAM_QUOTA;
        }
        JsonNode code = error.path("code");
        int status = code.asInt(error.path("status").asInt());
        if (status >= 400 && status < 600) {
            return ofStatus(status, error);
        }
        String kind = (code.asText() + " " + error.path("type").asText()).toLowerCase(Locale.ROOT);
        if (kind.contains("rate_limit") || kind.contains("too_many_requests")) {
            return ErrorCode.UPSTREAM_RATE_LIMITED;
        }
        if (kind.contains("authentication") || kind.contains("invalid_api_key") || kind.contains("permission")) {
            return ErrorCode.UPSTREAM_AUTH;
        }
        return kind.contains("invalid_request") || kind.contains("context_length")
                ? ErrorCode.UPSTREAM_REJECTED
                : ErrorCode.UPSTREAM_ERROR;
    }

    private static boolean isQuota(JsonNode error) {
        return error.path("code").asText().equals("insufficient_quota")
                || error.path("type").asText().equals("insufficient_quota");
    }

    private static String advice(ErrorCode code) {
        return switch (code) {
            case UPSTREAM_AUTH -> " (check OPENAI_API_KEY, and that it belongs to OPENAI_BASE_URL)";
            case UPSTREAM_QUOTA -> " (the account at the upstream has no credit left)";
            default -> "";
        };
    }

    private static String clean(String words, Scrubber scrubber) {
        // Scrubbed before it is cut: half a key would not be known as one.
        String clean = scrubber.scrub(words);
        return clean.length() > MOST_CHARS ? clean.substring(0, MOST_CHARS) + "…" : clean;
    }
}
