package rivulet.simulator;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Follows the references of a JSON schema, merges its {@code allOf} and takes the first branch of what is alternative. */
final class SchemaReader {
    /** Objects looked at for one document: a few definitions that refer to each other twice can ask for billions. */
    private static final int MAX_READ = 20_000;
    /** References on one path; a schema that is nothing but itself has no end. */
    private static final int MAX_PATH = 100;

    private final JsonNode root;
    private int read;

    SchemaReader(JsonNode root) {
        this.root = root;
    }

    /** The schema as one plain object; what can't be read allows everything. */
    Schema plain(JsonNode schema, List<String> path) {
        ObjectNode node = copy(schema);
        if (++read > MAX_READ || path.size() > MAX_PATH) {
            return new Schema(Json.object(), path);
        }
        @Nullable JsonNode reference = node.remove("$ref");
        @Nullable JsonNode parts = node.remove("allOf");
        @Nullable JsonNode any = node.remove("anyOf");
        @Nullable JsonNode one = node.remove("oneOf");
        List<String> longer = path;
        if (reference != null) {
            longer = appended(path, reference.asText());
            longer = mergePlain(node, target(reference.asText()), longer);
        }
        if (parts != null) {
            for (JsonNode part : parts) {
                longer = mergePlain(node, part, longer);
            }
        }
        if (any != null || one != null) {
            longer = mergePlain(node, branch(any != null ? any : Json.object(), one, longer), longer);
        }
        return new Schema(node, longer);
    }

    private List<String> mergePlain(ObjectNode into, JsonNode from, List<String> path) {
        Schema plain = plain(from, path);
        merge(into, plain.node());
        return plain.path();
    }

    /** The first branch; when it is time to end, one that goes no deeper, {@code null} above all. */
    private static JsonNode branch(JsonNode any, @Nullable JsonNode one, List<String> path) {
        JsonNode branches = any.isEmpty() && one != null ? one : any;
        if (Schema.deep(path)) {
            for (JsonNode branch : branches) {
                if (branch.isObject() && !branch.has("$ref") && !branch.has("properties") && !branch.has("items")) {
                    return branch;
                }
            }
        }
        return branches.path(0);
    }

    private JsonNode target(String reference) {
        String pointer = reference.startsWith("#") ? reference.substring(1) : "/elsewhere";
        try {
            // RFC 6901, section 6: in a URI a pointer is percent-encoded. Its "+" is a plus, which this decoder does
            // not know.
            return root.at(JsonPointer.compile(URLDecoder.decode(pointer.replace("+", "%2B"), StandardCharsets.UTF_8)));
        } catch (IllegalArgumentException malformed) {
            return Json.object();
        }
    }

    private static List<String> appended(List<String> path, String reference) {
        List<String> longer = new ArrayList<>(path);
        longer.add(reference);
        return longer;
    }

    private static ObjectNode copy(JsonNode schema) {
        ObjectNode copy = Json.object();
        for (var keyword : schema.properties()) {
            copy.set(keyword.getKey(), keyword.getValue());
        }
        return copy;
    }

    /** Takes over what another schema demands: properties and required names add up, the rest gives way to what is there. */
    private static void merge(ObjectNode into, JsonNode from) {
        for (var keyword : from.properties()) {
            JsonNode there = into.path(keyword.getKey());
            if (there.isMissingNode()) {
                into.set(keyword.getKey(), keyword.getValue());
            } else if (keyword.getKey().equals("required")) {
                into.set("required", union(there, keyword.getValue()));
            } else if (keyword.getKey().equals("properties")) {
                into.set("properties", both(there, keyword.getValue()));
            }
        }
    }

    private static ObjectNode both(JsonNode properties, JsonNode others) {
        ObjectNode both = copy(properties);
        for (var property : others.properties()) {
            @Nullable JsonNode there = both.get(property.getKey());
            if (there == null) {
                both.set(property.getKey(), property.getValue());
            } else {
                both.putObject(property.getKey()).putArray("allOf").add(there).add(property.getValue());
            }
        }
        return both;
    }

    private static ArrayNode union(JsonNode one, JsonNode other) {
        Set<JsonNode> names = new LinkedHashSet<>();
        one.forEach(names::add);
        other.forEach(names::add);
        return Json.object().arrayNode().addAll(names);
    }
}
