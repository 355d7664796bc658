package rivulet.log;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The entries of a log in memory: the oldest in {@link Run}s, those that follow ready to be shown; and about how much
 * memory they take. Grows at its end. Guarded by its log.
 */
final class LogEntries {
    /** About what an entry takes beside its text: objects, and the frames around it in the formats it was shown in. */
    private static final int ENTRY_BYTES = 300;
    /** The newest entries, which are packed only once the log has ended: viewers are about to be shown them. */
    private static final int TAIL_BYTES = 2 * 1024;
    /** About what a log takes beside its entries: its place in the store, its id. */
    private static final int LOG_BYTES = 500;

    private final Event.Start start;
    private final Prefix prefix = new Prefix();
    /** Those that follow the prefix. */
    private List<Entry> ready = new ArrayList<>();
    /** What they take. */
    private long readyBytes = ENTRY_BYTES;

    private long bytes = LOG_BYTES + ENTRY_BYTES;
    private boolean ended;
    /** Whether packing failed once: it would again. */
    private boolean unpackable;

    LogEntries(Event.Start start) {
        this.start = start;
        ready.add(new Entry(start, 0, start));
    }

    /** The entries of a log that has ended. */
    LogEntries(Packed whole) {
        start = whole.start();
        ready = List.of();
        readyBytes = 0;
        bytes = LOG_BYTES + prefix.add(whole);
        ended = true;
    }

    /** All entries of a log that has ended, if that is few bytes; else null. */
    @Nullable
    List<Packed> whole() {
        return allPacked() ? prefix.whole() : null;
    }

    /** Adds the next event; by how many bytes this grows. */
    long add(Event event) {
        long growth = cost(event);
        ready.add(new Entry(start, size(), event));
        bytes += growth;
        readyBytes += growth;
        ended = event.terminal();
        return growth;
    }

    /** Whether the last one is terminal. */
    boolean ended() {
        return ended;
    }

    int size() {
        return prefix.size() + ready.size();
    }

    /** About how much memory all of it takes. */
    long bytes() {
        return bytes;
    }

    /** How many are packed: the index of the first that is not. */
    int packedSize() {
        return prefix.size();
    }

    /** Whether none is ready to be shown any more, and none will be. */
    boolean allPacked() {
        return ready.isEmpty();
    }

    /** The run that holds an index below {@link #packedSize}. */
    Run run(int index) {
        return prefix.run(index);
    }

    /** See {@link Prefix#shorterAsState}. */
    boolean shorterAsState(int after) {
        return prefix.shorterAsState(after);
    }

    /** The entries from an index on that is at least {@link #packedSize}, at most so many. */
    List<Entry> ready(int from, int most) {
        int first = from - prefix.size();
        int last = Math.min(ready.size(), first + most);
        // Mostly it is one, which has just been appended.
        return last - first == 1 ? List.of(ready.get(first)) : List.copyOf(ready.subList(first, last));
    }

    /** About how much the entries take that may be packed now: when the log has ended, all. */
    long packableBytes() {
        if (unpackable) {
            return 0;
        }
        if (ended) {
            return readyBytes;
        }
        long newest = cost(ready.get(ready.size() - 1).event());
        return readyBytes - Math.max(TAIL_BYTES, newest);
    }

    /**
     * The oldest entries that may be packed now, never the newest of a log that goes on.
     *
     * @param mostBytes of which no more are taken, unless one alone is larger, or the log has ended
     */
    List<Entry> packable(long mostBytes) {
        return unpackable ? List.of() : List.copyOf(ready.subList(0, packableCount(mostBytes)));
    }

    private int packableCount(long mostBytes) {
        if (ended) {
            return ready.size();
        }
        long most = Math.min(packableBytes(), mostBytes);
        long sum = 0;
        int count = 0;
        while (sum < most && count < ready.size() - 1) {
            sum += cost(ready.get(count).event());
            count++;
        }
        return count;
    }

    /** They cannot be packed: it is not tried again. */
    void neverPack() {
        unpackable = true;
    }

    /**
     * Puts a run in the place of the oldest entries that are ready, if they still are.
     *
     * @param before what they have taken, see {@link #cost}
     * @return how many bytes that has given back
     */
    long replace(List<Entry> oldest, Packed run, long before) {
        if (ready.isEmpty() || ready.get(0) != oldest.get(0)) {
            return 0;
        }
        ready.subList(0, oldest.size()).clear();
        if (ready.isEmpty()) {
            // It has ended. A list that could take more would be one of the many objects that each log is.
            ready = List.of();
        }
        readyBytes -= before;
        long freed = before - prefix.add(run);
        bytes -= freed;
        return freed;
    }

    /** See {@link Prefix#deflatable}. */
    List<Packed> deflatable() {
        return prefix.deflatable();
    }

    /** See {@link Prefix#replace}. */
    long replace(List<Packed> packed, Deflated one) {
        long freed = prefix.replace(packed, one);
        bytes -= freed;
        return freed;
    }

    /** About what entries take that are ready to be shown. */
    static long cost(List<Entry> entries) {
        long sum = 0;
        for (Entry entry : entries) {
            sum += cost(entry.event());
        }
        return sum;
    }

    /** A text is kept as it came and, encoded, as it was shown. */
    private static long cost(Event event) {
        return ENTRY_BYTES + 2L * event.weight();
    }
}
