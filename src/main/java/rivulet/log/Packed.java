package rivulet.log;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Entries packed into bytes: about what their text takes, where entries ready to be shown take hundreds of bytes more.
 * Those that were got back are held until memory is collected next, so that a crowd that comes for them at once shares
 * them.
 *
 * <pre>
 * 00 03 48 65 6c                             a text delta of three bytes, "Hel"
 * 03 06 2f 74 69 74 6c 65 02 48 69           a field's delta: "/title", "Hi"
 * 04 09 74 6f 6f 6c 5f 63 61 6c 6c 1c 7b …   any other event: its name and its payload, as {@link EventJson} writes them
 * 05                                         the start, which every run knows
 * </pre>
 *
 * Lengths are in bytes of UTF-8, seven bits a byte, lowest first, the highest bit set in all but the last.
 */
final class Packed implements Run {
    private static final int TEXT = 0;
    private static final int REASONING = 1;
    private static final int REFUSAL = 2;
    private static final int FIELD_DELTA = 3;
    private static final int OTHER = 4;
    private static final int START = 5;
    /** What a short entry takes beside its text. */
    private static final int FRAME_BYTES = 2;
    /** What a log's last one takes, about. */
    private static final int ABOUT_END = 200;

    private final Event.Start start;
    private final int first;
    private final int count;
    private final byte[] bytes;
    /** Mostly null: of most logs nothing is ever got back. */
    private volatile @Nullable WeakReference<List<Entry>> ready;

    private Packed(Event.Start start, int first, int count, byte[] bytes) {
        this.start = start;
        this.first = first;
        this.count = count;
        this.bytes = bytes;
    }

    /** Packs entries, of which there is at least one; the list does not change. */
    static Packed of(List<Entry> entries) {
        Writer writer = new Writer(about(entries));
        entries.forEach(writer::write);
        Entry first = entries.get(0);
        return new Packed(first.start(), first.index(), entries.size(), writer.written());
    }

    /** What they take, where they are short texts of ASCII, as most are. */
    private static int about(List<Entry> entries) {
        int sum = entries.get(entries.size() - 1).event().terminal() ? ABOUT_END : 0;
        for (Entry entry : entries) {
            sum += FRAME_BYTES + entry.event().weight() / Character.BYTES;
        }
        return sum;
    }

    /** These entries, and those that follow them. */
    Packed plus(Packed next) {
        byte[] both = Arrays.copyOf(bytes, bytes.length + next.bytes.length);
        System.arraycopy(next.bytes, 0, both, bytes.length, next.bytes.length);
        return new Packed(start, first, count + next.count, both);
    }

    /** What {@link #write} has written: the entries from an index on. */
    static Packed read(Event.Start start, int first, DataInputStream in) throws IOException {
        int count = in.readInt();
        byte[] bytes = new byte[in.readInt()];
        in.readFully(bytes);
        return new Packed(start, first, count, bytes);
    }

    /** Writes all but where they begin. */
    void write(DataOutputStream out) throws IOException {
        out.writeInt(count);
        out.writeInt(bytes.length);
        out.write(bytes);
    }

    /** Writes runs that follow each other, as {@link #write} would write one of all their entries. */
    static void write(List<Packed> runs, ByteBuffer out) {
        out.putInt(runs.stream().mapToInt(run -> run.count).sum());
        out.putInt(size(runs));
        runs.forEach(run -> out.put(run.bytes));
    }

    /** How many bytes the entries of several take. */
    static int size(List<Packed> runs) {
        return runs.stream().mapToInt(Packed::size).sum();
    }

    Event.Start start() {
        return start;
    }

    /** The index of the first entry. */
    int first() {
        return first;
    }

    @Override
    public int end() {
        return first + count;
    }

    @Override
    public int size() {
        return bytes.length;
    }

    @Override
    public List<Entry> read(int from, int most) {
        WeakReference<List<Entry>> before = ready;
        List<Entry> all = before == null ? null : before.get();
        if (all == null) {
            all = unpack();
            ready = new WeakReference<>(all);
        }
        return all.subList(from - first, Math.min(count, from - first + most));
    }

    private List<Entry> unpack() {
        Reader reader = new Reader(start, bytes);
        Entry[] entries = new Entry[count];
        for (int i = 0; i < count; i++) {
            entries[i] = new Entry(start, first + i, reader.event());
        }
        return List.of(entries);
    }

    private static final class Writer {
        private byte[] bytes;
        private int at;

        private Writer(int about) {
            bytes = new byte[about];
        }

        private byte[] written() {
            return at == bytes.length ? bytes : Arrays.copyOf(bytes, at);
        }

        private void write(Entry entry) {
            Event event = entry.event();
            if (event instanceof Event.Text text) {
                write(TEXT, text.delta());
            } else if (event instanceof Event.Reasoning reasoning) {
                write(REASONING, reasoning.delta());
            } else if (event instanceof Event.Refusal refusal) {
                write(REFUSAL, refusal.delta());
            } else if (event instanceof Event.FieldAppend append) {
                write(FIELD_DELTA, append.path());
                write(append.delta());
            } else if (event instanceof Event.Start) {
                write(START);
            } else {
                write(OTHER, EventJson.name(event).orElseThrow());
                write(EventJson.payload(entry));
            }
        }

        private void write(int type, String text) {
            write(type);
            write(text);
        }

        private void write(String text) {
            if (Ascii.only(text)) {
                length(text.length());
                at = Ascii.put(text, bytes, at);
            } else {
                write(text.getBytes(StandardCharsets.UTF_8));
            }
        }

        private void write(byte[] utf8) {
            length(utf8.length);
            System.arraycopy(utf8, 0, bytes, at, utf8.length);
            at += utf8.length;
        }

        /** Writes a length, and makes room for what is so long. */
        private void length(int length) {
            int left = length;
            for (; left > 0x7f; left >>>= 7) {
                write(left | 0x80);
            }
            write(left);
            makeRoom(length);
        }

        private void write(int one) {
            makeRoom(1);
            bytes[at++] = (byte) one;
        }

        private void makeRoom(int more) {
            if (more > bytes.length - at) {
                bytes = Arrays.copyOf(bytes, at + Math.max(more, at));
            }
        }
    }

    private static final class Reader {
        private final Event.Start start;
        private final byte[] bytes;
        private int at;

        private Reader(Event.Start start, byte[] bytes) {
            this.start = start;
            this.bytes = bytes;
        }

        private Event event() {
            int type = bytes[at++];
            return switch (type) {
                case TEXT -> new Event.Text(string());
                case REASONING -> new Event.Reasoning(string());
                case REFUSAL -> new Event.Refusal(string());
                case FIELD_DELTA -> new Event.FieldAppend(string(), string());
                case OTHER -> EventJson.event(string(), string());
                case START -> start;
                default -> throw new IllegalStateException("no event is packed as " + type);
            };
        }

        private String string() {
            int length = length();
            String text = new String(bytes, at, length, StandardCharsets.UTF_8);
            at += length;
            return text;
        }

        private int length() {
            int length = 0;
            for (int shift = 0; ; shift += 7) {
                int next = bytes[at++];
                length |= (next & 0x7f) << shift;
                if (next >= 0) {
                    return length;
                }
            }
        }
    }
}
