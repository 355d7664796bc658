package rivulet.access;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import rivulet.log.SharedCells;
import rivulet.log.StoreAway;

/** The streams that each caller has live. */
final class Places {
    /** A stream's end is not known beforehand; most are over in seconds. */
    private static final Duration WAIT = Duration.ofSeconds(2);

    private final int most;
    private final Optional<SharedCells> cells;
    private final Executor later;
    /** The ids of the live streams that began on this node, by who began them. */
    private final Map<String, Set<String>> here = new ConcurrentHashMap<>();
    /** Of those that have ended, what the store may not know yet: who ends one and begins the next at once is in time. */
    private final Map<String, Set<String>> ending = new ConcurrentHashMap<>();

    /**
     * @param most streams that a caller may have live; 0: any number
     * @param later runs what may wait for the store
     */
    Places(int most, Optional<SharedCells> cells, Executor later) {
        this.most = most;
        this.cells = cells;
        this.later = later;
    }

    /** Counts one more; throws a {@link Refusal} if the caller has as many as it may. */
    void take(Caller caller, String stream) {
        if (most == 0) {
            return;
        }
        String who = caller.countedAs();
        if (!add(here, who, stream, most)) {
            throw refusal();
        }
        try {
            if (cells.isPresent()
                    && !cells.get().takePlace(who, stream, Set.copyOf(ending.getOrDefault(who, Set.of())), most)) {
                remove(here, who, stream);
                throw refusal();
            }
        } catch (StoreAway e) {
            // Each node for itself meanwhile.
        }
    }

    /** The stream is over. Does not wait. */
    void giveBack(Caller caller, String stream) {
        if (most == 0) {
            return;
        }
        String who = caller.countedAs();
        cells.ifPresent(shared -> {
            add(ending, who, stream, Integer.MAX_VALUE);
            later.execute(() -> tell(shared, who, stream));
        });
        remove(here, who, stream);
    }

    private void tell(SharedCells shared, String who, String stream) {
        try {
            shared.leavePlace(who, stream);
        } catch (StoreAway e) {
            // The stream's own end will tell it.
        } finally {
            remove(ending, who, stream);
        }
    }

    private static boolean add(Map<String, Set<String>> map, String who, String stream, int most) {
        boolean[] added = new boolean[1];
        map.compute(who, (key, known) -> {
            Set<String> streams = known != null ? known : ConcurrentHashMap.newKeySet();
            added[0] = streams.size() < most && streams.add(stream);
            return streams;
        });
        return added[0];
    }

    private static void remove(Map<String, Set<String>> map, String who, String stream) {
        map.computeIfPresent(who, (key, streams) -> {
            streams.remove(stream);
            return streams.isEmpty() ? null : streams;
        });
    }

    private Refusal refusal() {
        return Refusal.later(
                "streams_per_caller",
                "You have %d streams live, and may have no more (STREAMS_PER_CALLER); end one, or wait for its end."
                        .formatted(most),
                WAIT);
    }
}
