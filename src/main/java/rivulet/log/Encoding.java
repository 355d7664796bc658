package rivulet.log;

/**
 * A pure function from an entry to the bytes that show it. Because it is pure, an entry keeps its result: however many
 * viewers a stream has, each of its events is encoded once per encoding, unless two ask for it in the same moment.
 */
public interface Encoding {
    /** The bytes that show the entry, empty if this encoding does not show it. The caller must not change them. */
    byte[] encode(Entry entry);
}
