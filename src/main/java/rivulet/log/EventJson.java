package rivulet.log;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamWriteConstraints;
import com.fasterxml.jackson.core.io.JsonStringEncoder;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.util.RawValue;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Events as JSON: each has a name, but for the text delta, and one object of members. */
public final class EventJson {
    private static final ObjectMapper MAPPER = mapper();
    private static final byte[] DELTA_OPENS = "{\"delta\":\"".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] DELTA_CLOSES = "\"}".getBytes(StandardCharsets.US_ASCII);

    private EventJson() {}

    /** The event's name on the wire; a text delta has none. No name is {@code error}, which browsers take for their own. */
    public static Optional<String> name(Event event) {
        return event.accept(Names.INSTANCE);
    }

    /** The event's members as one line of JSON in UTF-8. */
    public static byte[] payload(Entry entry) {
        // Nearly all events are text: they take no tree.
        return entry.event() instanceof Event.Text text ? deltaPayload(text.delta()) : write(members(entry));
    }

    /** The same with what only the nodes may know: who began the stream. */
    static byte[] stored(Entry entry) {
        if (!(entry.event() instanceof Event.Start start) || start.creator() == null) {
            return payload(entry);
        }
        return write(members(entry).put("creator", start.creator()));
    }

    /**
     * The event that was written so: of all that a format shows, nothing is lost, not even how a number was written.
     *
     * @param name what {@link #name} gave, null if nothing
     * @param json what {@link #payload} or {@link #stored} gave
     * @throws IllegalArgumentException if no event is written so
     */
    static Event event(@Nullable String name, String json) {
        return EventReader.event(name, json);
    }

    /** The event's members. */
    static ObjectNode members(Entry entry) {
        return entry.event().accept(new Members(entry.index()));
    }

    /** What an answer cost, as JSON. */
    static ObjectNode usage(Usage usage) {
        ObjectNode node = object();
        putUnlessNull(node, "input_tokens", usage.inputTokens());
        putUnlessNull(node, "output_tokens", usage.outputTokens());
        putUnlessNull(node, "total_tokens", usage.totalTokens());
        if (usage.details() != null) {
            node.putRawValue("details", new RawValue(usage.details()));
        }
        if (usage.estimated()) {
            node.put("estimated", true);
        }
        return node;
    }

    /** Writes a document as deep as MAX_DOCUMENT_DEPTH lets it be, inside a state, which is one level more. */
    private static ObjectMapper mapper() {
        ObjectMapper mapper = SharedBuffers.mapper().build();
        mapper.getFactory()
                .setStreamWriteConstraints(StreamWriteConstraints.builder()
                        .maxNestingDepth(Integer.MAX_VALUE)
                        .build());
        return mapper;
    }

    static ObjectNode object() {
        return JsonNodeFactory.instance.objectNode();
    }

    private static byte[] deltaPayload(String delta) {
        byte[] quoted = JsonStringEncoder.getInstance().quoteAsUTF8(delta);
        byte[] payload = new byte[DELTA_OPENS.length + quoted.length + DELTA_CLOSES.length];
        System.arraycopy(DELTA_OPENS, 0, payload, 0, DELTA_OPENS.length);
        System.arraycopy(quoted, 0, payload, DELTA_OPENS.length, quoted.length);
        System.arraycopy(DELTA_CLOSES, 0, payload, DELTA_OPENS.length + quoted.length, DELTA_CLOSES.length);
        return payload;
    }

    static String text(ObjectNode node) {
        return new String(write(node), StandardCharsets.UTF_8);
    }

    private static byte[] write(ObjectNode node) {
        try {
            return MAPPER.writeValueAsBytes(node);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree of plain values can always be written", e);
        }
    }

    private static void putUnlessNull(ObjectNode node, String name, @Nullable Long value) {
        if (value != null) {
            node.put(name, value);
        }
    }

    private enum Names implements Event.Visitor<Optional<String>> {
        INSTANCE;

        @Override
        public Optional<String> start(Event.Start start) {
            return Optional.of("start");
        }

        @Override
        public Optional<String> text(Event.Text text) {
            return Optional.empty();
        }

        @Override
        public Optional<String> reasoning(Event.Reasoning reasoning) {
            return Optional.of("reasoning");
        }

        @Override
        public Optional<String> refusal(Event.Refusal refusal) {
            return Optional.of("refusal");
        }

        @Override
        public Optional<String> toolCall(Event.ToolCall call) {
            return Optional.of("tool_call");
        }

        @Override
        public Optional<String> fieldSet(Event.FieldSet set) {
            return Optional.of("field");
        }

        @Override
        public Optional<String> fieldAppend(Event.FieldAppend append) {
            return Optional.of("field");
        }

        @Override
        public Optional<String> done(Event.Done done) {
            return Optional.of("done");
        }

        @Override
        public Optional<String> failed(Event.Failed failed) {
            return Optional.of("failed");
        }

        @Override
        public Optional<String> snapshot(Event.Snapshot snapshot) {
            return Optional.of("snapshot");
        }
    }

    /** The members of the event at an index. */
    private record Members(int index) implements Event.Visitor<ObjectNode> {

        @Override
        public ObjectNode start(Event.Start start) {
            ObjectNode node = object().put("stream", start.stream())
                    .put("kind", start.kind().wireName());
            return start.model() == null ? node : node.put("model", start.model());
        }

        @Override
        public ObjectNode text(Event.Text text) {
            return object().put("delta", text.delta());
        }

        @Override
        public ObjectNode reasoning(Event.Reasoning reasoning) {
            return object().put("delta", reasoning.delta());
        }

        @Override
        public ObjectNode refusal(Event.Refusal refusal) {
            return object().put("delta", refusal.delta());
        }

        @Override
        public ObjectNode toolCall(Event.ToolCall call) {
            ObjectNode node = object().put("index", call.index());
            if (call.id() != null) {
                node.put("id", call.id());
            }
            if (call.name() != null) {
                node.put("name", call.name());
            }
            return node.put("arguments", call.arguments());
        }

        @Override
        public ObjectNode fieldSet(Event.FieldSet set) {
            ObjectNode node = object().put("path", set.path());
            node.putRawValue("value", new RawValue(set.literal()));
            return node;
        }

        @Override
        public ObjectNode fieldAppend(Event.FieldAppend append) {
            return object().put("path", append.path()).put("delta", append.delta());
        }

        @Override
        public ObjectNode done(Event.Done done) {
            ObjectNode node = object().put("finish_reason", done.reason().wireName());
            if (done.providerReason() != null) {
                node.put("provider_finish_reason", done.providerReason());
            }
            if (done.usage() != null) {
                node.set("usage", usage(done.usage()));
            }
            node.put("events", index + 1);
            putUnlessNull(node, "ttft_ms", millis(done.ttft()));
            return node.put("elapsed_ms", done.elapsed().toMillis());
        }

        @Override
        public ObjectNode failed(Event.Failed failed) {
            ObjectNode node = object();
            node.putObject("error").put("code", failed.code().wireName()).put("message", failed.message());
            node.put("retryable", failed.code().retryable());
            failed.retryAfterSeconds().ifPresent(seconds -> node.put("retry_after", seconds));
            return node;
        }

        @Override
        public ObjectNode snapshot(Event.Snapshot snapshot) {
            return snapshot.state().json();
        }

        private static @Nullable Long millis(@Nullable Duration duration) {
            return duration == null ? null : duration.toMillis();
        }
    }
}
