package rivulet.feed;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import rivulet.log.ErrorCode;
import rivulet.log.Event;
import rivulet.log.FinishReason;
import rivulet.log.Origin;
import rivulet.log.Recovery;
import rivulet.log.StreamLog;
import rivulet.log.Usage;
import rivulet.log.Wordless;

/**
 * Writes one stream's log: takes what a feed says, in whole characters and within bounds, and ends the log with exactly
 * one terminal event, whatever the feed does and whoever cancels it.
 *
 * <p>Where another node began the stream, what its log holds beyond its {@link Recovery}'s place is heard again: it is
 * compared, and not appended twice. An upstream that says something else now would break the text, so that ends the
 * stream.
 *
 * <p>{@code LIVE -> ENDED}, guarded by this; whoever makes that step appends the terminal event, unless another node
 * goes on with the stream. The {@link Sink}
 * methods are the feed's thread's, one at a time; all others are safe on any thread. No lock is held while the log or
 * the feed is called.
 */
public final class Producer implements Sink {
    /** What a viewer is told of a stream whose node was lost. */
    static final String OWNER_LOST = "The node that generated this answer was lost before it was complete; ask again.";

    private static final Logger LOG = LoggerFactory.getLogger(Producer.class);

    /** How many deltas are appended for each whose way is timed: the second, and so on. */
    private static final int TIMED_ONE_IN = 64;

    /** Told how a stream ends: each once, in this order, on the thread that ends it. */
    public interface Ending {
        /** Its end is about to be shown: whoever sees it may ask for the next one. */
        void ends();

        /**
         * The terminal event was appended.
         *
         * @param how empty if the stream was left to another node
         */
        void ended(Optional<Outcome> how);
    }

    private enum State {
        LIVE,
        ENDED
    }

    private final StreamLog log;
    private final int maxAnswerBytes;
    private final LongSupplier memoryShare;
    private final Tally tally;
    private final Ending ending;
    private final Place place;

    @GuardedBy("this")
    private State state = State.LIVE;

    /** Whether the stream is another node's now. */
    @GuardedBy("this")
    private boolean abandoned;

    @GuardedBy("this")
    private Feed.@Nullable Cancellation feed;

    private final WholeCharacters whole = new WholeCharacters();
    /** The feed's thread's, as is the next one. */
    private int appended;

    private int weight;

    /**
     * @param maxAnswerBytes how large an answer may be, as text in memory; one that is larger ends {@code failed}
     * @param memoryShare how much memory its log may take now, in bytes
     * @param unwatched whether the stream goes on to its end though nobody watches
     * @param nanoTime a clock in nanoseconds
     * @param ending told how the stream ends
     */
    public Producer(
            StreamLog log,
            int maxAnswerBytes,
            LongSupplier memoryShare,
            boolean unwatched,
            LongSupplier nanoTime,
            Ending ending) {
        this(log, maxAnswerBytes, memoryShare, new Place(log, unwatched), new Tally(nanoTime, 0, null), ending);
    }

    /**
     * Writes a log on that another node has begun.
     *
     * @param begun how that node left it
     */
    public Producer(
            StreamLog log,
            int maxAnswerBytes,
            LongSupplier memoryShare,
            Recovery begun,
            LongSupplier nanoTime,
            Ending ending) {
        this(
                log,
                maxAnswerBytes,
                memoryShare,
                new Place(log, begun),
                new Tally(nanoTime, age(begun), begun.ttft()),
                ending);
        log.readUpTo(0, log.head(), entry -> {
            weight += entry.event().weight();
            tally.count(entry.event());
        });
    }

    private Producer(
            StreamLog log, int maxAnswerBytes, LongSupplier memoryShare, Place place, Tally tally, Ending ending) {
        this.log = log;
        this.maxAnswerBytes = maxAnswerBytes;
        this.memoryShare = memoryShare;
        this.place = place;
        this.tally = tally;
        this.ending = ending;
    }

    private static long age(Recovery begun) {
        return TimeUnit.MILLISECONDS.toNanos(Math.max(0, System.currentTimeMillis() - begun.beganMillis()));
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
        boolean over;
        synchronized (this) {
            feed = cancellation;
            over = state == State.ENDED;
        }
        if (over) {
            letGo();
        }
    }

    /** A viewer has come: the stream no longer waits for its first one. */
    public void visited() {
        place.visited();
    }

    /** Leaves the stream to another node, which generates it from now on: stops the feed and appends nothing more. */
    public void abandon() {
        synchronized (this) {
            if (state == State.ENDED) {
                return;
            }
            state = State.ENDED;
            abandoned = true;
        }
        letGo();
        ending.ends();
        ending.ended(Optional.empty());
    }

    /** Ends the stream {@code done} with {@code cancelled} and stops the feed, unless the stream has ended already. */
    public void cancel(CancelCause cause) {
        Usage usage = tally.usageWhenCut(log.start().kind().asksModel());
        stop(new Event.Done(FinishReason.CANCELLED, null, usage, tally.ttft(), tally.elapsed()), cause);
    }

