package rivulet.log;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A log in this machine's memory. Its size is bounded by whoever appends, see {@code Producer}, and the size of all logs
 * by the {@link MemoryStore}.
 */
final class MemoryLog implements StreamLog {
    /** About what an entry takes beside its text: objects, and the frames around it in the formats it was shown in. */
    private static final int ENTRY_BYTES = 300;

    private final Event.Start start;
    private final Consumer<MemoryLog> onEnd;
    private final LongConsumer onGrowth;
    private final Set<Signal> signals = ConcurrentHashMap.newKeySet();
    private volatile @Nullable Recovery recovery;
    private final Passage passage = new Passage();

    @GuardedBy("this")
    private final ArrayList<Entry> entries = new ArrayList<>();

    @GuardedBy("this")
    private long bytes = ENTRY_BYTES;

    @GuardedBy("this")
    private boolean ended;

    /** Whether another node writes the stream now: what it says does not come here. */
    @GuardedBy("this")
    private boolean lost;

    /**
     * @param onEnd told once, after the terminal event was appended, on the thread that appended it
     * @param onGrowth told by how many bytes the log has grown, on the thread that appended
     */
    MemoryLog(Event.Start start, Consumer<MemoryLog> onEnd, LongConsumer onGrowth) {
        this.start = start;
        this.onEnd = onEnd;
        this.onGrowth = onGrowth;
        entries.add(new Entry(start, 0, start));
    }

    @Override
    public Event.Start start() {
        return start;
    }

    @Override
    public boolean append(Event event) {
        // A text is kept as it came and, encoded, as it was shown.
        long growth = ENTRY_BYTES + 2L * event.weight();
        synchronized (this) {
            if (ended || lost) {
                return false;
            }
            entries.add(new Entry(start, entries.size(), event));
            bytes += growth;
            ended = event.terminal();
        }
        if (event.terminal()) {
            onEnd.accept(this);
        }
        signal();
        onGrowth.accept(growth);
        return true;
    }

    @Override
    public void recoverable(@Nullable Recovery now) {
        recovery = now;
    }

    /** How another node could go on with this stream; null: none could. */
    @Nullable
    Recovery recovery() {
        return recovery;
    }

    /** More will never come here, since another node writes the stream: tells those who wait, unless it has ended. */
    void lose() {
        synchronized (this) {
            lost = !ended;
        }
        signal();
    }

    /** Signals all who wait, as after an append. */
    void signal() {
        for (Signal signal : signals) {
            signal.run.run();
        }
    }

    /** About how much memory the log takes. */
    synchronized long bytes() {
        return bytes;
    }

    @Override
    public synchronized List<Entry> read(int after, int most) {
        int size = entries.size();
        if (lost && after >= size - 1) {
            throw new StoreAway("stream " + start.stream() + " is written by another node now");
        }
        return entries(after, most);
    }

    /** What {@link #read} gives, to one who wants no more than what is here. */
    synchronized List<Entry> entries(int after, int most) {
        int size = entries.size();
        int from = Math.min(Math.max(after, -1), ended ? size - 2 : size - 1) + 1;
        return List.copyOf(entries.subList(from, Math.min(size, from + most)));
    }

    @Override
    public Passage passage() {
        return passage;
    }

    @Override
    public synchronized int head() {
        return entries.size() - 1;
    }

    @Override
    public synchronized boolean ended() {
        return ended;
    }

    @Override
    public Subscription onAppend(Runnable run) {
        Signal signal = new Signal(run);
        signals.add(signal);
        return () -> signals.remove(signal);
    }

    /** One registration: by identity, since the same {@code Runnable} may be registered twice. */
    private static final class Signal {
        private final Runnable run;

        private Signal(Runnable run) {
            this.run = run;
        }
    }
}
