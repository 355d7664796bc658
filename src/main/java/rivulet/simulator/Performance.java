package rivulet.simulator;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import rivulet.simulator.Reply.Ending;
import rivulet.simulator.Script.Directive;

/** Puts a script on the stage: the answer in its shape, with the fault that the script has in it. */
final class Performance {
    private final Prompt prompt;
    private final Script script;
    private final Answer answer;
    private final Shape shape;

    Performance(Prompt prompt, Answer answer, Shape shape) {
        this.prompt = prompt;
        this.script = prompt.script();
        this.answer = answer;
        this.shape = shape;
    }

    Reply reply(@Nullable String authorization) {
        Optional<Directive> fault = script.fault();
        if (fault.isEmpty()) {
            return sound();
        }
        return switch (fault.get()) {
            case STATUS_400 -> Reply.error(ApiError.simulatedInvalid(), script);
            case STATUS_401 -> Reply.error(ApiError.wrongKey(authorization), script);
            case STATUS_403 -> Reply.error(ApiError.forbidden(), script);
            case STATUS_404 -> Reply.error(ApiError.noAccess(prompt.model()), script);
            case STATUS_429, STATUS_429_RETRY ->
                Reply.error(ApiError.tooMany(prompt.model(), script.retryAfter()), script);
            case QUOTA -> Reply.error(ApiError.quota(), script);
            case STATUS_500 -> Reply.error(ApiError.serverError(), script);
            case STATUS_503 -> Reply.error(ApiError.overloaded(), script);
            case HTML_502 -> Reply.html(502, "502 Bad Gateway", script);
            case NOT_SSE -> Reply.html(200, "Welcome to nginx!", script);
            default -> prompt.stream() ? faultyStream(fault.get()) : faultyWhole(fault.get());
        };
    }

    /** The events that the model comes to say, whatever happens to a connection: only an error of its own ends them. */
    List<Frame> generated() {
        List<Frame> events = shape.events();
        if (!script.has(Directive.ERROR_MID_STREAM)) {
            return events;
        }
        int last = indexAfterDeltas(events, script.deltasBeforeFault());
        return joined(events.subList(0, last), shape.failure(last));
    }

    private Reply sound() {
        return prompt.stream() ? stream(shape.events(), Ending.END) : whole();
    }

    private Reply faultyStream(Directive fault) {
        List<Frame> events = shape.events();
        int last = indexAfterDeltas(events, script.deltasBeforeFault());
        List<Frame> before = events.subList(0, last);
        return switch (fault) {
            case CUT -> stream(before, Ending.BREAK);
            case END -> stream(before, Ending.END);
            case STALL, STALL_AFTER -> stream(before, Ending.SILENCE);
            case ERROR_MID_STREAM -> stream(joined(before, shape.failure(last)), Ending.END);
            case BAD_JSON ->
                stream(
                        joined(
                                before,
                                List.of(Frame.of("data: {\"choices\": [{\n\n")),
                                events.subList(last, events.size())),
                        Ending.END);
            default -> throw new IllegalArgumentException("no fault of a stream: " + fault);
        };
    }

    /** An answer in one piece has no deltas to count: it breaks in the middle. */
    private Reply faultyWhole(Directive fault) {
        return switch (fault) {
            case CUT -> whole().broken(Ending.BREAK);
            case STALL, STALL_AFTER -> whole().broken(Ending.SILENCE);
            case ERROR_MID_STREAM -> Reply.error(ApiError.serverError(), script);
            default -> whole().broken(Ending.END);
        };
    }

    /** What streams for so long takes as long when it comes at once. */
    private Reply whole() {
        Duration thinking = script.gap().multipliedBy(answer.size());
        return Reply.json(200, shape.whole(), script).after(thinking);
    }

    private Reply stream(List<Frame> events, Ending ending) {
        return Reply.stream(script.has(Directive.COMMENTS) ? commented(events) : events, ending, script);
    }

    private static List<Frame> commented(List<Frame> events) {
        List<Frame> commented = new ArrayList<>();
        for (Frame event : events) {
            // In the wild there are those with a text and those without.
            commented.add(Frame.of(commented.size() % 4 == 0 ? ": SIMULATOR PROCESSING\n\n" : ":\n\n"));
            commented.add(event);
        }
        return commented;
    }

    /** The index that so many deltas stand before; of an answer with fewer, the index behind its last. */
    private static int indexAfterDeltas(List<Frame> events, int deltas) {
        int index = 0;
        int seen = 0;
        for (int i = 0; i < events.size() && seen < deltas; i++) {
            if (events.get(i).delta()) {
                seen++;
                index = i + 1;
            }
        }
        return index;
    }

    @SafeVarargs
    private static List<Frame> joined(List<Frame>... parts) {
        List<Frame> all = new ArrayList<>();
        for (List<Frame> part : parts) {
            all.addAll(part);
        }
        return all;
    }
}
