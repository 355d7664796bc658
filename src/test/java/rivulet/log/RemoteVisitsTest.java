package rivulet.log;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What other nodes say of their viewers is counted once each, for as long as they say it. */
class RemoteVisitsTest {
    private static final long SECOND = Duration.ofSeconds(1).toNanos();

    private final Owner owner = new Owner();
    private long nanos;
    private final RemoteVisits visits = new RemoteVisits(() -> nanos, 5 * SECOND);

    /** Counts, where the stream is live. */
    private static final class Owner implements LogStore.Remote {
        private boolean live = true;
        private int viewers;

        @Override
        public void cancel(String id) {}

        @Override
        public Optional<Runnable> watched(String id) {
            if (!live) {
                return Optional.empty();
            }
            viewers++;
            return Optional.of(() -> viewers--);
        }
    }

    private void secondLater() {
        nanos += SECOND;
        visits.expire();
    }

    @Test
    void whoWatchesIsCountedOnceHoweverOftenItSaysSo() {
        for (int i = 0; i < 10; i++) {
            visits.watched("b", "s", owner);
            secondLater();
        }
        assertEquals(1, owner.viewers);
        visits.left("b", "s");
        assertEquals(0, owner.viewers);
    }

    @Test
    void whoSaysSoBeforeTheStreamIsTakenOverIsCountedAtTheRepeat() {
        owner.live = false;
        visits.watched("b", "s", owner);
        assertEquals(0, owner.viewers);
        owner.live = true;
        secondLater();
        visits.watched("b", "s", owner);
        assertEquals(1, owner.viewers);
        visits.left("b", "s");
        assertEquals(0, owner.viewers);
    }

    @Test
    void whoFallsSilentHasLeft() {
        visits.watched("b", "s", owner);
        for (int i = 0; i < 5; i++) {
            secondLater();
        }
        assertEquals(1, owner.viewers);
        secondLater();
        assertEquals(0, owner.viewers);
    }
}
