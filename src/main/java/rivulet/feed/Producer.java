package rivulet.feed;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import rivulet.log.ErrorCode;
import rivulet.log.Event;
import rivulet.log.FinishReason;
import rivulet.log.StreamLog;
import rivulet.log.Usage;
import rivulet.log.Wordless;

/**
 * Writes one stream's log: takes what a feed says, in whole characters and within bounds, and ends the log with exactly
 * one terminal event, whatever the feed does and whoever cancels it.
 *
 * <p>{@code LIVE -> ENDED}, guarded by this; whoever makes that step appends the terminal event. The {@link Sink}
 * methods are the feed's thread's, one at a time; all others are safe on any thread. No lock is held while the log or
 * the feed is called.
 */
public final class Producer implements Sink {
    private static final Logger LOG = LoggerFactory.getLogger(Producer.class);

    /** How many deltas are appended for each whose way is timed: the second, and so on. */
    private static final int TIMED_ONE_IN = 64;

    private enum State {
        LIVE,
        ENDED
    }

    private final StreamLog log;
    private final int maxAnswerBytes;
    private final LongSupplier nanoTime;
    private final Consumer<Outcome> onEnd;
    private final long startNanos;

    @GuardedBy("this")
    private State state = State.LIVE;

    @GuardedBy("this")
    private Feed.@Nullable Cancellation feed;

    private final SurrogateJoiner text = new SurrogateJoiner();
    private final SurrogateJoiner reasoning = new SurrogateJoiner();
    private final SurrogateJoiner refusal = new SurrogateJoiner();
    private volatile @Nullable Usage usage;
    private volatile @Nullable Duration ttft;
    private final AtomicInteger textDeltas = new AtomicInteger();
    private volatile long lastDeltaNanos;
    /** When what is said now was read; 0 if the feed does not say. The feed's thread's, as are the next two. */
    private long readNanos;

    private int appended;
    private int weight;

    /**
     * @param maxAnswerBytes how much memory the answer's events may take; one that is larger ends {@code failed}
     * @param nanoTime a clock in nanoseconds
     * @param onEnd told once how it went, after the terminal event was appended
     */
    public Producer(StreamLog log, int maxAnswerBytes, LongSupplier nanoTime, Consumer<Outcome> onEnd) {
        this.log = log;
        this.maxAnswerBytes = maxAnswerBytes;
        this.nanoTime = nanoTime;
        this.onEnd = onEnd;
        this.startNanos = nanoTime.getAsLong();
    }

    /** The log that this writes. */
    public StreamLog log() {
        return log;
    }

    /** Lets the feed speak. Called once. */
    public void run(Feed source) {
        Feed.Cancellation cancellation;
        try {
            cancellation = source.start(this);
        } catch (Throwable t) {
            LOG.error("stream {}: the feed did not start", log.start().stream(), new Wordless(t));
            fail(ErrorCode.INTERNAL, "The server could not begin this stream; its log says why.");
            return;
        }
        boolean cancelled;
        synchronized (this) {
            feed = cancellation;
            cancelled = state == State.ENDED;
        }
        if (cancelled) {
            cancellation.cancel();
        }
    }

    /** Ends the stream {@code done} with {@code cancelled} and stops the feed, unless the stream has ended already. */
    public void cancel(CancelCause cause) {
        stop(new Event.Done(FinishReason.CANCELLED, null, usageWhenCut(), ttft, elapsed()), cause);
    }

    /** Ends the stream {@code failed} and stops the feed, unless the stream has ended already. */
    public void fail(ErrorCode code, String message) {
        stop(new Event.Failed(code, message, null), null);
    }

    @Override
    public void readAt(long nanos) {
        readNanos = nanos;
    }

    @Override
    public void text(String piece) {
        String delta = text.join(piece);
        if (!delta.isEmpty()) {
            textDeltas.incrementAndGet();
            append(new Event.Text(delta));
        }
    }

