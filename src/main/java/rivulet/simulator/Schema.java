package rivulet.simulator;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Collections;
import java.util.List;

/**
 * A JSON schema as {@link SchemaReader} leaves it: one plain object.
 *
 * @param node keywords other than {@code $ref}, {@code allOf}, {@code anyOf} and {@code oneOf}
 * @param path the references that led here from the root
 */
record Schema(ObjectNode node, List<String> path) {
    /** How often a schema may lead to itself: two levels of a tree are enough to see that it is one. */
    private static final int MAX_RETURNS = 2;

    /** Whether it is time to say nothing that is not required, or the document would never end. */
    boolean deep() {
        return deep(path);
    }

    static boolean deep(List<String> path) {
        // Only the last one can have become too many.
        return !path.isEmpty() && Collections.frequency(path, path.get(path.size() - 1)) > MAX_RETURNS;
    }

    /** The first type that is not {@code null}, or the one that the other keywords betray. */
    String type() {
        JsonNode type = node.path("type");
        if (type.isTextual()) {
            return type.asText();
        }
        String first = "";
        for (JsonNode one : type) {
            boolean isNull = one.asText().equals("null");
            if (isNull && deep()) {
                return "null";
            }
            first = first.isEmpty() && !isNull ? one.asText() : first;
        }
        if (first.isEmpty()) {
            return type.isEmpty() ? betrayed() : "null";
        }
        return first;
    }

    private String betrayed() {
        if (node.has("properties")
                || node.has("required")
                || node.path("additionalProperties").isObject()) {
            return "object";
        }
        if (node.has("items") || node.has("prefixItems")) {
            return "array";
        }
        return node.has("minimum") || node.has("maximum") || node.has("multipleOf") ? "number" : "string";
    }
}
