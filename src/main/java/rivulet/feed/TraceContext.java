package rivulet.feed;

import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Where a request stands in its caller's trace (W3C Trace Context), passed on to the upstream as it came: this server
 * adds no span of its own, and begins no trace.
 *
 * @param parent the {@code traceparent}
 * @param state the {@code tracestate}, if there is one that can be passed on
 */
public record TraceContext(String parent, @Nullable String state) {
    /** The header with the trace's id and the caller's place in it. */
    public static final String PARENT_HEADER = "traceparent";

    /** The header with what tracing systems know of the trace. */
    public static final String STATE_HEADER = "tracestate";

    /** Section 3.2: version, trace, span, flags; a later version may have more behind them. */
    private static final String IDS = "-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}";

    private static final Pattern PARENT =
            Pattern.compile("00" + IDS + "|(?!00|ff)[0-9a-f]{2}" + IDS + "(?:-[\\x21-\\x7E]{0,200})?");
    /** Section 3.3: a list of key=value, of visible characters and spaces. */
    private static final Pattern STATE = Pattern.compile("[\\x20-\\x7E\\t]{1,512}");

    private static final int TRACE_FROM = 3;
    private static final int TRACE_TO = 35;

    /**
     * What a request's headers say.
     *
     * @param parents the values of {@code traceparent}, of which there must be exactly one that is valid
     * @param states the values of {@code tracestate}, one list in however many headers
     * @return null where nothing is to be passed on
     */
    public static @Nullable TraceContext of(List<String> parents, List<String> states) {
        if (parents.size() != 1 || !PARENT.matcher(parents.get(0)).matches()) {
            return null;
        }
        String state = String.join(",", states);
        return new TraceContext(parents.get(0), STATE.matcher(state).matches() ? state : null);
    }

    /** The trace's id, 32 hexadecimal digits. */
    public String trace() {
        return parent.substring(TRACE_FROM, TRACE_TO);
    }
}
