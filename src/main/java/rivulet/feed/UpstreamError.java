package rivulet.feed;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import rivulet.log.ErrorCode;
import rivulet.log.Excerpt;

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
    private static final Pattern TAGS = Pattern.compile("(?s)<(script|style)\\b.*?(?:</\\1>|\\z)|<[^<>]*>");
    /** Where the words of an error stand; of several the first counts. */
    private static final List<String> WORDS = List.of(
            "message",
            "detail",
            "msg",
            "error_msg",
            "error_message",
            "status_msg",
            "error",
            "errors",
            "text",
            "code",
            "type");
    /** Members that tell of a failure by being there. */
    private static final List<String> FAILURES =
            List.of("detail", "error_code", "error_msg", "error_message", "errors");
    /** Codes that tell of none. */
    private static final Set<String> SUCCESSES = Set.of("0", "200", "ok", "success");

    /**
     * Words for an account without credit: OpenAI's, One API's and New API's, which say 403, Moonshot's, DashScope's, Ark's
     * and Zhipu's.
     */
    private static final Set<String> QUOTAS = Set.of(
            "insufficient_quota",
            "billing_not_active",
            "insufficient_user_quota",
            "pre_consume_token_quota_failed",
            "exceeded_current_quota_error",
            "arrearage",
            "accountoverdueerror",
            "1113");
    /** Anthropic's, which has no code for it. */
    private static final String NO_CREDIT = "your credit balance is too low";
    /** How a 400 begins that refuses the key: Gemini's and xAI's. */
    private static final List<String> KEY_REFUSED =
            List.of("api key not valid", "incorrect api key", "invalid api key");

    /** In a code or a type: the same question would be refused, or its answer be cut by a filter, again. */
    private static final List<String> REJECTIONS = List.of(
            "invalid_request",
            "invalid_prompt",
            "context_length",
            "content_filter",
            "content_policy",
            "data_inspection",
            "sensitive");

    private static final Pattern WHITE_SPACE = Pattern.compile("\\s+");

    /** The error that an event of a stream is, or null if it is none. */
    static @Nullable UpstreamError inEvent(JsonNode told, Scrubber scrubber) {
        JsonNode event = firstOf(told);
        @Nullable UpstreamError error = in(event, scrubber);
        if (error != null) {
            return error;
        }
        JsonNode state = event.path("base_resp");
        if (state.has("status_code") && !isSuccess(state.path("status_code"))) {
            return of(state, scrubber);
        }
        boolean bare = event.path("choices").isEmpty() && !event.has("response");
        return bare && tellsFailure(event) ? of(event, scrubber) : null;
    }

    /** The error that is a member of something, or null if there is none. */
    static @Nullable UpstreamError in(JsonNode holder, Scrubber scrubber) {
        return isSomething(holder.path("error")) ? of(errorIn(holder), scrubber) : null;
    }

    /** Whether something that holds no piece of an answer says that there will be none. */
    private static boolean tellsFailure(JsonNode event) {
        boolean named = event.path("type").asText().equals("error")
                || event.path("object").asText().equals("error");
        JsonNode message = event.path("message");
        boolean inWords = message.isTextual()
                && isSomething(message)
                && (event.has("code") ? !isSuccess(event.path("code")) : isAlone(event));
        boolean telling = FAILURES.stream().map(event::path).anyMatch(said -> isSomething(said) && !isSuccess(said));
        boolean denied =
                event.path("success").isBoolean() && !event.path("success").booleanValue();
        return named || inWords || telling || denied;
    }

    /** Whether nothing says what kind of event it is. */
    private static boolean isAlone(JsonNode event) {
        return !event.has("type") && !event.has("object") && !event.has("event");
    }

    private static boolean isSuccess(JsonNode code) {
        return SUCCESSES.contains(code.asText().toLowerCase(Locale.ROOT));
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
        String advice = addressAdvice(reply.status(), words);
        return new UpstreamError(
                code,
                "The upstream answered " + reply.status() + said + (advice.isEmpty() ? advice(code) : advice),
                reply.retryAfter());
    }

    /** What is likely wrong with the address; empty: nothing. */
    private static String addressAdvice(int status, String words) {
        if (status / 100 == 3) {
            // Often from http to https. It is not followed: that would send the question twice.
            return " (check OPENAI_BASE_URL: the API is elsewhere)";
        }
        // An upstream's word for a model that it has not, and says so; or a server's for a path that it has not.
        return status == 404 && !words.toLowerCase(Locale.ROOT).contains("model")
                ? " (check the model, and OPENAI_BASE_URL, which mostly ends in /v1)"
                : "";
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

    /** A body that is no event stream, though the upstream said it was one. */
    static UpstreamError notInStream(String body, Scrubber scrubber) {
        @Nullable JsonNode json = UpstreamReply.json(body);
        return json != null
                ? of(errorIn(json), scrubber)
                : new UpstreamError(
                        ErrorCode.UPSTREAM_ERROR,
                        "The upstream sent no event in its event stream: " + clean(oneLine(body), scrubber),
                        null);
    }

    /**
     * The error that stands in an event stream where an event should, or null if it is none: One API and New API write
     * the body of a refusal behind the events, or the comments, that they have sent before it came to that.
     */
    static @Nullable UpstreamError behindStream(String words, Scrubber scrubber) {
        @Nullable JsonNode json = UpstreamReply.json(words);
        return json == null ? null : inEvent(json, scrubber);
    }

    /** An event whose data is not JSON: an error in words, or nonsense. */
    static UpstreamError notJson(String data, boolean error, Scrubber scrubber) {
        String said = clean(oneLine(data), scrubber);
        return new UpstreamError(
                ErrorCode.UPSTREAM_ERROR,
                error ? "The upstream failed: " + said : "The upstream sent an event that is not JSON: " + said,
                null);
    }

    /** The text, with a space for each line end and whatever white space is about it. */
    static String oneLine(String text) {
        return WHITE_SPACE.matcher(text).replaceAll(" ").strip();
    }

    private static JsonNode firstOf(JsonNode json) {
        return json.isArray() && !json.isEmpty() ? json.get(0) : json;
    }

    /** What tells of the error: at Kong its member says no more than that there is one. */
    private static JsonNode errorIn(JsonNode json) {
        JsonNode top = firstOf(json);
        JsonNode error = top.path("error");
        return isSomething(error) && (error.isContainerNode() || error.isTextual()) ? firstOf(error) : top;
    }

    /** Some servers have the members of an error in each event, with nothing in them. */
    private static boolean isSomething(JsonNode error) {
        return error.isContainerNode()
                ? error.valueStream().anyMatch(inside -> !inside.isEmpty() || tells(inside))
                : tells(error);
    }

    private static boolean tells(JsonNode error) {
        return (error.isTextual() && !error.textValue().isBlank())
                || (error.isNumber() && error.doubleValue() != 0)
                || (error.isBoolean() && error.booleanValue());
    }

    private static String words(JsonNode error) {
        if (error.isValueNode()) {
            return error.isNull() ? "" : error.asText();
        }
        for (String name : WORDS) {
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
        if (status == 400 && error != null && begins(error, KEY_REFUSED)) {
            return ErrorCode.UPSTREAM_AUTH;
        }
        return switch (status) {
            case 401, 403 -> ErrorCode.UPSTREAM_AUTH;
            case 402 -> ErrorCode.UPSTREAM_QUOTA;
            // A proxy's, between here and there: nothing that the caller asked is wrong.
            case 407 -> ErrorCode.UPSTREAM_UNREACHABLE;
            case 408, 504, 524 -> ErrorCode.UPSTREAM_TIMEOUT;
            // Groq: no room for what may wait.
            case 429, 498 -> ErrorCode.UPSTREAM_RATE_LIMITED;
            // Text Generation Inference: the model failed.
            case 424 -> ErrorCode.UPSTREAM_ERROR;
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
        return REJECTIONS.stream().anyMatch(kind::contains) ? ErrorCode.UPSTREAM_REJECTED : ErrorCode.UPSTREAM_ERROR;
    }

    private static boolean isQuota(JsonNode error) {
        return QUOTAS.contains(error.path("code").asText().toLowerCase(Locale.ROOT))
                || QUOTAS.contains(error.path("type").asText().toLowerCase(Locale.ROOT))
                || begins(error, List.of(NO_CREDIT));
    }

    private static boolean begins(JsonNode error, List<String> words) {
        String said = words(error).toLowerCase(Locale.ROOT);
        return words.stream().anyMatch(said::startsWith);
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
        return Excerpt.of(scrubber.scrub(words), MOST_CHARS);
    }
}
