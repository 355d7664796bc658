package rivulet.feed;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import rivulet.log.Event;
import rivulet.log.Usage;

/**
 * How one generation went, known once it has ended.
 *
 * @param end its terminal event
 * @param cause what ended it before its feed did, if anything
 * @param deltas how many events lie between the start and the end
 * @param ttft from the stream's creation to its first delta, if it had one
 * @param lastDelta from the stream's creation to its last delta, if it had one
 * @param elapsed from the stream's creation to its end
 * @param usage what it cost, if known
 */
public record Outcome(
        Event end,
        @Nullable CancelCause cause,
        int deltas,
        @Nullable Duration ttft,
        @Nullable Duration lastDelta,
        Duration elapsed,
        @Nullable Usage usage) {
    /** The tokens that the model has answered: as its provider says or, where it does not, one a delta. */
    public long outputTokens() {
        return end instanceof Event.Done && usage != null && usage.outputTokens() != null
                ? usage.outputTokens()
                : deltas;
    }
}
