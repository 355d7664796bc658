package rivulet.log;

import java.util.Locale;

/** Why a complete answer ended where it did. */
public enum FinishReason {
    /** The model had said all. */
    STOP,
    /** The provider's or the request's limit on tokens was reached. */
    LENGTH,
    /** The model asks for tools to be called. */
    TOOL_CALLS,
    /** The provider's filter cut the answer. */
    CONTENT_FILTER,
    /** The model refused to answer. */
    REFUSAL,
    /** The user stopped it, or left. */
    CANCELLED;

    private final String wireName = name().toLowerCase(Locale.ROOT);

    /** The reason as it stands on the wire, such as {@code content_filter}. */
    public String wireName() {
        return wireName;
    }
}
