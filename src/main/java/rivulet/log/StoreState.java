package rivulet.log;

import java.util.Locale;

/** How a store is doing. {@code NEVER_REACHED -> REACHABLE <-> UNREACHABLE} */
public enum StoreState {
    /** Not once since the start: its address may be wrong. */
    NEVER_REACHED,
    /** It answers. */
    REACHABLE,
    /** It answered before, and does not now: new streams are kept in this node's memory. */
    UNREACHABLE;

    /** The state as it stands on the wire, such as {@code unreachable}. */
    public String wireName() {
        return name().toLowerCase(Locale.ROOT);
    }
}
