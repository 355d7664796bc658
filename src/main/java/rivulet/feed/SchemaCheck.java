package rivulet.feed;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.Error;
import com.networknt.schema.OutputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaException;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SchemaRegistryConfig;
import com.networknt.schema.SpecificationVersion;
import com.networknt.schema.dialect.DefaultDialectRegistry;
import com.networknt.schema.dialect.Dialect;
import com.networknt.schema.keyword.AnnotationKeyword;
import java.util.List;
import java.util.Optional;

/** Whether a document satisfies a JSON Schema (draft 2020-12 unless the schema names another). */
final class SchemaCheck {
    /** Nothing is fetched but the drafts' own schemas, which the library has: a schema must not make us call anybody. */
    private static final SchemaRegistry REGISTRY = SchemaRegistry.withDefaultDialect(
            SpecificationVersion.DRAFT_2020_12,
            registry -> registry.schemaLoader(loader -> loader.fetchRemoteResources(false)
                            .allow(address -> address.toString().startsWith("https://json-schema.org/")
                                    || address.toString().startsWith("http://json-schema.org/")))
                    // A caller's schema is used once; kept, such schemas would fill the memory.
                    .schemaCacheEnabled(false)
                    .dialectRegistry((id, schemas) ->
                            withoutMemory(DefaultDialectRegistry.getInstance().getDialect(id, schemas)))
                    .schemaRegistryConfig(SchemaRegistryConfig.builder()
                            .regularExpressionFactory(new BoundedPatterns())
                            .build()));

    /** Longer than anybody writes, and than a provider takes: the library's work on some grows with its square. */
    private static final int MOST_SCHEMA_CHARS = 256 * 1024;

    private final Schema schema;

    /**
     * Reads a schema.
     *
     * @throws IllegalArgumentException if it cannot be used; the message says why
     */
    SchemaCheck(ObjectNode schema) {
        if (schema.toString().length() > MOST_SCHEMA_CHARS) {
            throw new IllegalArgumentException(
                    "The schema must not be longer than " + MOST_SCHEMA_CHARS + " characters.");
        }
        try {
            this.schema = REGISTRY.getSchema(schema);
            this.schema.initializeValidators();
            String draft = schema.path("$schema").asText(SpecificationVersion.DRAFT_2020_12.getDialectId());
            firstViolation(REGISTRY.getSchema(SchemaLocation.of(draft)), schema).ifPresent(what -> {
                throw new IllegalArgumentException("The schema is no JSON Schema, at " + what + ".");
            });
        } catch (SchemaException e) {
            boolean number = e.getCause() instanceof NumberFormatException;
            String why = number ? "one of its numbers is too large." : e.getMessage();
            throw new IllegalArgumentException("The schema cannot be used: " + why, e);
        } catch (StackOverflowError e) {
            throw new IllegalArgumentException("The schema cannot be used: it is nested too deep.", e);
        }
    }

    /**
     * The first violation, as the JSON Pointer of the value and what is wrong with it. A document that takes too much to
     * check is one too. It may take some seconds, and a deep stack.
     */
    Optional<String> firstViolation(JsonNode document) {
        return firstViolation(schema, document);
    }

    /** The same, but that words which it does not know are neither kept for ever nor logged: they are the caller's. */
    private static Dialect withoutMemory(Dialect dialect) {
        return Dialect.builder(dialect)
                .unknownKeywordFactory((word, schema) -> new AnnotationKeyword(word))
                .build();
    }

    private static Optional<String> firstViolation(Schema schema, JsonNode document) {
        try {
            List<Error> errors = BoundedPatterns.bounded(
                    () -> schema.validate(new BoundedEvaluation(), document, OutputFormat.DEFAULT));
            return errors.stream()
                    .findFirst()
                    .map(error -> at(error.getInstanceLocation().toString()) + error.getMessage());
        } catch (TooMuch e) {
            return Optional.of(at("") + e.getMessage());
        } catch (StackOverflowError e) {
            return Optional.of(at("") + "it is nested too deep to check");
        } catch (ArithmeticException | NumberFormatException e) {
            return Optional.of(at("") + "one of its numbers is too large to compute with");
        }
    }

    private static String at(String path) {
        return (path.isEmpty() ? "the document" : path) + ": ";
    }
}
