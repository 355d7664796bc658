package rivulet.log;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * All that a stream has said up to one index, folded into one object: what a viewer knows that has seen every event so
 * far. A pure function of the entries. Not for use by several threads.
 */
public final class StreamState {
    private final ObjectNode start = EventJson.object();
    private final ObjectNode end = EventJson.object();
    private final StringBuilder text = new StringBuilder();
    private final StringBuilder reasoning = new StringBuilder();
    private final StringBuilder refusal = new StringBuilder();
    private final Map<Integer, ToolCallState> toolCalls = new TreeMap<>();
    private final Document document = new Document();
    private String status = "live";
    private int index = -1;

    private StreamState() {}

    /** The state of a log at its present head. */
    public static StreamState of(StreamLog log) {
        return of(log, log.head());
    }

    /** The state of a log up to an index that it has. */
    static StreamState of(StreamLog log, int last) {
        StreamState state = new StreamState();
        log.readUpTo(-1, last, state::add);
        return state;
    }

    /**
     * Whether the log ended because its node was lost. Then a viewer of that node may hold entries that never got into the
     * log, under indices that are now others' or nobody's.
     */
    public static boolean ownerLost(StreamLog log) {
        return log.ended()
                && log.read(Integer.MAX_VALUE, 1).get(0).event() instanceof Event.Failed failed
                && failed.code() == ErrorCode.OWNER_LOST;
    }

    /** Whether the log ended before the upstream had told its own end. */
    public static boolean cutShort(StreamLog log) {
        return log.ended()
                && !(log.read(Integer.MAX_VALUE, 1).get(0).event() instanceof Event.Done done
                        && done.reason() != FinishReason.CANCELLED);
    }

    /** Whether the log ended since someone asked for that, or nobody watched. */
    public static boolean cancelled(StreamLog log) {
        return log.ended()
                && log.read(Integer.MAX_VALUE, 1).get(0).event() instanceof Event.Done done
                && done.reason() == FinishReason.CANCELLED;
    }

    /** How a stream failed that said nothing before. */
    public static Optional<Event.Failed> failedAtOnce(StreamLog log) {
        return log.read(0, 1).stream()
                .map(Entry::event)
                .filter(Event.Failed.class::isInstance)
                .map(Event.Failed.class::cast)
                .findFirst();
    }

    /** The answer's text and, where the model refused, its words for that: what a reader of plain text is shown. */
    public String shownText() {
        return text.toString() + refusal;
    }

    /** The state as one JSON object, without the members that do not apply. */
    public ObjectNode json() {
        ObjectNode node = start.deepCopy();
        node.put("status", status).put("index", index);
        if (document.value() != null) {
            node.putPOJO("document", document.value());
        } else if (!node.path("kind").asText().equals(Kind.STRUCTURED.wireName())) {
            node.put("text", text.toString());
        }
        putUnlessEmpty(node, "reasoning", reasoning);
        putUnlessEmpty(node, "refusal", refusal);
        toolCalls.values().forEach(call -> node.withArray("tool_calls").add(call.json()));
        return node.setAll(end);
    }

    /** {@link #json} as text. */
    public String text() {
        return EventJson.text(json());
    }

    private void add(Entry entry) {
        entry.event().accept(new Fold(entry));
        index = entry.index();
    }

    private static void putUnlessEmpty(ObjectNode node, String name, StringBuilder value) {
        if (!value.isEmpty()) {
            node.put(name, value.toString());
        }
    }

    /** Takes one entry into the state. */
    private final class Fold implements Event.Visitor<StringBuilder> {
        private final Entry entry;

        private Fold(Entry entry) {
            this.entry = entry;
        }

        @Override
        public StringBuilder start(Event.Start event) {
            start.setAll(EventJson.members(entry));
            return text;
        }

        @Override
        public StringBuilder text(Event.Text event) {
            return text.append(event.delta());
        }

        @Override
        public StringBuilder reasoning(Event.Reasoning event) {
            return reasoning.append(event.delta());
        }

        @Override
        public StringBuilder refusal(Event.Refusal event) {
            return refusal.append(event.delta());
        }

        @Override
        public StringBuilder toolCall(Event.ToolCall call) {
            ToolCallState state = toolCalls.computeIfAbsent(call.index(), index -> new ToolCallState());
            state.json.setAll(EventJson.members(entry));
            return state.arguments.append(call.arguments());
        }

        @Override
        public StringBuilder fieldSet(Event.FieldSet set) {
            document.set(set.path(), set.literal());
            return text;
        }

        @Override
        public StringBuilder fieldAppend(Event.FieldAppend append) {
            document.append(append.path(), append.delta());
            return text;
        }

        @Override
        public StringBuilder done(Event.Done done) {
            status = "done";
            return ended();
        }

        @Override
        public StringBuilder failed(Event.Failed failed) {
            status = "failed";
            return ended();
        }

        @Override
        public StringBuilder snapshot(Event.Snapshot snapshot) {
            throw new IllegalStateException("a snapshot is never in a log");
        }

        private StringBuilder ended() {
            end.setAll(EventJson.members(entry));
            return text;
        }
    }

    /** One of the answer's tool calls, put together from its pieces. */
    private static final class ToolCallState {
        private final ObjectNode json = EventJson.object();
        private final StringBuilder arguments = new StringBuilder();

        private ObjectNode json() {
            return json.put("arguments", arguments.toString());
        }
    }
}
