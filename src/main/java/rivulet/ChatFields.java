package rivulet;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import rivulet.feed.ChatRequest;
import rivulet.feed.ChatRequest.Message;

/** Reads what a model is asked from the fields of a request. */
final class ChatFields {
    private static final List<String> ROLES = List.of("system", "developer", "user", "assistant");
    /** More than any model gives: beyond it the number is a mistake. */
    private static final int MOST_TOKENS = 10_000_000;

    private final Fields fields;
    private final ObjectNode options = JsonNodeFactory.instance.objectNode();

    private ChatFields(Fields fields) {
        this.fields = fields;
    }

    /**
     * The question that the fields ask.
     *
     * @param messages the conversation
     * @param instructions used where the fields give none
     * @param schema what the answer must satisfy, if it must be a document
     */
    static ChatRequest read(
            Fields fields, List<Message> messages, @Nullable String instructions, @Nullable ObjectNode schema) {
        return new ChatFields(fields).request(messages, instructions, schema);
    }

    /** The conversation of one question. */
    static List<Message> ask(String question) {
        return List.of(new Message("user", TextNode.valueOf(question)));
    }

    /** The conversation that a body gives, as {@code message} or as {@code messages}. */
    static List<Message> messages(Fields fields) {
        Optional<String> message = fields.text("message");
        Optional<JsonNode> messages = fields.value("messages");
        if (message.isPresent() == messages.isPresent()) {
            throw RequestError.badRequest(
                    "Give either \"message\", a text, or \"messages\", a list of {\"role\",\"content\"}"
                            + (message.isPresent() ? "; not both." : "."));
        }
        return message.map(ChatFields::ask).orElseGet(() -> conversation(fields, messages.orElseThrow()));
    }

    private static List<Message> conversation(Fields fields, JsonNode list) {
        fields.require(list.isArray() && !list.isEmpty(), "messages", "a list of at least one message");
        List<Message> messages = new ArrayList<>();
        for (JsonNode item : list) {
            fields.require(item.isObject(), "messages", "a list of objects with role and content");
            Fields message = Fields.ofBody((ObjectNode) item);
            String role = message.choice("role", ROLES)
                    .orElseThrow(() -> RequestError.badRequest(
                            "Each message needs a \"role\": one of " + String.join(", ", ROLES) + "."));
            messages.add(new Message(role, content(message)));
            message.rejectUnknown();
        }
        return messages;
    }

    private static JsonNode content(Fields message) {
        JsonNode content = message.value("content")
                .orElseThrow(
                        () -> RequestError.badRequest("Each message needs a \"content\": a text or a list of parts."));
        message.require(
                content.isTextual() || (content.isArray() && !content.isEmpty()),
                "content",
                "a text, or a list of at least one part");
        for (JsonNode part : content) {
            message.require(part.isObject(), "content", "a list of objects with a type, text or image_url");
            checkPart(Fields.ofBody((ObjectNode) part));
        }
        return content;
    }

    private static void checkPart(Fields part) {
        String type = part.choice("type", List.of("text", "image_url"))
                .orElseThrow(
                        () -> RequestError.badRequest("Each part of a content needs a \"type\": text or image_url."));
        if (type.equals("text")) {
            if (part.string("text").isEmpty()) {
                throw RequestError.badRequest("A part of type text needs a \"text\".");
            }
        } else {
            JsonNode image = part.value("image_url")
                    .orElseThrow(() -> RequestError.badRequest(
                            "A part of type image_url needs an \"image_url\": an object with a url."));
            part.require(image.path("url").isTextual(), "image_url", "an object with a url");
        }
        part.rejectUnknown();
    }

    private ChatRequest request(
            List<Message> messages, @Nullable String defaultInstructions, @Nullable ObjectNode schema) {
        fields.number("temperature", 0, 2).ifPresent(t -> options.put("temperature", t));
        fields.number("top_p", 0, 1).ifPresent(p -> options.put("top_p", p));
        fields.integer("max_output_tokens", 1, MOST_TOKENS).ifPresent(n -> options.put("max_output_tokens", n));
        fields.integer("seed", Integer.MIN_VALUE, Integer.MAX_VALUE).ifPresent(n -> options.put("seed", n));
        fields.text("reasoning_effort").ifPresent(effort -> options.put("reasoning_effort", effort));
        fields.value("stop").ifPresent(this::stop);
        ObjectNode extra = JsonNodeFactory.instance.objectNode();
        // They are objects, which no parameter can be: a query does not know them.
        if (fields.inBody()) {
            fields.value("response_format")
                    .ifPresent(format -> options.set("response_format", object("response_format", format)));
            fields.value("extra").ifPresent(given -> extra.setAll(object("extra", given)));
        }
        return new ChatRequest(
                messages,
                fields.text("model").orElse(null),
                fields.string("instructions").orElse(defaultInstructions),
                options,
                schema,
                extra,
                fields.trace());
    }

    private void stop(JsonNode stop) {
        boolean texts = stop.isTextual();
        if (stop.isArray()) {
            texts = !stop.isEmpty();
            for (JsonNode item : stop) {
                texts &= item.isTextual();
            }
        }
        fields.require(texts, "stop", "a text or a list of texts");
        options.set("stop", stop);
    }

    private ObjectNode object(String name, JsonNode value) {
        fields.require(value.isObject(), name, "a JSON object");
        return (ObjectNode) value;
    }
}
