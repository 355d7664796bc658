package rivulet.wire;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import rivulet.log.Entry;
import rivulet.log.StreamLog;

/**
 * What a viewer is sent in one write: all that has been appended since its position, up to a bound.
 *
 * @param last the position that the viewer has reached once the bytes are written
 * @param end the entry there, if it is among them; held because a snapshot that nobody holds is made once more for the
 *     next viewer
 * @param bytes the entries' frames, one behind the other; not to be changed, a single frame is shared by all viewers
 */
record Batch(int last, @Nullable Entry end, byte[] bytes) {
    private static final byte[] NOTHING = {};
    /** Entries at most: bounds the work for a viewer far behind, so that others get their turn. */
    private static final int MAX_ENTRIES = 512;
    /** Bytes at most, unless one frame alone is larger: what a viewer that does not read holds in memory. */
    static final int MAX_BYTES = 16 * 1024;

    /**
     * The batch that follows a position; its {@code last} is the position itself if nothing does.
     *
     * @param snapshots whether one snapshot may stand for many entries
     * @param encoder makes an entry's frame
     */
    static Batch after(int position, StreamLog log, boolean snapshots, Function<Entry, byte[]> encoder) {
        List<Entry> entries = next(position, log, snapshots);
        if (entries.isEmpty()) {
            return nothing(position);
        }
        if (entries.size() == 1) {
            Entry only = entries.get(0);
            return new Batch(only.index(), only, encoder.apply(only));
        }
        List<byte[]> frames = new ArrayList<>(entries.size());
        int size = 0;
        for (Entry entry : entries) {
            byte[] frame = encoder.apply(entry);
            if (!frames.isEmpty() && size + frame.length > MAX_BYTES) {
                break;
            }
            frames.add(frame);
            size += frame.length;
        }
        Entry last = entries.get(frames.size() - 1);
        return new Batch(last.index(), last, gather(frames, size));
    }

    /** The batch of a viewer that has all there is up to a position. */
    static Batch nothing(int position) {
        return new Batch(position, null, NOTHING);
    }

    /** Whether the terminal event is among them. */
    boolean ends() {
        return end != null && end.event().terminal();
    }

    private static List<Entry> next(int position, StreamLog log, boolean snapshots) {
        Optional<Entry> snapshot = snapshots ? log.snapshot(Math.max(position, 0)) : Optional.empty();
        if (snapshot.isEmpty()) {
            return log.read(position, MAX_ENTRIES);
        }
        return position < 0 ? List.of(log.read(-1, 1).get(0), snapshot.get()) : List.of(snapshot.get());
    }

    private static byte[] gather(List<byte[]> frames, int size) {
        if (frames.size() == 1) {
            return frames.get(0);
        }
        byte[] bytes = new byte[size];
        int at = 0;
        for (byte[] frame : frames) {
            System.arraycopy(frame, 0, bytes, at, frame.length);
            at += frame.length;
        }
        return bytes;
    }
}
