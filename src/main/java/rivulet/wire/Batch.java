package rivulet.wire;

import java.util.List;
import rivulet.log.Entry;
import rivulet.log.StreamLog;

/**
 * What a viewer is sent in one write: all that has been appended since its position, up to a bound.
 *
 * @param last the position that the viewer has reached once the bytes are written
 * @param ends whether the terminal event is among them
 * @param bytes the entries' frames, one behind the other; not to be changed, a single frame is shared by all viewers
 */
record Batch(int last, boolean ends, byte[] bytes) {
    /** Entries at most: bounds the work for a viewer far behind, so that others get their turn. */
    private static final int MAX_ENTRIES = 512;
    /** Bytes at most, unless one frame alone is larger: what a viewer that does not read holds in memory. */
    private static final int MAX_BYTES = 16 * 1024;

    /** The batch that follows a position; its {@code last} is the position itself if nothing does. */
    static Batch after(int position, StreamLog log, Format format) {
        List<Entry> entries = log.read(position, MAX_ENTRIES);
        int size = 0;
        int count = 0;
        while (count < entries.size()) {
            int length = entries.get(count).encoded(format).length;
            if (count > 0 && size + length > MAX_BYTES) {
                break;
            }
            size += length;
            count++;
        }
        return count == 0 ? new Batch(position, false, new byte[0]) : of(entries.subList(0, count), size, format);
    }

    private static Batch of(List<Entry> entries, int size, Format format) {
        Entry last = entries.get(entries.size() - 1);
        byte[] bytes = entries.size() == 1 ? last.encoded(format) : gather(entries, size, format);
        return new Batch(last.index(), last.event().terminal(), bytes);
    }

    private static byte[] gather(List<Entry> entries, int size, Format format) {
        byte[] bytes = new byte[size];
        int at = 0;
        for (Entry entry : entries) {
            byte[] frame = entry.encoded(format);
            System.arraycopy(frame, 0, bytes, at, frame.length);
            at += frame.length;
        }
        return bytes;
    }
}
