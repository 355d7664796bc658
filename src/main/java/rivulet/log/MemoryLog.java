package rivulet.log;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** A log in this machine's memory. Its size is bounded by whoever appends: see {@code Producer}. */
final class MemoryLog implements StreamLog {
    private final Event.Start start;
    private final Runnable onEnd;
    private final Set<Signal> signals = ConcurrentHashMap.newKeySet();

    @GuardedBy("this")
    private final ArrayList<Entry> entries = new ArrayList<>();

    @GuardedBy("this")
    private boolean ended;

    /**
     * @param onEnd run once, after the terminal event was appended, on the thread that appended it
     */
    MemoryLog(Event.Start start, Runnable onEnd) {
        this.start = start;
        this.onEnd = onEnd;
        entries.add(new Entry(start, 0, start));
    }

    @Override
    public Event.Start start() {
        return start;
    }

    @Override
    public boolean append(Event event) {
        synchronized (this) {
            if (ended) {
                return false;
            }
            entries.add(new Entry(start, entries.size(), event));
            ended = event.terminal();
        }
        if (event.terminal()) {
            onEnd.run();
        }
        signal();
        return true;
    }

    /** Signals all who wait, as after an append. */
    void signal() {
        for (Signal signal : signals) {
            signal.run.run();
        }
    }

    @Override
    public synchronized List<Entry> read(int after, int most) {
        int size = entries.size();
        int from = Math.min(Math.max(after, -1), ended ? size - 2 : size - 1) + 1;
        return List.copyOf(entries.subList(from, Math.min(size, from + most)));
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
