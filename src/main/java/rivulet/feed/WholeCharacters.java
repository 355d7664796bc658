package rivulet.feed;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.Function;
import rivulet.log.Event;

/**
 * What one feed says, in whole characters: half a character waits for the other half, among the text, the reasoning, the
 * refusal, and each call's arguments for itself. The feed's thread's, but for {@link #end}, which is for any.
 */
final class WholeCharacters {
    private final SurrogateJoiner text = new SurrogateJoiner();
    private final SurrogateJoiner reasoning = new SurrogateJoiner();
    private final SurrogateJoiner refusal = new SurrogateJoiner();
    /** By the call's index; empty in most answers. */
    private final Map<Integer, SurrogateJoiner> arguments = new ConcurrentSkipListMap<>();

    /** What of the text can be told now; it may be nothing, as below. */
    String text(String piece) {
        return text.join(piece);
    }

    String reasoning(String piece) {
        return reasoning.join(piece);
    }

    String refusal(String piece) {
        return refusal.join(piece);
    }

    String arguments(int call, String piece) {
        return arguments.computeIfAbsent(call, index -> new SurrogateJoiner()).join(piece);
    }

    /** Whether half a character waits, but for calls' arguments. */
    boolean anyWaits() {
        return text.waits() || reasoning.waits() || refusal.waits();
    }

    /** What is left when the feed says no more. */
    List<Event> end() {
        List<Event> last = new ArrayList<>();
        add(last, reasoning, Event.Reasoning::new);
        add(last, text, Event.Text::new);
        add(last, refusal, Event.Refusal::new);
        arguments.forEach((call, joiner) -> add(last, joiner, half -> new Event.ToolCall(call, null, null, half)));
        return last;
    }

    private static void add(List<Event> events, SurrogateJoiner joiner, Function<String, Event> event) {
        String left = joiner.end();
        if (!left.isEmpty()) {
            events.add(event.apply(left));
        }
    }
}
