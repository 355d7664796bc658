package rivulet;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What a structured answer must be: the JSON Schema that a request gives, or one made of the names of its fields. */
final class Schemas {
    private Schemas() {}

    /** The schema that a body gives, as {@code schema} or as {@code fields}. */
    static ObjectNode read(Fields fields) {
        Optional<JsonNode> schema = fields.value("schema");
        Optional<JsonNode> names = fields.value("fields");
        if (schema.isPresent() == names.isPresent()) {
            throw RequestError.badRequest(
                    "Give either \"schema\", a JSON Schema, or \"fields\", a list of names such as "
                            + "[\"title\",\"summary\"]" + (schema.isPresent() ? "; not both." : "."));
        }
        if (names.isPresent()) {
            return ofTexts(texts(fields, names.get()));
        }
        fields.require(schema.get().isObject(), "schema", "a JSON Schema, an object");
        return (ObjectNode) schema.get();
    }

    /** An object of texts, all of which must be there. */
    static ObjectNode ofTexts(List<String> names) {
        ObjectNode schema = JsonNodeFactory.instance.objectNode().put("type", "object");
        ObjectNode properties = schema.putObject("properties");
        names.forEach(name -> properties.putObject(name).put("type", "string"));
        names.forEach(schema.putArray("required")::add);
        return schema.put("additionalProperties", false);
    }

    /** Whether a schema leaves it open that the document is an object and all of its members are strings. */
    static boolean allowsTexts(ObjectNode schema) {
        boolean allows = allows(schema.path("type"), "object");
        for (JsonNode member : schema.path("properties")) {
            allows &= allows(member.path("type"), "string");
        }
        return allows;
    }

    /** The keyword is one type's name or a list of them; without it any type will do. */
    private static boolean allows(JsonNode type, String name) {
        boolean allows = type.isMissingNode() || type.asText().equals(name);
        for (JsonNode one : type) {
            allows |= one.asText().equals(name);
        }
        return allows;
    }

    private static List<String> texts(Fields fields, JsonNode names) {
        List<String> texts = new ArrayList<>();
        names.forEach(name -> texts.add(name.isTextual() ? name.textValue() : ""));
        boolean good = names.isArray() && !texts.isEmpty() && texts.stream().noneMatch(String::isEmpty);
        fields.require(
                good && texts.stream().distinct().count() == texts.size(), "fields", "a list of different names");
        return texts;
    }
}
