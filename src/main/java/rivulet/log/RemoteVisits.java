package rivulet.log;

import java.util.HashMap;
import java.util.Map;
import java.util.function.BiPredicate;
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

    /** That node watches the stream. Nothing is kept of a stream that is still being taken over: the repeat counts. */
    void watched(String node, String id, LogStore.Remote remote) {
        Visit visit = visits.computeIfAbsent(
                node + "/" + id, key -> remote.watched(id).map(Visit::new).orElse(null));
        if (visit != null) {
            visit.heardNanos = nanoTime.getAsLong();
        }
    }

    /** That node no longer watches the stream. */
    void left(String node, String id) {
        end(visits.remove(node + "/" + id));
    }

    /** Ends all visits of a stream that is no longer this node's. */
    void forget(String id) {
        endAll((key, visit) -> key.endsWith("/" + id));
    }

    /** Ends the visits of nodes that have fallen silent. */
    void expire() {
        long now = nanoTime.getAsLong();
        endAll((key, visit) -> now - visit.heardNanos > silenceNanos);
    }

    private void endAll(BiPredicate<String, Visit> over) {
        visits.entrySet().removeIf(visit -> {
            boolean ends = over.test(visit.getKey(), visit.getValue());
            if (ends) {
                end(visit.getValue());
            }
            return ends;
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
