package rivulet.log;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import redis.clients.jedis.resps.StreamEntry;

/**
 * A log that another node writes, as far as it has come here: one copy for all who watch it on this node, filled by the
 * {@link RedisReader}.
 *
 * <p>{@code FOLLOWED -> ENDED}, with the terminal event, or {@code FOLLOWED -> LOST}, when it can't be followed any more:
 * then its readers, once they have read what is here, are to come back.
 */
final class RedisLog implements StreamLog {
    /** The terminal event of an ended stream is here long before. */
    private static final int ROUNDS_TO_ORPHAN = 3;

    private final MemoryLog copy;
    private volatile String owner;
    private final Runnable onWatched;
    private final LongSupplier nanoTime;
    private final AtomicInteger watchers = new AtomicInteger();
    private volatile long usedNanos;
    private volatile long newsNanos;
    /** Whether the owner counts on a viewer here. The lease's thread's. */
    private boolean ownerTold;
    /** How often it was found without an owner. The lease's thread's. */
    private int rounds;

    /**
     * A copy that holds its start, and nothing else yet.
     *
     * @param first of the entries that Redis holds
     * @param owner the node that writes the log
     * @param onWatched run when there is a first watcher; quick
     * @param onGrowth told by how many bytes this grows; of nothing if this throws
     * @throws IllegalArgumentException if no log begins so
     */
    RedisLog(StreamEntry first, String owner, Runnable onWatched, LongConsumer onGrowth, LongSupplier nanoTime) {
        if (!(event(first) instanceof Event.Start start) || index(first) != 0) {
            throw new IllegalArgumentException("a log begins with its start");
        }
        this.copy = new MemoryLog(start, ended -> {}, onGrowth, Runnable::run);
        onGrowth.accept(copy.bytes());
        this.owner = RedisKeys.node(owner);
        this.onWatched = onWatched;
        this.nanoTime = nanoTime;
        touch();
    }

    /** Takes in what Redis holds behind what is here. The reader's thread, or the one that made this. */
    void add(List<StreamEntry> entries) {
        newsNanos = nanoTime.getAsLong();
        for (StreamEntry entry : entries) {
            int next = copy.head() + 1;
            if (index(entry) > next) {
                lose();
                return;
            }
            if (index(entry) == next) {
                copy.append(event(entry));
            }
        }
    }

    /** More will never come here; tells those who wait. */
    void lose() {
        copy.lose();
    }

    String owner() {
        return owner;
    }

    boolean watched() {
        return watchers.get() > 0;
    }

    /**
     * Whether the owner is to be told that this is watched, or no longer is; asked by the lease's thread, which then
     * tells it.
     *
     * @param again whether it is time to repeat what it knows already
     */
    boolean ownerMustLearn(boolean again) {
        boolean watched = watched();
        boolean tell = !owner.equals(RedisKeys.NOBODY) && (watched != ownerTold || (again && watched));
        ownerTold = watched;
        return tell;
    }

    /**
     * Whether this waits in vain: its stream has no owner any more, and still had none, and no end, a while ago. Redis
     * itself may have lost entries that are here. Asked by the lease's thread, with what Redis says of the owner, which
     * may be a new one that has taken the stream over.
     */
    boolean orphaned(@Nullable String nowOwner) {
        if (nowOwner != null && !RedisKeys.node(nowOwner).equals(owner)) {
            owner = RedisKeys.node(nowOwner);
            ownerTold = false;
        }
        boolean gone = (nowOwner == null || nowOwner.equals(RedisKeys.NOBODY)) && !ended();
        rounds = gone ? rounds + 1 : 0;
        return rounds > ROUNDS_TO_ORPHAN;
    }

    /** Someone was just given this log. */
    void touch() {
        usedNanos = nanoTime.getAsLong();
    }

    /** How long nobody has watched or asked for this. */
    long idleNanos() {
        return watched() ? 0 : nanoTime.getAsLong() - usedNanos;
    }

    /** Where the entries are. */
    MemoryLog copy() {
        return copy;
    }

    /** How long ago this was made, or last had news. */
    long ageNanos() {
        return nanoTime.getAsLong() - newsNanos;
    }

    @Override
    public long bytes() {
        return copy.bytes();
    }

    @Override
    public Event.Start start() {
        return copy.start();
    }

    @Override
    public boolean append(Event event) {
        throw new UnsupportedOperationException("only the node that created a log writes it");
    }

    @Override
    public List<Entry> read(int after, int most) {
        return copy.read(after, most);
    }

    @Override
    public Optional<Entry> snapshot(int after) {
        return copy.snapshot(after);
    }

    @Override
    public int head() {
        return copy.head();
    }

    @Override
    public boolean ended() {
        return copy.ended();
    }

    @Override
    public Subscription onAppend(Runnable signal) {
        Subscription subscription = copy.onAppend(signal);
        if (watchers.getAndIncrement() == 0) {
            onWatched.run();
        }
        AtomicBoolean open = new AtomicBoolean(true);
        return () -> {
            if (open.compareAndSet(true, false)) {
                subscription.close();
                touch();
                watchers.decrementAndGet();
            }
        };
    }

    static int index(StreamEntry entry) {
        return (int) entry.getID().getTime() - 1;
    }

    /** Whether the entry of that index says that the stream ended with its owner. */
    static boolean isOwnerLost(StreamEntry entry, int index) {
        String data = entry.getFields().getOrDefault("data", "");
        return index(entry) == index
                && "failed".equals(entry.getFields().get("event"))
                && data.contains('"' + ErrorCode.OWNER_LOST.wireName() + '"');
    }

    static Event event(StreamEntry entry) {
        String data = entry.getFields().get("data");
        if (data == null) {
            throw new IllegalArgumentException("an entry has data");
        }
        return EventJson.event(entry.getFields().get("event"), data);
    }
}
