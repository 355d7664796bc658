package rivulet.log;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Events of every type, with what is hardest to keep in each. */
final class EveryEvent {
    private EveryEvent() {}

    static List<Event> deltas() {
        List<Event> events = new ArrayList<>();
        for (String text :
                List.of("a", " ", "\n", "\r\n", "발사!", "👩‍👩‍👧", "\"\\/\b\f\t\u0000\u001f\u007f", "</script>")) {
            events.add(new Event.Text(text));
            events.add(new Event.Reasoning(text));
            events.add(new Event.Refusal(text));
            events.add(new Event.FieldAppend("/a~1b/0", text));
            events.add(new Event.ToolCall(3, null, null, text));
        }
        events.add(new Event.Text("\u2028\u2029\uFEFF\u00a0"));
        events.add(new Event.Text("x".repeat(70_000)));
        events.add(new Event.ToolCall(0, "call_1", "get_weather", ""));
        for (String literal :
                List.of("{}", "[]", "\"\"", "true", "false", "null", "0", "-0", "1.10", "1E400", "1e-7")) {
            events.add(new Event.FieldSet("", literal));
            events.add(new Event.FieldSet("/n/é", literal));
        }
        events.add(new Event.FieldSet("/big", "123456789012345678901234567890.000"));
        return events;
    }

    /** One that cannot be encoded: half a character, where JSON is taken as it came. */
    static Event broken() {
        return new Event.FieldSet("", "\"\ud83d\"");
    }

    static Event done() {
        Usage usage = new Usage(12L, 3_000_000_000L, null, "{\"cached\":1.50,\"ü\":[1, 2,{}],\"n\":null}", true);
        return new Event.Done(
                FinishReason.CONTENT_FILTER,
                "safety \"x\"",
                usage,
                Duration.ofMillis(210),
                Duration.ofMillis(3_000_000));
    }

    static Event failed() {
        return new Event.Failed(ErrorCode.UPSTREAM_RATE_LIMITED, "Wait \"a bit\".\n", Duration.ofSeconds(37));
    }
}
