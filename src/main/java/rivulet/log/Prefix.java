package rivulet.log;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The beginning of a log, folded: runs of entries, from index 0 on and without a gap, the last ones {@link Packed}, those
 * before them {@link Deflated}, but for large ones. Grows at its end. Guarded by its log.
 */
final class Prefix {
    /** About what one event costs beside its text when it is sent: {@code data: {"delta":""}}, its id, line ends. */
    private static final long FRAME_BYTES = 50;
    /** About what a run takes beside its bytes. */
    private static final long RUN_BYTES = 100;

    /** A run below that grows: what is added is little at a time. A whole run is got back to read one entry. */
    private static final int SMALL_BYTES = 512;

    /** What is deflated together: less would stay longer, and more would be got back to read one entry. */
    private static final int DEFLATED_BYTES = 16 * 1024;
    /** A run from which on it stays as it is: whoever deflates has other streams to see to. */
    private static final int LARGE_BYTES = 64 * 1024;

    private static final Run[] NO_RUNS = {};

    /** Mostly none or one. */
    private Run[] runs = NO_RUNS;
    /** How many of them stay as they are: from here on they may be deflated. */
    private int settled;
    /** What those after them take. */
    private int looseBytes;

    /** Adds entries that follow the last ones; by how many bytes this grows. */
    long add(Packed added) {
        looseBytes += added.size();
        int last = runs.length - 1;
        boolean large = added.size() >= LARGE_BYTES;
        if (!large && last >= settled && runs[last] instanceof Packed small && small.size() < SMALL_BYTES) {
            runs[last] = small.plus(added);
            return added.size();
        }
        runs = Arrays.copyOf(runs, runs.length + 1);
        runs[last + 1] = added;
        if (large) {
            settled = runs.length;
            looseBytes = 0;
        }
        return added.size() + RUN_BYTES;
    }

    /** The last runs, if they are enough to be deflated together; else none. */
    List<Packed> deflatable() {
        return looseBytes < DEFLATED_BYTES
                ? List.of()
                : Arrays.stream(runs, settled, runs.length)
                        .map(Packed.class::cast)
                        .toList();
    }

    /**
     * Puts one run in the place of those that it was made of, if they are still here.
     *
     * @return how many bytes that has given back
     */
    long replace(List<Packed> deflated, Deflated one) {
        int next = settled + deflated.size();
        if (next > runs.length || !deflated.equals(Arrays.asList(runs).subList(settled, next))) {
            // Another thread has deflated them, or the last one has grown.
            return 0;
        }
        Run[] fewer = Arrays.copyOf(runs, runs.length - deflated.size() + 1);
        fewer[settled] = one;
        System.arraycopy(runs, next, fewer, settled + 1, runs.length - next);
        runs = fewer;
        settled++;
        looseBytes -= one.size();
        return one.size() - one.held() + (deflated.size() - 1) * RUN_BYTES;
    }

    /** All entries; null if some are deflated, or large. */
    @Nullable
    List<Packed> whole() {
        return settled > 0 ? null : Arrays.stream(runs).map(Packed.class::cast).toList();
    }

    /** How many entries there are, and so the index of the first that is not here. */
    int size() {
        return runs.length == 0 ? 0 : runs[runs.length - 1].end();
    }

    /** The run that holds an index below {@link #size}. */
    Run run(int index) {
        return runs[indexOfRun(index)];
    }

    /**
     * Whether a state that stands for all that is here is shorter than the entries that follow a position here: what a
     * reader would be given once more is less than the frames that it would be spared. So whoever is only a little
     * behind, again and again, is never sent the whole again and again.
     */
    boolean shorterAsState(int after) {
        int at = indexOfRun(after);
        int first = at == 0 ? 0 : runs[at - 1].end();
        long bytesBefore = (long) runs[at].size() * (after + 1 - first) / (runs[at].end() - first);
        for (int i = 0; i < at; i++) {
            bytesBefore += runs[i].size();
        }
        return bytesBefore < (size() - 1 - after) * FRAME_BYTES;
    }

    private int indexOfRun(int index) {
        int low = 0;
        int high = runs.length - 1;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (runs[middle].end() > index) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        return low;
    }
}
