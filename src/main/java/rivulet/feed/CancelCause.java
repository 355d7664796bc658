package rivulet.feed;

import java.util.Locale;

/** Who or what ended a stream before its feed did. */
public enum CancelCause {
    /** A viewer asked for it. */
    VIEWER_ASKED,
    /** The last viewer left, and nobody came back in time. */
    VIEWERS_LEFT,
    /** Another node asked for it, or took the stream over. */
    OTHER_NODE;

    /** The cause as it stands in metrics and logs, such as {@code viewers_left}. */
    public String wireName() {
        return name().toLowerCase(Locale.ROOT);
    }
}
