package rivulet.telemetry;

import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import rivulet.feed.Outcome;
import rivulet.log.Usage;

/**
 * One line for each request and each generation that has ended: who, what, how long and how it ended; never a prompt, an
 * answer, a path or a key.
 *
 * <p>One thread writes. Who reads the lines may stop reading them, as a terminal does or a full pipe: then they are left
 * out and counted, and no request waits. Safe on any thread.
 */
public final class AccessLog implements AutoCloseable {
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSS'Z'").withZone(ZoneOffset.UTC);
    /** Lines that wait to be written: some seconds of a busy server. */
    private static final int MOST_WAITING = 16_384;

    private static final String END = "";
    /** How long the last lines may take. */
    private static final Duration LAST_WORDS = Duration.ofSeconds(1);

    private final LineFormat format;
    private final PrintStream out;
    private final Clock clock;
    private final BlockingQueue<String> lines = new ArrayBlockingQueue<>(MOST_WAITING);
    private final LongAdder dropped = new LongAdder();
    private final Thread writer = new Thread(this::write, "rivulet-access-log");

    /** Begins to write. */
    public AccessLog(LineFormat format, PrintStream out, Clock clock) {
        this.format = format;
        this.out = out;
        this.clock = clock;
        if (format != LineFormat.OFF) {
            writer.setDaemon(true);
            writer.start();
        }
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
        if (format == LineFormat.OFF) {
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
        if (format == LineFormat.OFF) {
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
        if (!lines.offer(line.toString())) {
            dropped.increment();
        }
    }

    private static @Nullable Long millis(@Nullable Duration duration) {
        return duration == null ? null : (Long) duration.toMillis();
    }

    private void write() {
        List<String> taken = new ArrayList<>();
        try {
            while (true) {
                taken.add(lines.take());
                lines.drainTo(taken);
                StringBuilder text = new StringBuilder();
                taken.stream()
                        .filter(line -> !line.equals(END))
                        .forEach(line -> text.append(line).append('\n'));
                byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
                out.write(bytes, 0, bytes.length);
                out.flush();
                if (taken.contains(END)) {
                    return;
                }
                taken.clear();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Writes what is left, if somebody still reads. */
    @Override
    public void close() {
        if (format == LineFormat.OFF) {
            return;
        }
        try {
            if (lines.offer(END)) {
                writer.join(LAST_WORDS.toMillis());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        // One that still waits on a pipe that nobody reads.
        writer.interrupt();
    }
}
