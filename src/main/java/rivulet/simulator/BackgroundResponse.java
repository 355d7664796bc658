package rivulet.simulator;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.List;
import rivulet.simulator.Reply.Ending;
import rivulet.simulator.Script.Directive;

/**
 * A response in background mode: it is generated whether or not somebody is connected, and can be asked for, streamed
 * again and cancelled. {@code QUEUED -> IN_PROGRESS -> COMPLETED | INCOMPLETE | FAILED | CANCELLED}. Nothing runs for it:
 * what has been said by now follows from the time that has passed, so any number of connections see the same.
 */
final class BackgroundResponse {
    private final Prompt prompt;
    private final ResponseObject response;
    private final List<Frame> frames;
    private final Duration firstAfter;
    private final Duration gap;
    private final long startNanos = System.nanoTime();

    /** Nanoseconds after the start at which it was cancelled; more than any if it was not. */
    private volatile long cancelledNanos = Long.MAX_VALUE;

    /** @param frames all that it says, the numbered events of its stream */
    BackgroundResponse(Prompt prompt, ResponseObject response, List<Frame> frames) {
        this.prompt = prompt;
        this.response = response;
        this.frames = List.copyOf(frames);
        this.firstAfter = prompt.script().firstByteAfter();
        this.gap = prompt.script().gap();
    }

    String id() {
        return response.id();
    }

    Duration age() {
        return Duration.ofNanos(System.nanoTime() - startNanos);
    }

    boolean cancelled() {
        return cancelledNanos != Long.MAX_VALUE;
    }

    /** Ends it where it is; one that has ended stays as it is. */
    synchronized void cancel() {
        if (!cancelled() && said() < frames.size()) {
            cancelledNanos = System.nanoTime() - startNanos;
        }
    }

    /** The response as it is now. */
    ObjectNode state() {
        int said = said();
        if (cancelled()) {
            return response.unended("cancelled");
        }
        if (said == frames.size()) {
            return prompt.script().has(Directive.ERROR_MID_STREAM) ? response.failed() : response.ended();
        }
        return response.unended(said == 0 ? "queued" : "in_progress");
    }

    /** Whether it was asked for as a stream: only then can it be streamed again. */
    boolean streamed() {
        return prompt.stream();
    }

    /** The events that follow the one with that number: those that are there at once, the others as they come. */
    Reply streamAfter(int number) {
        boolean over = cancelled();
        int end = over ? said() : frames.size();
        int from = Math.max(0, Math.min(end, number + 1));
        Duration due = from == end ? Duration.ZERO : offset(from).minus(age());
        boolean deltaSeen =
                frames.subList(0, Math.min(frames.size(), from + 1)).stream().anyMatch(Frame::delta);
        Reply reply = Reply.stream(frames.subList(from, end), Ending.END, prompt.script())
                .from(due, deltaSeen);
        return over ? reply : reply.until(this::cancelled);
    }

    /** How many events have been said. */
    private int said() {
        Duration time = Duration.ofNanos(Math.min(System.nanoTime() - startNanos, cancelledNanos))
                .minus(firstAfter);
        if (time.isNegative()) {
            return 0;
        }
        long due = gap.isZero() ? Long.MAX_VALUE : time.toNanos() / gap.toNanos() + 1;
        int deltas = 0;
        for (int i = 0; i < frames.size(); i++) {
            deltas += frames.get(i).delta() ? 1 : 0;
            if (deltas > due) {
                return i;
            }
        }
        return frames.size();
    }

    /** When, after the start, an event is said. */
    private Duration offset(int index) {
        long deltas = frames.subList(0, index + 1).stream().filter(Frame::delta).count();
        return firstAfter.plus(gap.multipliedBy(Math.max(0, deltas - 1)));
    }
}
