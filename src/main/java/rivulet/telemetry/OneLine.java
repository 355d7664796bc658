package rivulet.telemetry;

import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Where the log is printed: each line that is printed stays one line. The words of a failure, or of an upstream, may hold
 * line ends, and behind one could stand a line that looks like one of ours; or a terminal's commands.
 *
 * <p>Whoever prints does not wait, though nobody reads: then lines are left out, and counted once somebody reads again.
 */
public final class OneLine extends PrintStream {
    /** A tab is what a stack trace is indented by. */
    private static final Pattern UNSAFE = Pattern.compile("[\\p{Cntrl}\\u0080-\\u009F\\u2028\\u2029\\p{Cf}&&[^\\t]]");

    private final Lines lines;

    /** @param out where the lines go, by a thread of their own */
    public OneLine(PrintStream out) {
        this(new Lines("rivulet-log", out));
    }

    private OneLine(Lines lines) {
        super(new Splitter(lines), true, StandardCharsets.UTF_8);
        this.lines = lines;
    }

    @Override
    public void println(@Nullable String line) {
        super.println(safe(String.valueOf(line)));
    }

    /** So are stack traces printed, one frame at a time. */
    @Override
    public void println(@Nullable Object line) {
        println(String.valueOf(line));
    }

    /** Waits until all is written that was printed before, for a second at most. */
    public void awaitWritten() {
        lines.awaitWritten();
    }

    private static String safe(String line) {
        Matcher unsafe = UNSAFE.matcher(line);
        return unsafe.replaceAll(
                found -> "\\\\u%04x".formatted((int) found.group().charAt(0)));
    }

    /** Makes lines of what is printed. Guarded by the stream that prints. */
    private static final class Splitter extends OutputStream {
        private final Lines lines;
        private final ByteArrayOutputStream line = new ByteArrayOutputStream();
        private long leftOut;

        private Splitter(Lines lines) {
            this.lines = lines;
        }

        @Override
        public void write(int one) {
            if (one != '\n') {
                line.write(one);
                return;
            }
            if (leftOut > 0 && lines.put("(" + leftOut + " lines of the log are left out here: nobody read it)")) {
                leftOut = 0;
            }
            leftOut += lines.put(line.toString(StandardCharsets.UTF_8)) ? 0 : 1;
            line.reset();
        }
    }
}
