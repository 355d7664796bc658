package rivulet.log;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.lang.ref.WeakReference;
import java.util.Optional;

/**
 * What stands for a log's folded beginning: its state. Made when a reader first needs it, shared by all who need it at
 * the same time, and kept no longer: it takes as much memory as the whole text, which was folded for want of it.
 */
final class Snapshots {
    private final MemoryLog log;

    @GuardedBy("this")
    private WeakReference<Entry> last = new WeakReference<>(null);

    Snapshots(MemoryLog log) {
        this.log = log;
    }

    /**
     * What a reader is given in place of the folded entries after its position; empty if it is better given the entries.
     * Of those who ask at once one makes it, and the others wait for it: a crowd that comes back would make it over and
     * over.
     */
    synchronized Optional<Entry> after(int position) {
        int index = log.snapshotIndex(position);
        if (index < 0) {
            return Optional.empty();
        }
        Entry entry = last.get();
        if (entry == null || entry.index() != index) {
            entry = new Entry(log.start(), index, new Event.Snapshot(StreamState.of(log, index)));
            last = new WeakReference<>(entry);
        }
        return Optional.of(entry);
    }
}
