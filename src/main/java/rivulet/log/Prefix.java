package rivulet.log;

import java.util.ArrayList;
import java.util.List;

/**
 * The beginning of a log, folded: runs of {@link Packed} entries, from index 0 on and without a gap. Grows at its end.
 * Guarded by its log.
 */
final class Prefix {
    /** About what one event costs beside its text when it is sent: {@code data: {"delta":""}}, its id, line ends. */
    private static final long FRAME_BYTES = 50;
    /** About what a run takes beside its bytes. */
    private static final long RUN_BYTES = 100;

    private final List<Packed> runs = new ArrayList<>();
    /** For each run, how many bytes all runs before it take. */
    private final List<Long> bytesBefore = new ArrayList<>();

    private long bytes;

    /** Adds a run that follows the last one; by how many bytes this grows. */
    long add(Packed run) {
        runs.add(run);
        bytesBefore.add(bytes);
        bytes += run.size();
        return run.size() + RUN_BYTES;
    }

    /** How many entries there are, and so the index of the first that is not here. */
    int size() {
        return runs.isEmpty() ? 0 : runs.get(runs.size() - 1).end();
    }

    /** The run that holds an index below {@link #size}. */
    Packed run(int index) {
        return runs.get(indexOfRun(index));
    }

    /**
     * Whether a state that stands for all that is here is shorter than the entries that follow a position here: what a
     * reader would be given once more is less than the frames that it would be spared. So whoever is only a little
     * behind, again and again, is never sent the whole again and again.
     */
    boolean shorterAsState(int after) {
        return bytesBefore.get(indexOfRun(after)) < (size() - 1 - after) * FRAME_BYTES;
    }

    private int indexOfRun(int index) {
        int low = 0;
        int high = runs.size() - 1;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (runs.get(middle).end() > index) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        return low;
    }
}
