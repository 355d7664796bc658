package rivulet.simulator;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A document of a JSON schema, always the same for the same question. It has the optional properties too. Patterns and
 * conditions ({@code pattern}, {@code not}, {@code if}) are not looked at.
 */
final class SchemaDocument {
    /** What {@code json_object} is answered with. */
    static final JsonNode ANSWER_ONLY =
            parse("{\"type\":\"object\",\"properties\":{\"answer\":{\"type\":\"string\"}}}");
    /** What a function takes that declares no parameters. */
    static final JsonNode NO_MEMBERS = parse("{\"type\":\"object\"}");
    /** What {@code get_weather} takes. */
    static final JsonNode WEATHER = parse(
            "{\"type\":\"object\",\"properties\":{\"location\":{\"const\":\"Seoul\"},\"unit\":{\"enum\":[\"celsius\",\"fahrenheit\"]}}}");

    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
    /** Items of an array that asks for no number of them. */
    private static final int USUAL_ITEMS = 2;
    /** Nodes of a document; a schema of a few lines can ask for more than would fit into memory. */
    private static final int MAX_NODES = 5_000;
    /** Levels of a document: what follows is {@code null}, or the stack would run out. */
    private static final int MAX_LEVELS = 100;

    private final JsonNode root;
    private final SchemaReader reader;
    private final SchemaScalars scalars;
    private int nodes;

    SchemaDocument(JsonNode root, Language language, String question) {
        this.root = root.isObject() ? root : ANSWER_ONLY;
        this.reader = new SchemaReader(this.root);
        this.scalars = new SchemaScalars(language, question);
    }

    /** The document, without white space. */
    String text() {
        return new String(Json.bytes(value(root, "value", 0, List.of(), 0)), StandardCharsets.UTF_8);
    }

    /**
     * @param name of the property that the value is for
     * @param ordinal its place among its like, so that the items of an array differ
     * @param path the references that led to the schema
     */
    private JsonNode value(JsonNode wanted, String name, int ordinal, List<String> path, int level) {
        if (level > MAX_LEVELS || ++nodes > MAX_NODES) {
            return NODES.nullNode();
        }
        Schema schema = reader.plain(wanted, path);
        @Nullable JsonNode fixed = fixed(schema.node(), ordinal);
        if (fixed != null) {
            return fixed;
        }
        return switch (schema.type()) {
            case "object" -> object(schema, level);
            case "array" -> array(schema, name, level);
            default -> scalars.value(schema, name, ordinal);
        };
    }

    private static @Nullable JsonNode fixed(ObjectNode schema, int ordinal) {
        if (schema.has("const")) {
            return schema.path("const");
        }
        JsonNode choices = schema.path("enum");
        return choices.isEmpty() ? null : choices.path(ordinal % choices.size());
    }

    private ObjectNode object(Schema schema, int level) {
        ObjectNode object = NODES.objectNode();
        JsonNode required = schema.node().path("required");
        for (var property : schema.node().path("properties").properties()) {
            String name = property.getKey();
            if (!schema.deep() || contains(required, name)) {
                object.set(name, value(property.getValue(), name, 0, schema.path(), level + 1));
            }
        }
        JsonNode others = schema.node().path("additionalProperties");
        for (JsonNode name : required) {
            if (!object.has(name.asText())) {
                object.set(name.asText(), value(others, name.asText(), 0, schema.path(), level + 1));
            }
        }
        if (others.isObject() && object.isEmpty() && !schema.deep()) {
            object.set("example", value(others, "example", 0, schema.path(), level + 1));
        }
        return object;
    }

    private ArrayNode array(Schema schema, String name, int level) {
        ArrayNode array = NODES.arrayNode();
        JsonNode first = schema.node().path("prefixItems");
        JsonNode items = schema.node().path("items");
        int least = Math.max(schema.node().path("minItems").asInt(0), schema.deep() ? 0 : first.size());
        boolean open = !items.isBoolean() && !(items.isMissingNode() && !first.isEmpty());
        int usual = open && !schema.deep() ? Math.max(least, USUAL_ITEMS) : least;
        int size = Math.min(usual, schema.node().path("maxItems").asInt(Integer.MAX_VALUE));
        for (int i = 0; i < size && nodes < MAX_NODES; i++) {
            array.add(value(i < first.size() ? first.path(i) : items, name, i, schema.path(), level + 1));
        }
        return array;
    }

    private static boolean contains(JsonNode names, String name) {
        for (JsonNode one : names) {
            if (one.asText().equals(name)) {
                return true;
            }
        }
        return false;
    }

    private static JsonNode parse(String json) {
        return Json.read(json.getBytes(StandardCharsets.UTF_8));
    }
}
