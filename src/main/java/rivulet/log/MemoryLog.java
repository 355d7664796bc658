package rivulet.log;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A log in this machine's memory. Its newest entries are ready to be shown; those before them are {@link Packed}, to
 * about what their text takes, of a long log {@link Deflated}, to less, and can be read as before: most will never be
 * read again, and whoever does not read would otherwise cost a multiple of his answer.
 *
 * <p>Its size is bounded by whoever appends, see {@code Producer}, and the size of all logs by the {@link MemoryStore},
 * which folds them where memory is short, see {@link #fold}.
 */
final class MemoryLog implements StreamLog {
    /**
     * How much that could be packed is left ready, at most; of thousands of streams that is what the collector copies.
     * Folding packs no more in one step, unless one entry alone is larger, or the log has ended.
     */
    private static final int STEP_BYTES = 4 * 1024;
    /** Less is not worth it, while the log grows. */
    private static final int MIN_STEP_BYTES = 1024;

    private static final Signal[] NO_SIGNALS = {};
    private static final Logger LOG = LoggerFactory.getLogger(MemoryLog.class);

    private final Event.Start start;
    private final Consumer<MemoryLog> onEnd;
    private final LongConsumer onGrowth;
    private final Executor whenShown;
    /** Mostly one, gone through at each append, and seldom changed: then it is another array. */
    private volatile Signal[] signals = NO_SIGNALS;

    private volatile @Nullable Recovery recovery;
    /** Null once the log has ended and all is packed: then nothing more is timed. */
    private volatile @Nullable Passage passage = new Passage();

    @GuardedBy("this")
    private final LogEntries entries;

    /** What it has grown by since that was last counted. */
    @GuardedBy("this")
    private long uncounted;

    /** Whether it is counted once its entries are shown, and packed if they are ripe. */
    @GuardedBy("this")
    private boolean settling;

    @GuardedBy("this")
    private boolean ripe;

    /** Whether more will never come here: another node writes the stream, or it can't be followed any more. */
    @GuardedBy("this")
    private boolean lost;

    /** Whether the store has let go of this log: then nothing it takes or gives back is counted any more. */
    @GuardedBy("this")
    private boolean forgotten;

    /** Once a state may stand for the prefix: looked at without a lock before each write to a viewer. */
    private volatile @Nullable Snapshots snapshots;

    /**
     * @param onEnd told once, after the terminal event was appended, on the thread that appended it
     * @param onGrowth told by how many bytes the log has grown; negative where it was packed
     * @param whenShown runs what is best done when those who were signalled have read: what is packed before, they would
     *     have to have unpacked
     */
    MemoryLog(Event.Start start, Consumer<MemoryLog> onEnd, LongConsumer onGrowth, Executor whenShown) {
        this.start = start;
        this.onEnd = onEnd;
        this.onGrowth = onGrowth;
        this.whenShown = whenShown;
        this.entries = new LogEntries(start);
    }

    /** A log that has ended, got back from its entries: it grows no more, and is not counted. */
    MemoryLog(Packed whole) {
        this.start = whole.start();
        this.onEnd = log -> {};
        this.onGrowth = bytes -> {};
        this.whenShown = Runnable::run;
        this.entries = new LogEntries(whole);
        this.passage = null;
        this.forgotten = true;
    }

    /** All its entries, once it has ended and if they are few bytes; else null. */
    synchronized @Nullable List<Packed> whole() {
        return entries.whole();
    }

    @Override
    public Event.Start start() {
        return start;
    }

    @Override
    public boolean append(Event event) {
        boolean settles;
        synchronized (this) {
            if (entries.ended() || lost) {
                return false;
            }
            long growth = entries.add(event);
            uncounted += forgotten ? 0 : growth;
            ripe |= !entries.ended() && entries.packableBytes() >= STEP_BYTES;
            settles = !settling;
            settling = true;
        }
        if (event.terminal()) {
            onEnd.accept(this);
        }
        signal();
        if (settles) {
            // Once for all that one read has brought: what all logs take is counted in one place.
            whenShown.execute(this::settle);
        }
        return true;
    }

    @Override
    public void recoverable(@Nullable Recovery now) {
        recovery = now;
        // Redis is to know it before the first word, for which a model may think for minutes.
        signal();
    }

    /** How another node could go on with this stream; null: none could. */
    @Nullable
    Recovery recovery() {
        return recovery;
    }

    /** More will never come here, since another node writes the stream: tells those who wait, unless it has ended. */
    void lose() {
        synchronized (this) {
            lost = !entries.ended();
        }
        signal();
    }

    /** Signals all who wait, as after an append. */
    void signal() {
        // Of a list it would be an iterator a delta.
        for (Signal signal : signals) {
            signal.run();
        }
    }

    @Override
    public synchronized long bytes() {
        return entries.bytes();
    }

    /** About how much of that can be folded; 0 if that would not be worth it. */
    synchronized long foldableBytes() {
        long packable = entries.packableBytes();
        return packable < MIN_STEP_BYTES ? 0 : packable;
    }

    /** Whether it is no longer counted. */
    synchronized boolean forgotten() {
        return forgotten;
    }

    /** The log is no longer counted; gives what it took. */
    synchronized long forget() {
        long taken = forgotten ? 0 : entries.bytes() - uncounted;
        forgotten = true;
        uncounted = 0;
        return taken;
    }

    /**
     * Makes the log as short as it can be: packs entries that would have been ready for a while yet, a bounded number; and
     * from now on a reader far behind is given a state in place of its beginning, if it knows states.
     *
     * @return how many bytes that has given back; 0 if nothing was left to fold, or another thread was at it
     */
    long fold() {
        long freed = foldableBytes() == 0 ? 0 : pack();
        if (freed > 0 && snapshots == null) {
            snapshots = new Snapshots(this);
        }
        return freed;
    }

    /**
     * Packs the oldest entries, a bounded number; all of them, if the log has ended.
     *
     * @return how many bytes that has given back; 0 if another thread was at it, the log is no longer counted, or it cannot
     *     be packed
     */
    long pack() {
        return pack(STEP_BYTES);
    }

    private long pack(long most) {
        return packOldest(most) + deflate();
    }

    private long packOldest(long most) {
        List<Entry> oldest;
        synchronized (this) {
            oldest = forgotten ? List.of() : entries.packable(most);
        }
        if (oldest.isEmpty()) {
            return 0;
        }
        Packed run;
        try {
            run = Packed.of(oldest);
        } catch (RuntimeException e) {
            // Perhaps on the thread of another stream, which must not fail for it.
            LOG.error("stream {} cannot be packed", start.stream(), new Wordless(e));
            synchronized (this) {
                entries.neverPack();
            }
            return 0;
        }
        long before = LogEntries.cost(oldest);
        synchronized (this) {
            long freed = forgotten ? 0 : entries.replace(oldest, run, before);
            if (entries.allPacked()) {
                passage = null;
            }
            return freed;
        }
    }

    /** Deflates what is packed, if that is enough; gives how many bytes that has given back. */
    private long deflate() {
        List<Packed> packed;
        synchronized (this) {
            packed = forgotten ? List.of() : entries.deflatable();
        }
        if (packed.isEmpty()) {
            return 0;
        }
        Deflated one = Deflated.of(packed);
        synchronized (this) {
            return forgotten ? 0 : entries.replace(packed, one);
        }
    }

    /** Counts what has been appended; if that is enough, packs all but what is to be ready, of an ended log all. */
    private void settle() {
        long growth;
        boolean pack;
        synchronized (this) {
            growth = uncounted;
            uncounted = 0;
            pack = ripe;
            ripe = false;
            settling = false;
        }
        onGrowth.accept(growth);
        if (pack) {
            onGrowth.accept(-pack(Long.MAX_VALUE));
        }
    }

    @Override
    public List<Entry> read(int after, int most) {
        synchronized (this) {
            if (lost && after >= entries.size() - 1) {
                throw new StoreAway("stream " + start.stream() + " can no longer be followed here");
            }
        }
        return entries(after, most);
    }

    /** What {@link #read} gives, to one who wants no more than what is here. */
    List<Entry> entries(int after, int most) {
        Run run;
        int from;
        synchronized (this) {
            int last = entries.size() - 1;
            from = Math.min(Math.max(after, -1), entries.ended() ? last - 1 : last) + 1;
            if (from >= entries.packedSize()) {
                return entries.ready(from, most);
            }
            run = entries.run(from);
        }
        // Not under the lock: whoever appends would wait for it.
        return run.read(from, most);
    }

    @Override
    public Optional<Entry> snapshot(int after) {
        Snapshots states = snapshots;
        return states != null && after >= 0 ? states.after(after) : Optional.empty();
    }

    /** The last packed delta's index, if a state up to there is shorter than the entries after a position; else -1. */
    synchronized int snapshotIndex(int after) {
        int last = Math.min(entries.packedSize(), entries.ended() ? entries.size() - 1 : entries.size()) - 1;
        return after < last && entries.shorterAsState(after) ? last : -1;
    }

    @Override
    public Passage passage() {
        Passage now = passage;
        return now == null ? new Passage() : now;
    }

    @Override
    public synchronized int head() {
        return entries.size() - 1;
    }

    @Override
    public synchronized boolean ended() {
        return entries.ended();
    }

    @Override
    public Subscription onAppend(Runnable run) {
        Signal signal = new Signal(run);
        synchronized (this) {
            Signal[] more = Arrays.copyOf(signals, signals.length + 1);
            more[signals.length] = signal;
            signals = more;
        }
        return () -> remove(signal);
    }

    private synchronized void remove(Signal signal) {
        int at = Arrays.asList(signals).indexOf(signal);
        if (at >= 0) {
            // Every log ends without: an empty array of its own would be one of the many objects that it is.
            Signal[] left = signals.length == 1 ? NO_SIGNALS : Arrays.copyOf(signals, signals.length - 1);
            System.arraycopy(signals, at + 1, left, at, left.length - at);
            signals = left;
        }
    }

    /** One registration: by identity, since the same {@code Runnable} may be registered twice. */
    private static final class Signal {
        private final Runnable target;

        private Signal(Runnable target) {
            this.target = target;
        }

        private void run() {
            target.run();
        }
    }
}
