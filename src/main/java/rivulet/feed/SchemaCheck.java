package rivulet.feed;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.Error;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaException;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SchemaRegistryConfig;
import com.networknt.schema.SpecificationVersion;
import java.util.List;
import java.util.Locale;
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
                    .schemaRegistryConfig(SchemaRegistryConfig.builder()
                            .regularExpressionFactory(new BoundedPatterns())
                            .build()));

    private final Schema schema;

    /**
     * Reads a schema.
     *
     * @throws IllegalArgumentException if it cannot be used; the message says why
     */
    SchemaCheck(ObjectNode schema) {
        try {
            this.schema = REGISTRY.getSchema(schema);
            this.schema.initializeValidators();
            String draft = schema.path("$schema").asText(SpecificationVersion.DRAFT_2020_12.getDialectId());
            firstViolation(REGISTRY.getSchema(SchemaLocation.of(draft)), schema).ifPresent(what -> {
                throw new IllegalArgumentException("The schema is no JSON Schema, at " + what + ".");
            });
        } catch (SchemaException e) {
            throw new IllegalArgumentException("The schema cannot be used: " + e.getMessage(), e);
        }
    }

    /** The first violation, as the JSON Pointer of the value and what is wrong with it. */
    Optional<String> firstViolation(JsonNode document) {
        return firstViolation(schema, document);
    }

    private static Optional<String> firstViolation(Schema schema, JsonNode document) {
        try {
            List<Error> errors = BoundedPatterns.bounded(() -> schema.validate(
                    document, context -> context.executionConfig(execution -> execution.locale(Locale.ENGLISH))));
            return errors.stream()
                    .findFirst()
                    .map(error -> at(error.getInstanceLocation().toString()) + error.getMessage());
        } catch (BoundedPatterns.TooMuch e) {
            return Optional.of(at("") + e.getMessage());
        }
    }

    private static String at(String path) {
        return (path.isEmpty() ? "the document" : path) + ": ";
    }
}
