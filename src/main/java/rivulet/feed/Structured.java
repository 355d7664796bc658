package rivulet.feed;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import rivulet.log.Document;
import rivulet.log.ErrorCode;
import rivulet.log.FinishReason;
import rivulet.log.Origin;
import rivulet.log.SharedBuffers;
import rivulet.log.Usage;

/** Turns a feed whose text is a JSON document into one that builds the document step by step. */
final class Structured implements Feed {
    /** Exact: a schema may bound a number that a double cannot hold. */
    private static final ObjectMapper MAPPER = SharedBuffers.mapper()
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .build();

    private final Feed text;
    private final JsonFields.Limits limits;
    private final boolean arrayWanted;
    private final SchemaCheck check;
    private final String schema;

    /**
     * @param schema what the document must satisfy
     * @throws IllegalArgumentException if the schema cannot be used; the message says why
     */
    Structured(Feed text, ObjectNode schema, JsonFields.Limits limits) {
        this.text = text;
        this.limits = limits;
        this.arrayWanted = wantsArray(schema.path("type"));
        this.check = new SchemaCheck(schema);
        this.schema = schema.toString();
    }

    /** A schema as {@link Origin} has it. */
    static ObjectNode readSchema(String schema) {
        try {
            return (ObjectNode) MAPPER.readTree(schema);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("a schema is JSON", e);
        }
    }

    @Override
    public Cancellation start(Sink sink) {
        return text.start(new Reader(sink, new Parts(limits, arrayWanted, check, schema)));
    }

    /** What a reading needs. */
    private record Parts(JsonFields.Limits limits, boolean arrayWanted, SchemaCheck check, String schema) {}

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
        private final SchemaCheck check;
        private final String schema;
        private final Document document = new Document();
        private boolean refused;

        private Reader(Sink sink, Parts parts) {
            this.sink = sink;
            this.fields = new JsonFields(this, parts.limits, parts.arrayWanted);
            this.check = parts.check;
            this.schema = parts.schema;
        }

        @Override
        public void readAt(long nanos) {
            sink.readAt(nanos);
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
            if (!refused && (noDocument || (tryReading(fields::end, cut) && satisfies()))) {
                sink.done(reason, providerReason);
            }
        }

        private boolean satisfies() {
            Optional<String> violation = check.firstViolation(parsed());
            violation.ifPresent(what -> sink.failed(
                    ErrorCode.SCHEMA_MISMATCH, "The answer does not satisfy the schema, at " + what + ".", null));
            return violation.isEmpty();
        }

        private JsonNode parsed() {
            try {
                return MAPPER.readTree(document.json());
            } catch (JsonProcessingException e) {
                throw new IllegalStateException("the steps build a JSON document", e);
            }
        }

        @Override
        public void set(String path, String literal) {
            document.set(path, literal);
            sink.fieldSet(path, literal);
        }

        @Override
        public void append(String path, String delta) {
            document.append(path, delta);
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
        public void resumable(@Nullable Origin origin) {
            sink.resumable(origin == null ? null : new Origin(origin.upstream(), origin.response(), schema));
        }

        @Override
        public void hears(int sequence) {
            // Not told: what is read here hangs on all that came before, so that another node must read it all.
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
                String at = e.path().isEmpty() ? "" : " at " + e.path();
                sink.failed(e.code(), "The answer is no JSON document" + at + ": " + e.getMessage() + because, null);
                return false;
            }
        }
    }
}
