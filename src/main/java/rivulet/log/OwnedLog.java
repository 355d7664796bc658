package rivulet.log;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A log that this node writes, as its producer sees it. What is appended is in this machine's memory at once, where the
 * viewers of this node read it; the {@link RedisWriter} brings it to Redis later.
 */
final class OwnedLog implements StreamLog {
    private final MemoryLog log;
    private final RedisLease lease;

    OwnedLog(MemoryLog log, RedisLease lease) {
        this.log = log;
        this.lease = lease;
    }

    @Override
    public Event.Start start() {
        return log.start();
    }

    /**
     * Appends, unless this process was stopped for so long that others may have ended the stream meanwhile: then that is
     * looked up first.
     */
    @Override
    public boolean append(Event event) {
        // The lease's own thread ends what others have ended, and has the producer let go: it would wait for itself.
        if (!log.ended()) {
            lease.awaitSure();
        }
        return log.append(event);
    }

    @Override
    public List<Entry> read(int after, int most) {
        return log.read(after, most);
    }

    @Override
    public long bytes() {
        return log.bytes();
    }

    @Override
    public Passage passage() {
        return log.passage();
    }

    @Override
    public Optional<Entry> snapshot(int after) {
        return log.snapshot(after);
    }

    @Override
    public int head() {
        return log.head();
    }

    @Override
    public boolean ended() {
        return log.ended();
    }

    @Override
    public void recoverable(@Nullable Recovery recovery) {
        log.recoverable(recovery);
    }

    @Override
    public Subscription onAppend(Runnable signal) {
        return log.onAppend(signal);
    }
}
