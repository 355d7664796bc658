package rivulet.feed;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import rivulet.log.Document;
import rivulet.log.ErrorCode;
import rivulet.log.FinishReason;
import rivulet.log.Origin;
import rivulet.log.SharedBuffers;
import rivulet.log.Usage;
import rivulet.log.Wordless;

/**
 * Turns a feed whose text is a JSON document into one that builds the document step by step. When the text has ended, the
 * document is checked against its schema, and only then does the feed end: the check may take long, and has threads of
 * its own.
 */
final class Structured implements Feed {
    private static final Logger LOG = LoggerFactory.getLogger(Structured.class);
    /** Exact: a schema may bound a number that a double cannot hold. */
    private static final ObjectMapper MAPPER = SharedBuffers.mapper()
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .build();

    static {
        // What is read here has kept to the settings' limits, which may be wider than Jackson's own.
        MAPPER.getFactory()
                .setStreamReadConstraints(StreamReadConstraints.builder()
                        .maxStringLength(Integer.MAX_VALUE)
                        .build());
    }

    private final Feed text;
    private final JsonFields.Limits limits;
    private final boolean arrayWanted;
    private final SchemaCheck check;
    private final String schema;
    private final Executor checks;

    /**
     * @param schema what the document must satisfy
     * @param checks runs the check of the document, which ends the feed
     * @throws IllegalArgumentException if the schema cannot be used; the message says why
     */
    Structured(Feed text, ObjectNode schema, JsonFields.Limits limits, Executor checks) {
        this.text = text;
        this.checks = checks;
        this.limits = limits;
        this.arrayWanted = wantsArray(schema.path("type"));
        this.schema = schema.toString();
        // Read as documents are, and as another node reads it: a constant 0.5 that is a double equals no decimal 0.5.
        this.check = new SchemaCheck(readSchema(this.schema));
    }

    /** A schema as {@link Origin} has it. */
    static ObjectNode readSchema(String schema) {
        try {
            return (ObjectNode) MAPPER.readTree(schema);
        } catch (JsonProcessingException | ClassCastException e) {
            throw new IllegalArgumentException("a schema is JSON", e);
        }
    }

    @Override
    public Cancellation start(Sink sink) {
        Reader reader = new Reader(sink, new Parts(limits, arrayWanted, check, schema, checks));
        Cancellation reading = text.start(reader);
        return new Cancellation() {
            @Override
            public void cancel() {
                reader.cancelled = true;
                reading.cancel();
            }

            @Override
            public void abandon() {
                reader.cancelled = true;
                reading.abandon();
            }
        };
    }

    /** What a reading needs. */
    private record Parts(
            JsonFields.Limits limits, boolean arrayWanted, SchemaCheck check, String schema, Executor checks) {}

    private static boolean wantsArray(JsonNode type) {
        boolean wants = type.asText().equals("array");
        for (JsonNode one : type) {
            wants |= one.asText().equals("array");
        }
        return wants;
    }

    /**
     * Reads the text; all else passes through. What comes after a document that was refused is not said any more. The
     * text's feed says nothing after its end, so from then on the check's thread is the one that speaks.
     */
    private static final class Reader implements Sink, JsonFields.Steps {
        private final Sink sink;
        private final JsonFields fields;
        private final SchemaCheck check;
        private final String schema;
        private final Executor checks;
        private final Document document = new Document();
        private boolean refused;
        /** Whether nobody waits for the end any more. */
        private volatile boolean cancelled;

        private Reader(Sink sink, Parts parts) {
            this.sink = sink;
            this.fields = new JsonFields(this, parts.limits, parts.arrayWanted);
            this.check = parts.check;
            this.schema = parts.schema;
            this.checks = parts.checks;
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
            if (refused) {
                return;
            }
            if (noDocument) {
                sink.done(reason, providerReason);
            } else if (tryReading(fields::end, cut)) {
                checks.execute(() -> check(reason, providerReason));
            }
        }

        private void check(FinishReason reason, @Nullable String providerReason) {
            if (cancelled) {
                return;
            }
            try {
                Optional<String> violation = check.firstViolation(parsed());
                if (violation.isPresent()) {
                    String what = violation.get();
                    sink.failed(
                            ErrorCode.SCHEMA_MISMATCH,
                            "The answer does not satisfy the schema, at " + what + ".",
                            null);
                } else {
                    sink.done(reason, providerReason);
                }
            } catch (Throwable t) {
                LOG.error("a document could not be checked", new Wordless(t));
                sink.failed(ErrorCode.INTERNAL, "The server could not check this answer; its log says why.", null);
            }
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
        public void usage(@Nullable Usage usage) {
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
