package rivulet.telemetry;

import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Where the log is printed: each line that is printed stays one line. The words of a failure, or of an upstream, may hold
 * line ends, and behind one could stand a line that looks like one of ours; or a terminal's commands.
 */
public final class OneLine extends PrintStream {
    /** A tab is what a stack trace is indented by. */
    private static final Pattern UNSAFE = Pattern.compile("[\\p{Cntrl}\\u0080-\\u009F\\u2028\\u2029\\p{Cf}&&[^\\t]]");

    /** @param out where the lines go */
    public OneLine(OutputStream out) {
        super(out, true, StandardCharsets.UTF_8);
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

    private static String safe(String line) {
        Matcher unsafe = UNSAFE.matcher(line);
        return unsafe.replaceAll(
                found -> "\\\\u%04x".formatted((int) found.group().charAt(0)));
    }
}
