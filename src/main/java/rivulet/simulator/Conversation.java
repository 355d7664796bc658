package rivulet.simulator;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.StringJoiner;

/**
 * The messages of a request: {@code messages} of Chat Completions, or {@code input} of Responses, which may be a single
 * text. The content of a message is a text or a list of parts, of which those with text count.
 *
 * @param question the text of the last user message
 * @param toolAnswered whether a tool's result comes after it
 * @param tokens how long all of it is
 */
record Conversation(String question, boolean toolAnswered, int tokens) {
    static final Conversation EMPTY = new Conversation("", false, 0);

    static Conversation of(String param, JsonNode messages) {
        if (messages.isMissingNode() || messages.isNull()) {
            throw ApiError.missing(param);
        }
        if (messages.isTextual() && param.equals("input")) {
            return new Conversation(messages.asText(), false, Tokens.count(messages.asText()));
        }
        if (!messages.isArray()) {
            throw ApiError.wrongType(param, "an array of messages");
        }
        if (messages.isEmpty()) {
            throw ApiError.empty(param);
        }
        return read(param, messages);
    }

    private static Conversation read(String param, JsonNode messages) {
        String question = "";
        boolean toolAnswered = false;
        int tokens = 0;
        for (JsonNode message : messages) {
            if (!message.isObject()) {
                throw ApiError.wrongType(param, "an array of objects");
            }
            String text = text(message.path("content")) + text(message.path("output"));
            tokens += Tokens.count(text);
            if (message.path("role").asText("").equals("user")) {
                question = text;
                toolAnswered = false;
            } else if (isToolResult(message)) {
                toolAnswered = true;
            }
        }
        return new Conversation(question, toolAnswered, tokens);
    }

    private static boolean isToolResult(JsonNode message) {
        return message.path("role").asText("").equals("tool")
                || message.path("type").asText("").endsWith("_call_output");
    }

    private static String text(JsonNode content) {
        if (content.isTextual()) {
            return content.asText();
        }
        StringJoiner parts = new StringJoiner("\n");
        for (JsonNode part : content) {
            if (part.path("text").isTextual()) {
                parts.add(part.path("text").asText());
            }
        }
        return parts.toString();
    }
}
