package rivulet.log;

import java.util.HashMap;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Which other nodes watch which streams of this one. A node says so again and again as long as it does; one that falls
 * silent, dead or cut off, is taken to have left, or its viewers would keep a generation alive for ever. One thread, the
 * reader's.
 */
final class RemoteVisits {
    private final LongSupplier nanoTime;
    private final long silenceNanos;
    private final Map<String, Visit> visits = new HashMap<>();

    /** @param silenceNanos after which a node is taken to have left */
    RemoteVisits(LongSupplier nanoTime, long silenceNanos) {
        this.nanoTime = nanoTime;
        this.silenceNanos = silenceNanos;
    }

    /** That node watches the stream. */
    void watched(String node, String id, LogStore.Remote remote) {
        String key = node + "/" + id;
        Visit visit = visits.get(key);
        if (visit == null) {
            visit = new Visit(remote.watched(id));
            visits.put(key, visit);
        }
        visit.heardNanos = nanoTime.getAsLong();
    }

    /** That node no longer watches the stream. */
    void left(String node, String id) {
        end(visits.remove(node + "/" + id));
    }

    /** Ends the visits of nodes that have fallen silent. */
    void expire() {
        long now = nanoTime.getAsLong();
        visits.values().removeIf(visit -> {
            boolean over = now - visit.heardNanos > silenceNanos;
            if (over) {
                end(visit);
            }
            return over;
        });
    }

    private static void end(@Nullable Visit visit) {
        if (visit != null) {
            visit.onLeave.run();
        }
    }

    private static final class Visit {
        private final Runnable onLeave;
        private long heardNanos;

        private Visit(Runnable onLeave) {
            this.onLeave = onLeave;
        }
    }
}
