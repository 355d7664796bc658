package rivulet.log;

import java.time.Duration;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * One thing that happened in a stream: the whole vocabulary. A stream is {@link Start}, any number of deltas, and
 * exactly one terminal event, {@link Done} or {@link Failed}. A {@link Snapshot} stands for a stream's beginning.
 *
 * <p>Deltas are never empty and never begin or end in half a surrogate pair, so each can be encoded as UTF-8 alone.
 */
public sealed interface Event {

    /** Calls the visitor's method for this event. */
    <R> R accept(Visitor<R> visitor);

    /** Whether nothing may follow this event. */
    default boolean terminal() {
        return false;
    }

    /** Roughly how much memory the event's own text takes, in bytes; what a log's bound counts. */
    default int weight() {
        return 0;
    }

    /**
     * Index 0 of every stream.
     *
     * @param stream the stream's id, {@code [A-Za-z0-9_-]{16,64}}
     * @param kind what the stream is about
     * @param model the model that was asked for, if known
     * @param creator the name of who began it, and may cancel it; null: anyone may. No viewer is told.
     */
    record Start(
            String stream,
            Kind kind,
            @Nullable String model,
            @Nullable String creator) implements Event {
        /** A stream that anyone may cancel who knows of it. */
        public Start(String stream, Kind kind, @Nullable String model) {
            this(stream, kind, model, null);
        }

        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.start(this);
        }
    }

    /** A piece of the answer, as the upstream cut it. */
    record Text(String delta) implements Event {
        public Text {
            requireText(delta);
        }

        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.text(this);
        }

        @Override
        public int weight() {
            return textWeight(delta);
        }
    }

    /** A piece of what the model thought before it answered. */
    record Reasoning(String delta) implements Event {
        public Reasoning {
            requireText(delta);
        }

        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.reasoning(this);
        }

        @Override
        public int weight() {
            return textWeight(delta);
        }
    }

    /** A piece of the model's words for why it does not answer. */
    record Refusal(String delta) implements Event {
        public Refusal {
            requireText(delta);
        }

        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.refusal(this);
        }

        @Override
        public int weight() {
            return textWeight(delta);
        }
    }

    /**
     * A piece of a call that the model asks for.
     *
     * @param index which of the answer's calls, from 0
     * @param id the provider's id of the call, given once
     * @param name the tool's name, given once
     * @param arguments the next piece of the arguments' JSON text, possibly empty
     */
    record ToolCall(
            int index, @Nullable String id, @Nullable String name, String arguments) implements Event {
        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.toolCall(this);
        }

        @Override
        public int weight() {
            return textWeight(arguments) + (id == null ? 0 : textWeight(id)) + (name == null ? 0 : textWeight(name));
        }
    }

    /**
     * A step in building a JSON document: the member at a path gets a value.
     *
     * @param path JSON Pointer (RFC 6901), {@code ""} for the root
     * @param literal the value as JSON: a scalar's own literal, or <code>{}</code>, {@code []}, {@code ""} where a
     *     container or a string opens
     */
    record FieldSet(String path, String literal) implements Event {
        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.fieldSet(this);
        }

        @Override
        public int weight() {
            return textWeight(path) + textWeight(literal);
        }
    }

    /**
     * A step in building a JSON document: the string at a path grows.
     *
     * @param path JSON Pointer (RFC 6901)
     * @param delta what is added at the string's end
     */
    record FieldAppend(String path, String delta) implements Event {
        public FieldAppend {
            requireText(delta);
        }

        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.fieldAppend(this);
        }

        @Override
        public int weight() {
            return textWeight(path) + textWeight(delta);
        }
    }

    /**
     * Terminal: the answer is complete, or the provider or the user ended it early.
     *
     * @param reason why it ended here
     * @param providerReason the provider's own word for it, if it had one
     * @param usage what it cost, if known
     * @param ttft from the stream's creation to its first delta, if it had one
     * @param elapsed from the stream's creation to this event
     */
    record Done(
            FinishReason reason,
            @Nullable String providerReason,
            @Nullable Usage usage,
            @Nullable Duration ttft,
            Duration elapsed)
            implements Event {
        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.done(this);
        }

        @Override
        public boolean terminal() {
            return true;
        }
    }

    /**
     * Terminal: anything else. What was said before stays.
     *
     * @param code what went wrong
     * @param message the same in words, with what to do about it; never holds a key
     * @param retryAfter how long the upstream asked to wait, if it did
     */
    record Failed(ErrorCode code, String message, @Nullable Duration retryAfter) implements Event {
        /** {@link #retryAfter} in whole seconds, as it is told: rounded up, or who keeps to it would come too early. */
        public OptionalLong retryAfterSeconds() {
            return retryAfter == null
                    ? OptionalLong.empty()
                    : OptionalLong.of(retryAfter.plusMillis(999).toSeconds());
        }

        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.failed(this);
        }

        @Override
        public boolean terminal() {
            return true;
        }
    }

    /**
     * All that a stream has said up to here. Never in a log, but what {@link StreamLog#snapshot} gives a reader in place of
     * many of its entries.
     */
    record Snapshot(StreamState state) implements Event {
        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.snapshot(this);
        }
    }

    /** One method per event: a format that forgets one does not compile. */
    interface Visitor<R> {
        R start(Start start);

        R text(Text text);

        R reasoning(Reasoning reasoning);

        R refusal(Refusal refusal);

        R toolCall(ToolCall call);

        R fieldSet(FieldSet set);

        R fieldAppend(FieldAppend append);

        R done(Done done);

        R failed(Failed failed);

        R snapshot(Snapshot snapshot);
    }

    private static void requireText(String delta) {
        if (delta.isEmpty()) {
            throw new IllegalArgumentException("a delta is never empty");
        }
        if (Character.isLowSurrogate(delta.charAt(0)) || Character.isHighSurrogate(delta.charAt(delta.length() - 1))) {
            throw new IllegalArgumentException("a delta never begins or ends in half a surrogate pair");
        }
    }

    private static int textWeight(String text) {
        return 2 * text.length();
    }
}
