package rivulet.wire;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import rivulet.log.Entry;
import rivulet.log.Event;
import rivulet.log.Kind;

/** One event as it is shown: by the first viewer that asks, who has it encoded, and by those who come after. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class SseJmh {
    private static final int EVENTS = 1024;

    /** What a viewer asks for. */
    @State(Scope.Thread)
    public static class Shown {
        /** As {@code format=} takes them, in capitals. */
        @Param({"JSON", "TEXT", "NDJSON"})
        public Format format;
    }

    private final Event.Start start = new Event.Start("S-75Dac3YJLzo5_QuMaCxw", Kind.CHAT, "gpt-4o-mini");
    private final Event.Text[] pieces = new Event.Text[] {
        new Event.Text(" relay"),
        new Event.Text(" answers"),
        new Event.Text(".\n\n"),
        new Event.Text(" \"as"),
        new Event.Text(" é"),
        new Event.Text("流"),
        new Event.Text(" they"),
        new Event.Text(" come")
    };
    private final Entry shown = new Entry(start, 100, pieces[0]);
    private int next;

    /** The first viewer. */
    @Benchmark
    public byte[] encode(Shown as) {
        next = (next + 1) % EVENTS;
        return new Entry(start, next, pieces[next % pieces.length]).encoded(as.format);
    }

    /** Each further viewer. */
    @Benchmark
    public byte[] encodedBefore() {
        return shown.encoded(Format.JSON);
    }
}