    /** Ends the stream {@code failed} and stops the feed, unless the stream has ended already. */
    public void fail(ErrorCode code, String message) {
        stop(new Event.Failed(code, message, null), null);
    }

    @Override
    public void readAt(long nanos) {
        tally.readAt(nanos);
    }

    @Override
    public void text(String piece) {
        String delta = whole.text(piece);
        if (!delta.isEmpty()) {
            append(new Event.Text(delta));
        }
    }

    @Override
    public void reasoning(String piece) {
        String delta = whole.reasoning(piece);
        if (!delta.isEmpty()) {
            append(new Event.Reasoning(delta));
        }
    }

    @Override
    public void refusal(String piece) {
        String delta = whole.refusal(piece);
        if (!delta.isEmpty()) {
            place.entangle();
            append(new Event.Refusal(delta));
        }
    }

    @Override
    public void toolCall(int index, @Nullable String id, @Nullable String name, String arguments) {
        place.entangle();
        String delta = whole.arguments(index, arguments);
        if (id != null || name != null || !delta.isEmpty()) {
            append(new Event.ToolCall(index, id, name, delta));
        }
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
    public void usage(@Nullable Usage latest) {
        tally.usage(latest);
    }

    @Override
    public void resumable(@Nullable Origin origin) {
        place.resumable(origin, System.currentTimeMillis() - tally.elapsed().toMillis());
    }

    @Override
    public void hears(int number) {
        place.hears(number);
    }

    @Override
    public void done(FinishReason reason, @Nullable String providerReason) {
        if (place.behind()) {
            fail(ErrorCode.OWNER_LOST, OWNER_LOST);
            return;
        }
        end(new Event.Done(reason, providerReason, tally.usage(), tally.ttft(), tally.elapsed()), null);
    }

    @Override
    public void failed(ErrorCode code, String message, @Nullable Duration retryAfter) {
        // Told to let go, too: what failed may be what stands between the feed and this.
        stop(new Event.Failed(code, SurrogateJoiner.replaceHalves(message), retryAfter), null);
    }

    private void append(Event event) {
        tally.said();
        if (place.behind()) {
            hearAgain(event);
            return;
        }
        time();
        weight += event.weight();
        long share = memoryShare.getAsLong();
        if (weight > maxAnswerBytes) {
            fail(
                    ErrorCode.ANSWER_TOO_LARGE,
                    "The answer is larger than %d bytes; a larger MAX_ANSWER_BYTES would take it."
                            .formatted(maxAnswerBytes));
        } else if (share < Long.MAX_VALUE && log.bytes() > share) {
            fail(
                    ErrorCode.ANSWER_TOO_LARGE,
                    "The server's memory is nearly full, and this answer has had its share; ask again later.");
        } else {
            tally.count(event);
            place.moves(nothingWaits(), tally.ttft());
            log.append(event);
        }
    }

    /** The log has this already, from the node that wrote it before. */
    private void hearAgain(Event event) {
        if (place.hearsAgain(event)) {
            place.moves(nothingWaits(), tally.ttft());
        } else {
            LOG.error("stream {}: the upstream says something else than before", log.start().stream());
            fail(ErrorCode.OWNER_LOST, OWNER_LOST);
        }
    }

    /** Asked for nothing where nobody could go on anyway: each look takes a lock. */
    private boolean nothingWaits() {
        return place.kept() && !whole.anyWaits();
    }

    /** Notes when the delta came, and now and then marks one, to see how long it takes to a viewer. */
    private void time() {
        long readNanos = tally.deltaCame();
        if (readNanos != 0 && appended++ % TIMED_ONE_IN == 1) {
            log.passage().mark(log.head() + 1, readNanos);
        }
    }

    private void stop(Event terminal, @Nullable CancelCause cause) {
        if (end(terminal, cause)) {
            letGo();
        }
    }

    /** Stops the feed; an answer that is another node's now is left alone. */
    private void letGo() {
        Feed.Cancellation running;
        boolean leave;
        synchronized (this) {
            running = feed;
            leave = abandoned;
        }
        if (running != null && leave) {
            running.abandon();
        } else if (running != null) {
            running.cancel();
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
        if (!place.behind()) {
            whole.end().forEach(log::append);
        }
        ending.ends();
        boolean ours = log.append(terminal);
        if (!ours) {
            // This node was taken for dead. Where the log has ended all the same, no other one goes on with the stream.
            synchronized (this) {
                abandoned = !log.ended();
            }
        }
        ending.ended(ours ? Optional.of(outcome(terminal, cause)) : Optional.empty());
        return true;
    }

    private Outcome outcome(Event terminal, @Nullable CancelCause cause) {
        // Between them lie the deltas.
        int deltas = Math.max(0, log.head() - 1);
        Duration first = tally.ttft();
        Duration last = first == null ? null : tally.last(first);
        return new Outcome(terminal, cause, deltas, first, last, tally.elapsed(), tally.usage());
    }
}
