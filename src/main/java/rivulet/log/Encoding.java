package rivulet.log;

/**
 * A pure function from an entry to the bytes that show it. Because it is pure, an entry keeps its result: however many
 * viewers a stream has, each of its events is encoded once per encoding.
 */
public interface Encoding {
    /** How many encodings there can be; each has a place of its own in every entry. */
    int SLOTS = 8;

    /** This encoding's place, 0 to {@link #SLOTS} - 1; no two encodings share one. */
    int slot();

    /** The bytes that show the entry, empty if this encoding does not show it. The caller must not change them. */
    byte[] encode(Entry entry);
}
