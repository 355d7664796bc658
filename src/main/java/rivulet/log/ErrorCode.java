package rivulet.log;

import java.util.Locale;

/** Why a stream ended {@code failed}: the closed list of codes a client can meet, and whether trying again may help. */
public enum ErrorCode {
    /** No connection to the upstream could be made. */
    UPSTREAM_UNREACHABLE(true),
    /** The upstream sent no first event in time. */
    UPSTREAM_TIMEOUT(true),
    /** The upstream fell silent between two events. */
    UPSTREAM_IDLE(true),
    /** The upstream broke: a 5xx, an error event, a body that is no event stream. */
    UPSTREAM_ERROR(true),
    /** The upstream's stream ended without its own terminal marker: the answer may be cut. */
    UPSTREAM_TRUNCATED(true),
    /** The upstream asks for fewer requests. */
    UPSTREAM_RATE_LIMITED(true),
    /** The upstream refused the request itself. */
    UPSTREAM_REJECTED(false),
    /** The upstream refused the key. */
    UPSTREAM_AUTH(false),
    /** The account at the upstream has no credit left. */
    UPSTREAM_QUOTA(false),
    /** The stream ran longer than a stream may. */
    STREAM_TOO_LONG(false),
    /** One event of the upstream was larger than an event may be. */
    EVENT_TOO_LARGE(false),
    /** The answer grew larger than an answer may. */
    ANSWER_TOO_LARGE(false),
    /** A structured answer was no JSON document. */
    INVALID_JSON(false),
    /** A structured answer did not satisfy its schema. */
    SCHEMA_MISMATCH(false),
    /** The node that generated the stream died. */
    OWNER_LOST(true),
    /** The server stopped. */
    SHUTTING_DOWN(true),
    /** A fault of this server. */
    INTERNAL(false);

    private final boolean retryable;
    private final String wireName = name().toLowerCase(Locale.ROOT);

    ErrorCode(boolean retryable) {
        this.retryable = retryable;
    }

    /** Whether the same request may succeed later. */
    public boolean retryable() {
        return retryable;
    }

    /** The code as it stands on the wire, such as {@code upstream_truncated}. */
    public String wireName() {
        return wireName;
    }
}
