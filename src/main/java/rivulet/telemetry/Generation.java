package rivulet.telemetry;

import org.jspecify.annotations.Nullable;
import rivulet.feed.Outcome;
import rivulet.log.Event;

/**
 * One generation that has ended, however many watched it and however often they came back.
 *
 * @param start what its stream began with
 * @param caller the name of the one who asked for it, if that is known
 * @param outcome how it went
 */
public record Generation(Event.Start start, @Nullable String caller, Outcome outcome) {
    /** {@code done} or {@code failed}. */
    String end() {
        return outcome.end() instanceof Event.Done ? "done" : "failed";
    }

    /** The finish reason of one that is done, the code of one that failed. */
    String code() {
        if (outcome.end() instanceof Event.Done done) {
            return done.reason().wireName();
        }
        return outcome.end() instanceof Event.Failed failed ? failed.code().wireName() : "";
    }
}
