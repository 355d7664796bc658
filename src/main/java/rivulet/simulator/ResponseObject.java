package rivulet.simulator;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import rivulet.simulator.Answer.Finish;
import rivulet.simulator.Answer.Kind;
import rivulet.simulator.Script.Directive;

/** The {@code response} object of {@code /responses} and the items of its output. What the request said comes back in it. */
record ResponseObject(Prompt prompt, Answer answer, String id) {

    /** A response that is not done, or never will be. */
    ObjectNode unended(String status) {
        return response(status, Json.object().arrayNode());
    }

    ObjectNode ended() {
        ArrayNode output = Json.object().arrayNode();
        if (!answer.reasoning().isEmpty()) {
            output.add(reasoning(true));
        }
        String status = answer.complete() ? "completed" : "incomplete";
        output.add(answer.kind() == Kind.TOOL_CALL ? toolCall(status, answer.text()) : message(status));
        ObjectNode response = response(status, output);
        if (!answer.complete()) {
            String reason = answer.finish() == Finish.LENGTH ? "max_output_tokens" : "content_filter";
            response.putObject("incomplete_details").put("reason", reason);
        }
        if (!prompt.script().has(Directive.NO_USAGE)) {
            response.set("usage", usage());
        }
        return response;
    }

    ObjectNode failed() {
        ObjectNode response = response("failed", Json.object().arrayNode());
        response.putObject("error")
                .put("code", "server_error")
                .put("message", ApiError.serverError().getMessage());
        return response;
    }

    ObjectNode reasoning(boolean whole) {
        ObjectNode item = Json.object().put("id", reasoningId()).put("type", "reasoning");
        ArrayNode summary = item.putArray("summary");
        if (whole) {
            summary.add(summaryText(answer.reasoningText()));
        }
        return item;
    }

    static ObjectNode summaryText(String text) {
        return Json.object().put("type", "summary_text").put("text", text);
    }

    ObjectNode message(String status) {
        ObjectNode item =
                Json.object().put("id", answerId()).put("type", "message").put("status", status);
        ArrayNode content = item.putArray("content");
        if (!status.equals("in_progress")) {
            content.add(part(answer.text()));
        }
        return item.put("role", "assistant");
    }

    ObjectNode part(String text) {
        if (answer.kind() == Kind.REFUSAL) {
            return Json.object().put("type", "refusal").put("refusal", text);
        }
        ObjectNode part = Json.object().put("type", "output_text");
        part.putArray("annotations");
        part.putArray("logprobs");
        return part.put("text", text);
    }

    ObjectNode toolCall(String status, String arguments) {
        return Json.object()
                .put("id", answerId())
                .put("type", "function_call")
                .put("status", status)
                .put("arguments", arguments)
                .put("call_id", "call_" + prompt.seed())
                .put("name", prompt.tool().name());
    }

    String reasoningId() {
        return "rs_" + prompt.seed();
    }

    String answerId() {
        return (answer.kind() == Kind.TOOL_CALL ? "fc_" : "msg_") + prompt.seed();
    }

    int answerIndex() {
        return answer.reasoning().isEmpty() ? 0 : 1;
    }

    private ObjectNode response(String status, ArrayNode output) {
        ObjectNode response = Json.object()
                .put("id", id)
                .put("object", "response")
                .put("created_at", Shape.CREATED)
                .put("status", status)
                .put("background", prompt.background())
                .putNull("error")
                .putNull("incomplete_details");
        for (String name : new String[] {"instructions", "max_output_tokens", "max_tool_calls"}) {
            echo(response, name, Json.object().nullNode());
        }
        response.put("model", prompt.model()).set("output", output);
        settings(response);
        return response;
    }

    /** What the request set, else what OpenAI takes for granted. */
    private void settings(ObjectNode response) {
        JsonNode none = Json.object().nullNode();
        echo(response, "parallel_tool_calls", Json.object().booleanNode(true));
        echo(response, "previous_response_id", none);
        response.set("reasoning", reasoningSettings());
        response.put("service_tier", "default");
        echo(response, "store", Json.object().booleanNode(true));
        echo(response, "temperature", Json.object().numberNode(1.0));
        response.set("text", textSettings());
        echo(response, "tool_choice", Json.object().textNode("auto"));
        echo(response, "tools", Json.object().arrayNode());
        echo(response, "top_logprobs", Json.object().numberNode(0));
        echo(response, "top_p", Json.object().numberNode(1.0));
        echo(response, "truncation", Json.object().textNode("disabled"));
        response.putNull("usage");
        echo(response, "user", none);
        echo(response, "metadata", Json.object());
    }

    private void echo(ObjectNode response, String name, JsonNode usual) {
        response.set(name, prompt.body().hasNonNull(name) ? prompt.body().get(name) : usual);
    }

    private ObjectNode reasoningSettings() {
        ObjectNode reasoning = Json.object().putNull("effort").putNull("summary");
        return merged(reasoning, prompt.body().path("reasoning"));
    }

    private ObjectNode textSettings() {
        ObjectNode text = Json.object();
        text.putObject("format").put("type", "text");
        return merged(text.put("verbosity", "medium"), prompt.body().path("text"));
    }

    private static ObjectNode merged(ObjectNode usual, JsonNode asked) {
        asked.properties().forEach(member -> usual.set(member.getKey(), member.getValue()));
        return usual;
    }

    private ObjectNode usage() {
        ObjectNode usage = Json.object().put("input_tokens", prompt.inputTokens());
        usage.putObject("input_tokens_details").put("cached_tokens", 0).put("cache_write_tokens", 0);
        usage.put("output_tokens", answer.size());
        usage.putObject("output_tokens_details")
                .put("reasoning_tokens", answer.reasoning().size());
        return usage.put("total_tokens", prompt.inputTokens() + answer.size());
    }
}
