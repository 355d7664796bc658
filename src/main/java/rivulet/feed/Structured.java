package rivulet.feed;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import rivulet.log.ErrorCode;
import rivulet.log.FinishReason;
import rivulet.log.Usage;

/** Turns a feed whose text is a JSON document into one that builds the document step by step. */
final class Structured implements Feed {
    private final Feed text;
    private final boolean arrayWanted;

    /** @param schema what the document must satisfy */
    Structured(Feed text, @Nullable ObjectNode schema) {
        this.text = text;
        this.arrayWanted = schema != null && wantsArray(schema.path("type"));
    }

    @Override
    public Cancellation start(Sink sink) {
        return text.start(new Reader(sink, arrayWanted));
    }

    private static boolean wantsArray(JsonNode type) {
        boolean wants = type.asText().equals("array");
        for (JsonNode one : type) {
            wants |= one.asText().equals("array");
        }
        return wants;
    }

    /** Reads the text; all else passes through. What comes after a document that was refused is not said any more. */
    private static final class Reader implements Sink, JsonFields.Steps {
        private final Sink sink;
        private final JsonFields fields;
        private boolean refused;

        private Reader(Sink sink, boolean arrayWanted) {
            this.sink = sink;
            this.fields = new JsonFields(this, JsonFields.Limits.DEFAULTS, arrayWanted);
        }

        @Override
        public void text(String piece) {
            if (!refused) {
                tryReading(() -> fields.text(piece), "");
            }
        }

        @Override
        public void done(FinishReason reason, @Nullable String providerReason) {
            boolean noDocument = reason == FinishReason.REFUSAL || reason == FinishReason.TOOL_CALLS;
            String cut = reason == FinishReason.STOP ? "" : "; the answer ended early: " + reason.wireName();
            if (!refused && (noDocument || tryReading(fields::end, cut))) {
                sink.done(reason, providerReason);
            }
        }

        @Override
        public void set(String path, String literal) {
            sink.fieldSet(path, literal);
        }

        @Override
        public void append(String path, String delta) {
            sink.fieldAppend(path, delta);
        }

        @Override
        public void reasoning(String piece) {
            sink.reasoning(piece);
        }

        @Override
        public void refusal(String piece) {
            sink.refusal(piece);
        }

        @Override
        public void toolCall(int index, @Nullable String id, @Nullable String name, String arguments) {
            sink.toolCall(index, id, name, arguments);
        }

        @Override
        public void fieldSet(String path, String literal) {
            sink.fieldSet(path, literal);
        }

        @Override
        public void fieldAppend(String path, String piece) {
            sink.fieldAppend(path, piece);
        }

        @Override
        public void usage(Usage usage) {
            sink.usage(usage);
        }

        @Override
        public void failed(ErrorCode code, String message, @Nullable Duration retryAfter) {
            sink.failed(code, message, retryAfter);
        }

        private boolean tryReading(Runnable reading, String because) {
            try {
                reading.run();
                return true;
            } catch (InvalidJson e) {
                refused = true;
                sink.failed(e.code(), "The answer is no JSON document: " + e.getMessage() + because, null);
                return false;
            }
        }
    }
}