    @Override
    public void reasoning(String piece) {
        String delta = reasoning.join(piece);
        if (!delta.isEmpty()) {
            append(new Event.Reasoning(delta));
        }
    }

    @Override
    public void refusal(String piece) {
        String delta = refusal.join(piece);
        if (!delta.isEmpty()) {
            append(new Event.Refusal(delta));
        }
    }

    @Override
    public void toolCall(int index, @Nullable String id, @Nullable String name, String arguments) {
        append(new Event.ToolCall(index, id, name, arguments));
    }

    @Override
    public void fieldSet(String path, String literal) {
        append(new Event.FieldSet(path, literal));
    }

    @Override
    public void fieldAppend(String path, String piece) {
        append(new Event.FieldAppend(path, piece));
    }

    @Override
    public void usage(Usage latest) {
        usage = latest;
    }

    @Override
    public void done(FinishReason reason, @Nullable String providerReason) {
        end(new Event.Done(reason, providerReason, usage, ttft, elapsed()), null);
    }

    @Override
    public void failed(ErrorCode code, String message, @Nullable Duration retryAfter) {
        // Told to let go, too: what failed may be what stands between the feed and this.
        stop(new Event.Failed(code, message, retryAfter), null);
    }

    private void append(Event event) {
        if (ttft == null) {
            ttft = elapsed();
        }
        time();
        weight += event.weight();
        if (weight > maxAnswerBytes) {
            fail(
                    ErrorCode.ANSWER_TOO_LARGE,
                    "The answer is larger than %d bytes; a larger MAX_ANSWER_BYTES would take it."
                            .formatted(maxAnswerBytes));
        } else {
            log.append(event);
        }
    }

    /** Notes when the delta came, and now and then marks one, to see how long it takes to a viewer. */
    private void time() {
        if (readNanos == 0) {
            lastDeltaNanos = nanoTime.getAsLong();
            return;
        }
        lastDeltaNanos = readNanos;
        if (appended++ % TIMED_ONE_IN == 1) {
            log.passage().mark(log.head() + 1, readNanos);
        }
    }

    private void stop(Event terminal, @Nullable CancelCause cause) {
        if (end(terminal, cause)) {
            Feed.Cancellation running;
            synchronized (this) {
                running = feed;
            }
            if (running != null) {
                running.cancel();
            }
        }
    }

    /** The one door through which a stream ends. */
    private boolean end(Event terminal, @Nullable CancelCause cause) {
        synchronized (this) {
            if (state == State.ENDED) {
                return false;
            }
            state = State.ENDED;
        }
        List<Event> last = new ArrayList<>();
        addUnlessEmpty(last, reasoning.end(), Event.Reasoning::new);
        addUnlessEmpty(last, text.end(), Event.Text::new);
        addUnlessEmpty(last, refusal.end(), Event.Refusal::new);
        last.forEach(log::append);
        log.append(terminal);
        onEnd.accept(outcome(terminal, cause));
        return true;
    }

    private Outcome outcome(Event terminal, @Nullable CancelCause cause) {
        Duration first = ttft;
        Duration last = first == null ? null : Duration.ofNanos(lastDeltaNanos - startNanos);
        if (first != null && last != null && last.compareTo(first) < 0) {
            // One was read and the other appended; they may be the same delta's.
            last = first;
        }
        // Between them lie the deltas.
        int deltas = Math.max(0, log.head() - 1);
        return new Outcome(terminal, cause, deltas, first, last, elapsed(), usage);
    }

    private static void addUnlessEmpty(List<Event> events, String left, Function<String, Event> event) {
        if (!left.isEmpty()) {
            events.add(event.apply(left));
        }
    }

    private Duration elapsed() {
        return Duration.ofNanos(nanoTime.getAsLong() - startNanos);
    }

    /** The provider tells what an answer cost at its end; of one that was cut, one token a delta is the best guess. */
    private @Nullable Usage usageWhenCut() {
        Usage known = usage;
        long deltas = textDeltas.get();
        return known != null || deltas == 0 ? known : new Usage(null, deltas, null, null, true);
    }
}
