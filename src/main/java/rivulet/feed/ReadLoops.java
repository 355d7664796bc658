package rivulet.feed;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;

/** The loops that read the answers, one for each processor: made when the first is needed, and used in turn. */
final class ReadLoops {
    private final Executor threads;
    private final ReadTurns turns;
    private final int most = Runtime.getRuntime().availableProcessors();

    @GuardedBy("this")
    private final List<ReadLoop> loops = new ArrayList<>();

    @GuardedBy("this")
    private int given;

    /** @param threads runs the loops, without an end */
    ReadLoops(Executor threads, ReadTurns turns) {
        this.threads = threads;
        this.turns = turns;
    }

    /** The one to read the next answer. */
    synchronized ReadLoop next() {
        int index = Math.floorMod(given++, most);
        while (loops.size() <= index) {
            ReadLoop loop = new ReadLoop(turns);
            threads.execute(loop);
            loops.add(loop);
        }
        return loops.get(index);
    }

    /** Closes all answers that are being read. */
    synchronized void closeAll() {
        loops.forEach(ReadLoop::closeAll);
    }
}
