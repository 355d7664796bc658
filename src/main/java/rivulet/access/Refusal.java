package rivulet.access;

import java.time.Duration;
import java.util.Map;

/** A request that is not let in, or not now: its status, a code for programs, and what to do about it in words. */
public final class Refusal extends RuntimeException {
    static final String TOKEN_UNKNOWN = "token_unknown";

    private static final long serialVersionUID = 1L;

    private final int status;
    private final String code;
    private final transient Map<String, String> headers;

    private Refusal(int status, String code, String message, Map<String, String> headers) {
        // Without a stack trace: it tells of the caller, not of a mistake here.
        super(message, null, false, false);
        this.status = status;
        this.code = code;
        this.headers = headers;
    }

    /** The HTTP status. */
    public int status() {
        return status;
    }

    /** The code for programs. */
    public String code() {
        return code;
    }

    /** Headers that go with the answer. */
    public Map<String, String> headers() {
        return headers;
    }

    @Override
    public String getMessage() {
        return String.valueOf(super.getMessage());
    }

    static Refusal tokenRequired() {
        return new Refusal(
                401,
                "token_required",
                "Say who calls: Authorization: Bearer and a token of ACCESS_TOKENS, or the page's sign-in.",
                Map.of("WWW-Authenticate", "Bearer realm=\"rivulet\""));
    }

    static Refusal tokenUnknown() {
        return new Refusal(
                401,
                TOKEN_UNKNOWN,
                "This token is none of ACCESS_TOKENS.",
                Map.of("WWW-Authenticate", "Bearer realm=\"rivulet\", error=\"invalid_token\""));
    }

    static Refusal tooManyAttempts(Duration wait) {
        return later("too_many_attempts", "Too many wrong tokens come from this address; try again later.", wait);
    }

    static Refusal notTheCreator() {
        return new Refusal(403, "not_the_creator", "Only the caller that began this stream can cancel it.", Map.of());
    }

    static Refusal otherOrigin() {
        return new Refusal(
                403,
                "origin_not_allowed",
                "Pages of another origin may not call; CORS_ORIGINS lists those that may.",
                Map.of());
    }

    static Refusal otherHost() {
        return new Refusal(
                421,
                "host_not_allowed",
                "This server does not answer under that name; HOSTS lists the names it answers under.",
                Map.of());
    }

    /**
     * A limit of the caller's own is reached.
     *
     * @param wait after which the same request may do better
     */
    static Refusal later(String code, String message, Duration wait) {
        long seconds = Math.max(1, wait.plusMillis(999).toSeconds());
        return new Refusal(429, code, message, Map.of("Retry-After", String.valueOf(seconds)));
    }
}
