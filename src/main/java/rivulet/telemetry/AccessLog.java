package rivulet.telemetry;

import java.io.PrintStream;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import rivulet.feed.Outcome;
import rivulet.log.Usage;

/**
 * One line for each request and each generation that has ended: who, what, how long and how it ended; never a prompt, an
 * answer, a path or a key.
 *
 * <p>No request waits for whoever reads the lines: what he does not take is left out and counted. Safe on any thread.
 */
public final class AccessLog implements AutoCloseable {
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSS'Z'").withZone(ZoneOffset.UTC);

    private final LineFormat format;
    private final Clock clock;
    /** Null: none is written. */
    private final @Nullable Lines lines;

    private final LongAdder dropped = new LongAdder();

    /** Begins to write. */
    public AccessLog(LineFormat format, PrintStream out, Clock clock) {
        this.format = format;
        this.clock = clock;
        this.lines = format == LineFormat.OFF ? null : new Lines("rivulet-access-log", out);
    }

    /**
     * A request that has ended.
     *
     * @param route the pattern of the route that answered, never the path
     * @param caller the caller's name, if it has one
     * @param trace the id of the trace that it belongs to, if it says one
     * @param shown what it was shown of a stream, if it was
     */
    public record Request(
            String method,
            String route,
            int status,
            String peer,
            @Nullable String caller,
            @Nullable String trace,
            @Nullable String stream,
            long bytes,
            Duration total,
            @Nullable Showing shown) {}

    /**
     * What a request was shown of a stream.
     *
     * @param first from the request's begin to the first event after the start, if there was one
     * @param end why nothing more was shown
     */
    public record Showing(int deltas, @Nullable Duration first, String end) {}

    /** Writes down a request. */
    public void request(Request request) {
        if (lines == null) {
            return;
        }
        Showing shown = request.shown;
        Line line = line("request")
                .with("method", request.method)
                .with("route", request.route)
                .with("status", (long) request.status)
                .with("peer", request.peer)
                .with("caller", request.caller)
                .with("stream", request.stream)
                .with("trace", request.trace)
                .with("bytes", request.bytes);
        if (shown != null) {
            line.with("deltas", (long) shown.deltas).with("first_ms", millis(shown.first));
        }
        line.with("total_ms", millis(request.total)).with("end", shown == null ? null : shown.end);
        put(line);
    }

    /** Writes down a generation. */
    public void generation(Generation generation) {
        if (lines == null) {
            return;
        }
        Outcome outcome = generation.outcome();
        Usage usage = outcome.usage();
        put(line("generation")
                .with("stream", generation.start().stream())
                .with("kind", generation.start().kind().wireName())
                .with("model", generation.start().model())
                .with("caller", generation.caller())
                .with("deltas", (long) outcome.deltas())
                .with("input_tokens", usage == null ? null : usage.inputTokens())
                .with("output_tokens", usage == null ? null : usage.outputTokens())
                .with("first_ms", millis(outcome.ttft()))
                .with("total_ms", millis(outcome.elapsed()))
                .with("end", generation.end())
                .with("code", generation.code())
                .with("cause", outcome.cause() == null ? null : outcome.cause().wireName()));
    }

    /** How many lines were left out, since the start. */
    public long dropped() {
        return dropped.sum();
    }

    private Line line(String event) {
        return new Line(format).with("time", TIME.format(Instant.now(clock))).with("event", event);
    }

    private void put(Line line) {
        if (lines != null && !lines.put(line.toString())) {
            dropped.increment();
        }
    }

    private static @Nullable Long millis(@Nullable Duration duration) {
        return duration == null ? null : (Long) duration.toMillis();
    }

    /** Writes what is left, if somebody still reads. */
    @Override
    public void close() {
        if (lines != null) {
            lines.close();
        }
    }
}
