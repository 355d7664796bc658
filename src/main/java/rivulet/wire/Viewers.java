package rivulet.wire;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** All viewers of this node. Looks at each now and then: one timer in all, where a timer each would be re-armed at every write. */
public final class Viewers {
    /** How often each viewer is looked at, and so how late a heartbeat may come. */
    private static final Duration TICK = Duration.ofMillis(250);

    private final Set<Viewer> viewers = ConcurrentHashMap.newKeySet();
    private final Duration heartbeat;
    private final Duration slow;

    /**
     * @param heartbeat how long a connection stays silent; proxies drop idle ones, many at 60 s
     * @param slow how long a viewer may take to read what it was sent
     * @param timer runs the looking
     */
    public Viewers(Duration heartbeat, Duration slow, ScheduledExecutorService timer) {
        this.heartbeat = heartbeat;
        this.slow = slow;
        timer.scheduleWithFixedDelay(this::tick, TICK.toMillis(), TICK.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Looks after a viewer until {@link #remove}. */
    public void add(Viewer viewer) {
        viewers.add(viewer);
    }

    /** Forgets a viewer that is gone. */
    public void remove(Viewer viewer) {
        viewers.remove(viewer);
    }

    /** How many there are. */
    public int count() {
        return viewers.size();
    }

    /** Breaks off all that are left. */
    public void closeAll() {
        viewers.forEach(viewer -> viewer.close(new IllegalStateException("the server stops")));
    }

    private void tick() {
        viewers.forEach(viewer -> viewer.tick(heartbeat, slow));
    }
}
