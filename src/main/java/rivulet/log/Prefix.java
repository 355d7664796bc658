package rivulet.log;

import java.util.Arrays;

/**
 * The beginning of a log, folded: runs of {@link Packed} entries, from index 0 on and without a gap. Grows at its end.
 * Guarded by its log.
 */
final class Prefix {
    /** About what one event costs beside its text when it is sent: {@code data: {"delta":""}}, its id, line ends. */
    private static final long FRAME_BYTES = 50;
    /** About what a run takes beside its bytes. */
    private static final long RUN_BYTES = 100;

    /** A run below that grows: what is added is little at a time. A whole run is got back to read one entry. */
    private static final int SMALL_BYTES = 512;

    private static final Packed[] NO_RUNS = {};

    /** Mostly none or one. */
    private Packed[] runs = NO_RUNS;

    /** Adds entries that follow the last ones; by how many bytes this grows. */
    long add(Packed added) {
        int last = runs.length - 1;
        if (last >= 0 && runs[last].size() < SMALL_BYTES) {
            runs[last] = runs[last].plus(added);
            return added.size();
        }
        runs = Arrays.copyOf(runs, runs.length + 1);
        runs[last + 1] = added;
        return added.size() + RUN_BYTES;
    }

    /** How many entries there are, and so the index of the first that is not here. */
    int size() {
        return runs.length == 0 ? 0 : runs[runs.length - 1].end();
    }

    /** The run that holds an index below {@link #size}. */
    Packed run(int index) {
        return runs[indexOfRun(index)];
    }

    /**
     * Whether a state that stands for all that is here is shorter than the entries that follow a position here: what a
     * reader would be given once more is less than the frames that it would be spared. So whoever is only a little
     * behind, again and again, is never sent the whole again and again.
     */
    boolean shorterAsState(int after) {
        long bytesBefore = Arrays.stream(runs, 0, indexOfRun(after))
                .mapToLong(Packed::size)
                .sum();
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
