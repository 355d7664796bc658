package rivulet.simulator;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What a request asks, whichever API it came by.
 *
 * @param body the request itself
 * @param script what the model's name asks for
 * @param question the text of the last user message
 * @param toolAnswered whether the last message is a tool's result, so that calling it again would never end
 * @param inputTokens how long the conversation is
 * @param limit the most tokens that the answer may have
 * @param stops texts before which the answer ends; none is empty
 * @param schema what the answer must be a document of
 * @param tool the function to call, if one is to be called
 * @param seed hex digits that are the same for the same bytes; ids are made of them
 */
record Prompt(
        ObjectNode body,
        Script script,
        String question,
        boolean toolAnswered,
        int inputTokens,
        OptionalInt limit,
        List<String> stops,
        Optional<JsonNode> schema,
        Tool tool,
        String seed) {

    /** A function that the model may call, with the schema of its arguments. */
    record Tool(String name, JsonNode parameters) {}

    /** Reads a body of {@code /chat/completions}. */
    static Prompt chat(byte[] bytes) {
        ObjectNode body = Json.read(bytes);
        Script script = script(body);
        Conversation conversation = Conversation.of("messages", body.path("messages"));
        JsonNode format = body.path("response_format");
        return new Prompt(
                body,
                script,
                conversation.question(),
                conversation.toolAnswered(),
                conversation.tokens(),
                limit(body, "max_completion_tokens", "max_tokens"),
                stops(body.path("stop")),
                schema(format, format.path("json_schema").path("schema")),
                tool(body.path("tools"), "function"),
                seed(bytes));
    }

    /** Reads a body of {@code /responses}. */
    static Prompt responses(byte[] bytes) {
        ObjectNode body = Json.read(bytes);
        Script script = script(body);
        Conversation conversation = input(body);
        JsonNode format = body.path("text").path("format");
        if (body.path("background").asBoolean() && !body.path("store").asBoolean(true)) {
            throw ApiError.backgroundIsStored();
        }
        return new Prompt(
                body,
                script,
                conversation.question(),
                conversation.toolAnswered(),
                conversation.tokens() + Tokens.count(body.path("instructions").asText("")),
                limit(body, "max_output_tokens"),
                List.of(),
                schema(format, format.path("schema")),
                tool(body.path("tools"), ""),
                seed(bytes));
    }

    String model() {
        return body.path("model").asText();
    }

    /** Whether it is to be generated though nobody stays connected. */
    boolean background() {
        return body.path("background").asBoolean();
    }

    boolean stream() {
        return body.path("stream").asBoolean();
    }

    private static Script script(ObjectNode body) {
        JsonNode model = body.path("model");
        if (model.isMissingNode() || model.isNull() || model.asText().isEmpty()) {
            throw ApiError.missing("model");
        }
        if (!model.isTextual()) {
            throw ApiError.wrongType("model", "a string");
        }
        return Script.parse(model.asText());
    }

    private static Conversation input(ObjectNode body) {
        JsonNode input = body.path("input");
        // A request may go on from an earlier one without a word of its own.
        boolean goesOn =
                body.hasNonNull("previous_response_id") || body.hasNonNull("prompt") || body.hasNonNull("conversation");
        return goesOn && (input.isMissingNode() || input.isNull())
                ? Conversation.EMPTY
                : Conversation.of("input", input);
    }

    private static OptionalInt limit(ObjectNode body, String... names) {
        for (String name : names) {
            JsonNode value = body.path(name);
            if (value.isIntegralNumber()) {
                if (value.bigIntegerValue().signum() < 1) {
                    throw ApiError.belowOne(name, value.asText());
                }
                return OptionalInt.of(value.canConvertToInt() ? value.intValue() : Integer.MAX_VALUE);
            }
            if (!value.isMissingNode() && !value.isNull()) {
                throw ApiError.wrongType(name, "an integer");
            }
        }
        return OptionalInt.empty();
    }

    private static List<String> stops(JsonNode stop) {
        if (stop.isMissingNode() || stop.isNull()) {
            return List.of();
        }
        List<JsonNode> stops = stop.isArray() ? stop.valueStream().toList() : List.of(stop);
        if (!stops.stream().allMatch(JsonNode::isTextual)) {
            throw ApiError.wrongType("stop", "a string or an array of strings");
        }
        return stops.stream()
                .map(JsonNode::asText)
                .filter(text -> !text.isEmpty())
                .toList();
    }

    private static Optional<JsonNode> schema(JsonNode format, JsonNode schema) {
        return switch (format.path("type").asText("")) {
            case "json_schema" -> Optional.of(schema);
            case "json_object" -> Optional.of(SchemaDocument.ANSWER_ONLY);
            default -> Optional.empty();
        };
    }

    /** The first function of the request; Chat Completions wraps it in an object, Responses does not. */
    private static Tool tool(JsonNode tools, String wrapper) {
        for (JsonNode tool : tools) {
            JsonNode function = wrapper.isEmpty() ? tool : tool.path(wrapper);
            if (function.hasNonNull("name") && tool.path("type").asText("").equals("function")) {
                JsonNode parameters = function.path("parameters");
                return new Tool(
                        function.path("name").asText(), parameters.isEmpty() ? SchemaDocument.NO_MEMBERS : parameters);
            }
        }
        return new Tool("get_weather", SchemaDocument.WEATHER);
    }

    private static String seed(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes), 0, 20);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
