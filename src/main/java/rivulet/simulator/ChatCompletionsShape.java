package rivulet.simulator;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import rivulet.simulator.Answer.Kind;
import rivulet.simulator.Script.Directive;

/**
 * An answer of {@code /chat/completions}. Its stream:
 *
 * <pre>
 * data: {"id":"chatcmpl-…","object":"chat.completion.chunk",…,"choices":[{"index":0,"delta":{"role":"assistant","content":"",…},…}]}
 *
 * data: {…,"choices":[{"index":0,"delta":{"content":"This"},"logprobs":null,"finish_reason":null}]}
 *
 * data: {…,"choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}]}
 *
 * data: {…,"choices":[],"usage":{"prompt_tokens":1,…}}
 *
 * data: [DONE]
 *
 * </pre>
 *
 * The chunk with the usage is there if {@code stream_options.include_usage} asks for it.
 */
record ChatCompletionsShape(Prompt prompt, Answer answer) implements Shape {

    @Override
    public ObjectNode whole() {
        ObjectNode whole = head("chat.completion");
        ObjectNode choice = whole.putArray("choices").addObject().put("index", 0);
        choice.set("message", message());
        choice.putNull("logprobs").put("finish_reason", finishReason());
        if (!prompt.script().has(Directive.NO_USAGE)) {
            whole.set("usage", usage());
        }
        return whole;
    }

    @Override
    public List<Frame> events() {
        List<Frame> events = new ArrayList<>();
        events.add(Frame.data(false, () -> chunk(firstDelta())));
        for (String token : answer.reasoning()) {
            events.add(Frame.data(true, () -> chunk(Json.object().put("reasoning_content", token))));
        }
        if (answer.kind() == Kind.TOOL_CALL) {
            events.add(Frame.data(false, () -> chunk(toolCallDelta(toolCall("").put("index", 0)))));
        }
        for (String token : answer.tokens()) {
            events.add(Frame.data(true, () -> chunk(delta(token))));
        }
        events.add(Frame.data(false, () -> chunk(Json.object(), finishReason())));
        if (usageAsked()) {
            events.add(Frame.data(false, this::usageChunk));
        }
        events.add(Frame.of("data: [DONE]\n\n"));
        return events;
    }

    @Override
    public List<Frame> failure(int eventsBefore) {
        return List.of(Frame.data(false, ApiError.serverError()::json));
    }

    private ObjectNode message() {
        ObjectNode message = Json.object().put("role", "assistant");
        message.put("content", answer.kind() == Kind.TEXT ? answer.text() : null);
        message.put("refusal", answer.kind() == Kind.REFUSAL ? answer.text() : null);
        if (!answer.reasoning().isEmpty()) {
            message.put("reasoning_content", answer.reasoningText());
        }
        if (answer.kind() == Kind.TOOL_CALL) {
            message.putArray("tool_calls").add(toolCall(answer.text()));
        }
        message.putArray("annotations");
        return message;
    }

    private ObjectNode firstDelta() {
        ObjectNode delta = Json.object().put("role", "assistant");
        delta.put("content", answer.kind() == Kind.TEXT ? "" : null);
        return delta.putNull("refusal");
    }

    private ObjectNode delta(String token) {
        return switch (answer.kind()) {
            case TEXT -> Json.object().put("content", token);
            case REFUSAL -> Json.object().put("refusal", token);
            case TOOL_CALL -> {
                ObjectNode call = Json.object().put("index", 0);
                call.putObject("function").put("arguments", token);
                yield toolCallDelta(call);
            }
        };
    }

    private ObjectNode toolCall(String arguments) {
        ObjectNode call = Json.object().put("id", "call_" + prompt.seed()).put("type", "function");
        call.putObject("function").put("name", prompt.tool().name()).put("arguments", arguments);
        return call;
    }

    private static ObjectNode toolCallDelta(ObjectNode call) {
        ObjectNode delta = Json.object();
        delta.putArray("tool_calls").add(call);
        return delta;
    }

    private ObjectNode chunk(ObjectNode delta) {
        return chunk(delta, null);
    }

    private ObjectNode chunk(ObjectNode delta, @Nullable String finishReason) {
        ObjectNode chunk = head("chat.completion.chunk");
        ObjectNode choice = chunk.putArray("choices").addObject().put("index", 0);
        choice.set("delta", delta);
        choice.putNull("logprobs").put("finish_reason", finishReason);
        return usageAsked() ? chunk.putNull("usage") : chunk;
    }

    private ObjectNode usageChunk() {
        ObjectNode chunk = head("chat.completion.chunk");
        chunk.putArray("choices");
        chunk.set("usage", usage());
        return chunk;
    }

    private ObjectNode head(String object) {
        return Json.object()
                .put("id", "chatcmpl-" + prompt.seed())
                .put("object", object)
                .put("created", CREATED)
                .put("model", prompt.model())
                .put("service_tier", "default")
                .put("system_fingerprint", "fp_simulator");
    }

    private ObjectNode usage() {
        ObjectNode usage = Json.object()
                .put("prompt_tokens", prompt.inputTokens())
                .put("completion_tokens", answer.size())
                .put("total_tokens", prompt.inputTokens() + answer.size());
        usage.putObject("prompt_tokens_details").put("cached_tokens", 0).put("audio_tokens", 0);
        usage.putObject("completion_tokens_details")
                .put("reasoning_tokens", answer.reasoning().size())
                .put("audio_tokens", 0)
                .put("accepted_prediction_tokens", 0)
                .put("rejected_prediction_tokens", 0);
        return usage;
    }

    private boolean usageAsked() {
        return prompt.body().path("stream_options").path("include_usage").asBoolean()
                && !prompt.script().has(Directive.NO_USAGE);
    }

    private String finishReason() {
        return answer.finish().name().toLowerCase(Locale.ROOT);
    }
}
