package rivulet.log;

import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.infra.Blackhole;

/** What one event costs in a log, a log's own beginning and end included; the next log begins when one is long enough. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class MemoryLogJmh {
    private static final int EVENTS = 1000;
    private static final int MOST = 512;

    private final Event.Start start = new Event.Start("S-75Dac3YJLzo5_QuMaCxw", Kind.CHAT, "gpt-4o-mini");
    private final Event.Text piece = new Event.Text(" relay");
    private MemoryLog log = log();
    private int appended;
    private int position = -1;
    private boolean signalled;

    /** A reader reads once so many events were appended. */
    @State(Scope.Thread)
    public static class Reader {
        /** 1: it keeps up; 16: each of its writes takes that long. */
        @Param({"1", "16"})
        public int every;
    }

    /** Nobody reads. */
    @Benchmark
    public boolean append() {
        if (appended++ == EVENTS) {
            appended = 1;
            log = log();
        }
        return log.append(piece);
    }

    /** A reader is signalled and reads all there is. */
    @Benchmark
    public boolean appendAndDrain(Reader reader, Blackhole seen) {
        if (appended++ % EVENTS == 0) {
            log = log();
            position = -1;
            log.onAppend(() -> signalled = true);
        }
        boolean done = log.append(piece);
        if (signalled && appended % reader.every == 0) {
            signalled = false;
            drain(seen);
        }
        return done;
    }

    private void drain(Blackhole seen) {
        List<Entry> entries = log.read(position, MOST);
        while (!entries.isEmpty()) {
            for (Entry entry : entries) {
                seen.consume(entry);
            }
            position += entries.size();
            entries = log.read(position, MOST);
        }
    }

    private MemoryLog log() {
        return new MemoryLog(start, ended -> {}, growth -> {}, Runnable::run);
    }
}
