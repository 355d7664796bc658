package rivulet.feed;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.jspecify.annotations.Nullable;

/** OpenAI's Responses API. */
final class Responses implements Dialect {
    @Override
    public String path() {
        return "responses";
    }

    @Override
    public ObjectNode body(ChatRequest request, String model) {
        ObjectNode body = JsonNodeFactory.instance.objectNode().put("model", model);
        String instructions = request.instructions();
        if (instructions != null && !instructions.isEmpty()) {
            body.put("instructions", instructions);
        }
        ArrayNode input = body.putArray("input");
        request.messages()
                .forEach(
                        message -> input.addObject().put("role", message.role()).set("content", content(message)));
        body.put("stream", true);
        request.options().properties().forEach(option -> option(body, option.getKey(), option.getValue()));
        return body;
    }

    @Override
    public void askForUsage(ObjectNode body) {}

    @Override
    public boolean learnsWords(UpstreamReply refusal, ChatRequest request, String model) {
        return false;
    }

    @Override
    public boolean canDoWithout(UpstreamReply refusal) {
        return false;
    }

    @Override
    public void doesWithout() {}

    @Override
    public AnswerReader reader(Sink sink, Scrubber scrubber, boolean resumed) {
        return new ResponsesReader(sink, scrubber, resumed);
    }

    @Override
    public void askForDocument(ObjectNode body, @Nullable ObjectNode schema) {
        ObjectNode format = body.putObject("text").putObject("format");
        if (schema == null) {
            format.put("type", "json_object");
            return;
        }
        format.put("type", "json_schema")
                .put("name", "answer")
                .put("strict", true)
                .set("schema", schema);
    }

    private static JsonNode content(ChatRequest.Message message) {
        if (message.content().isTextual()) {
            return message.content();
        }
        ArrayNode parts = JsonNodeFactory.instance.arrayNode();
        for (JsonNode part : message.content()) {
            if (part.path("type").asText().equals("text")) {
                String type = message.role().equals("assistant") ? "output_text" : "input_text";
                parts.addObject()
                        .put("type", type)
                        .put("text", part.path("text").asText());
            } else {
                ObjectNode image = parts.addObject().put("type", "input_image");
                image.put("image_url", part.path("image_url").path("url").asText());
                if (part.path("image_url").has("detail")) {
                    image.set("detail", part.path("image_url").path("detail"));
                }
            }
        }
        return parts;
    }

    private static void option(ObjectNode body, String name, JsonNode value) {
        switch (name) {
            case "reasoning_effort" -> body.putObject("reasoning").set("effort", value);
            case "response_format" -> responseFormat(body, value);
            case "stop", "seed" ->
                throw new IllegalArgumentException("The upstream's Responses API knows no \"" + name
                        + "\"; leave it out, or set UPSTREAM_API=chat.");
            default -> body.set(name, value);
        }
    }

    /** What Chat Completions nests under {@code json_schema}, this API has side by side. */
    private static void responseFormat(ObjectNode body, JsonNode format) {
        ObjectNode flat = body.putObject("text").putObject("format");
        flat.set("type", format.path("type"));
        if (format.path("json_schema") instanceof ObjectNode schema) {
            flat.setAll(schema);
        }
    }
}
