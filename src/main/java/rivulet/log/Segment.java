package rivulet.log;

import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Ended logs, one behind the other in one array. Grows at its end. Guarded by its archive.
 *
 * <pre>
 * 16 51 6d 33 76 …                        the id: its length, and its characters, which are ASCII
 * 00 00 3f 1a 00 c4 20 08                 when it was put here, in nanoseconds of the JVM's clock
 * 00                                      its kind
 * 00 00 00 0b 67 70 74 2d …               its model, in UTF-8
 * ff ff ff ff                             who created it, likewise: here nobody
 * 00 00 00 0c 00 00 00 45 05 00 03 …      its entries, as {@link Packed} writes them
 * </pre>
 */
final class Segment {
    /** Less than what the collector gives regions of its own, the rest of which is lost. */
    static final int MAX_BYTES = 256 * 1024;

    private static final int LEAST_BYTES = 8 * 1024;
    /** What a log takes beside its id, texts and entries: a length, a time, a kind, and four numbers. */
    private static final int FIXED_BYTES = 1 + Long.BYTES + 1 + 4 * Integer.BYTES;
    /** So small a part may be left free at the end. */
    private static final int WASTE = 8;

    private static final int MAX_LOGS = 1024;
    /** A power of two, and twice as many as logs. */
    private static final int SLOTS = 2 * MAX_LOGS;

    private static final int REMOVED = -1;
    private static final int ABSENT = -1;
    private static final Kind[] KINDS = Kind.values();

    private final int maxBytes;
    private final int firstBytes;
    private final long sinceNanos;
    private byte[] bytes = {};
    private int end;
    /** Where each log begins. */
    private final int[] begins = new int[MAX_LOGS];

    private int count;
    /** A log's number and one more, where the hash of its id points, or in the next slot that was free; 0: free. */
    private final short[] slots = new short[SLOTS];

    /**
     * @param maxBytes how much it may take
     * @param aboutBytes how much it will take, as far as is known: what grows is copied
     * @param sinceNanos when it is begun
     */
    Segment(int maxBytes, int aboutBytes, long sinceNanos) {
        this.maxBytes = maxBytes;
        this.firstBytes = Math.max(LEAST_BYTES, aboutBytes);
        this.sinceNanos = sinceNanos;
    }

    long sinceNanos() {
        return sinceNanos;
    }

    int size() {
        return end;
    }

    /**
     * Adds a log.
     *
     * @param runs all of its entries
     * @return by how many bytes this has grown; 0 if there is no room
     */
    int add(List<Packed> runs, long nowNanos) {
        Event.Start start = runs.get(0).start();
        byte @Nullable [] model = utf8(start.model());
        byte @Nullable [] creator = utf8(start.creator());
        int length = FIXED_BYTES + start.stream().length() + length(model) + length(creator) + Packed.size(runs);
        if (count == MAX_LOGS || length > maxBytes - end) {
            return 0;
        }
        makeRoom(length);
        ByteBuffer out = ByteBuffer.wrap(bytes, end, length);
        out.put((byte) start.stream().length()).put(start.stream().getBytes(StandardCharsets.US_ASCII));
        out.putLong(nowNanos).put((byte) start.kind().ordinal());
        put(model, out);
        put(creator, out);
        Packed.write(runs, out);
        begins[count] = end;
        end = out.position();
        slots[slot(start.stream())] = (short) ++count;
        return length;
    }

    private void makeRoom(int length) {
        if (length > bytes.length - end) {
            int more = Math.max(firstBytes, Math.max(length, bytes.length));
            bytes = Arrays.copyOf(bytes, Math.min(maxBytes, end + more));
        }
    }

    /** No more is added. */
    void close() {
        if (bytes.length - end > bytes.length / WASTE) {
            bytes = Arrays.copyOf(bytes, end);
        }
    }

    /**
     * A log's entries.
     *
     * @return null if it is not here, or was put here earlier than that
     */
    @Nullable
    Packed find(String id, long earliestNanos) {
        int number = slots[slot(id)] - 1;
        if (number < 0) {
            return null;
        }
        DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes, begins[number], end));
        try {
            in.skipNBytes(1 + id.length());
            return in.readLong() - earliestNanos < 0 ? null : read(id, in);
        } catch (IOException e) {
            throw new UncheckedIOException("what was written here is whole", e);
        }
    }

    /** Takes a log away, if it is here. Its bytes stay. */
    void remove(String id) {
        int number = slots[slot(id)] - 1;
        if (number >= 0) {
            begins[number] = REMOVED;
        }
    }

    /** The slot that has an id, or the free one that it would have. */
    private int slot(String id) {
        int slot = id.hashCode() & SLOTS - 1;
        while (slots[slot] != 0 && !isAt(begins[slots[slot] - 1], id)) {
            slot = slot + 1 & SLOTS - 1;
        }
        return slot;
    }

    private boolean isAt(int begin, String id) {
        if (begin == REMOVED || bytes[begin] != id.length()) {
            return false;
        }
        for (int i = 0; i < id.length(); i++) {
            if (bytes[begin + 1 + i] != id.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    private static Packed read(String id, DataInputStream in) throws IOException {
        Kind kind = KINDS[in.readByte()];
        Event.Start start = new Event.Start(id, kind, readString(in), readString(in));
        return Packed.read(start, 0, in);
    }

    private static byte @Nullable [] utf8(@Nullable String text) {
        return text == null ? null : text.getBytes(StandardCharsets.UTF_8);
    }

    private static int length(byte @Nullable [] text) {
        return text == null ? 0 : text.length;
    }

    private static void put(byte @Nullable [] text, ByteBuffer out) {
        if (text == null) {
            out.putInt(ABSENT);
        } else {
            out.putInt(text.length).put(text);
        }
    }

    private static @Nullable String readString(DataInputStream in) throws IOException {
        int length = in.readInt();
        return length == ABSENT ? null : new String(in.readNBytes(length), StandardCharsets.UTF_8);
    }
}
