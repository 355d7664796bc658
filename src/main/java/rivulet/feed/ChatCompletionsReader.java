package rivulet.feed;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import rivulet.log.ErrorCode;
import rivulet.log.FinishReason;

/**
 * Reads a Chat Completions stream as providers really send it.
 *
 * <p>{@code OPEN -> SETTLING -> ENDED}: {@code finish_reason} says that the model has said all, but usage, and sometimes
 * an error, come after it; {@code [DONE]}, or the end of the body, ends it. {@code [DONE]} alone is an end too: some
 * providers send no {@code finish_reason}. A body that ends without either was cut.
 */
final class ChatCompletionsReader implements AnswerReader {
    private final Sink sink;
    private final Scrubber scrubber;
    private Progress progress = Progress.OPEN;
    private boolean anyText;
    private boolean anyRefusal;
    private @Nullable String finishReason;

    ChatCompletionsReader(Sink sink, Scrubber scrubber) {
        this.sink = sink;
        this.scrubber = scrubber;
    }

    @Override
    public UsualPiece usualPiece(String data) throws JsonCursor.Unusual {
        return UsualPiece.ofChatCompletion(data);
    }

    @Override
    public Progress piece(String piece) {
        text(piece);
        return progress;
    }

    @Override
    public Progress event(JsonNode event) {
        UsageReader.read(event.path("usage"), sink);
        UsageReader.read(event.path("x_groq").path("usage"), sink);
        // Never choices[0]: the list may be empty, and others than the first may come before it.
        for (JsonNode choice : event.path("choices")) {
            if (choice.path("index").asInt() == 0) {
                choice(choice);
            }
        }
        UpstreamError error = UpstreamError.inEvent(event, scrubber);
        return error == null ? progress : fail(error);
    }

    @Override
    public Progress doneMarker() {
        end(finishReason == null ? "stop" : finishReason);
        return progress;
    }

    @Override
    public void end() {
        if (progress == Progress.SETTLING) {
            end(String.valueOf(finishReason));
        } else if (progress == Progress.OPEN) {
            progress = Progress.ENDED;
            sink.failed(
                    ErrorCode.UPSTREAM_TRUNCATED,
                    "The upstream's stream ended without finish_reason or [DONE]: the answer may be cut.",
                    null);
        }
    }

    private Progress fail(UpstreamError error) {
        if (progress != Progress.ENDED) {
            progress = Progress.ENDED;
            sink.failed(error.code(), error.message(), error.retryAfter());
        }
        return progress;
    }

    private void choice(JsonNode choice) {
        JsonNode delta = choice.path("delta");
        if (delta.isObject()) {
            said(delta);
        } else if (!anyText) {
            // A server that does not stream wraps its whole message. Beside a delta it only repeats what was said.
            said(choice.path("message"));
        }
        String reason = choice.path("finish_reason").asText("");
        if (!reason.isEmpty() && !reason.equals("null") && progress == Progress.OPEN) {
            finishReason = reason;
            progress = Progress.SETTLING;
        }
    }

    private void said(JsonNode delta) {
        String thought = delta.path("reasoning_content").asText("");
        sink.reasoning(thought.isEmpty() ? delta.path("reasoning").asText("") : thought);
        content(delta.path("content"));
        String refusal = delta.path("refusal").asText("");
        anyRefusal |= !refusal.isEmpty();
        sink.refusal(refusal);
        int position = 0;
        for (JsonNode call : delta.path("tool_calls")) {
            toolCall(call.path("index").asInt(position), call.path("id"), call.path("function"));
            position++;
        }
        if (delta.path("function_call").isObject()) {
            toolCall(0, delta.path("function_call").path("id"), delta.path("function_call"));
        }
    }

    private void content(JsonNode content) {
        if (content.isTextual()) {
            text(content.textValue());
        }
        // Mistral: parts, of which some are thoughts.
        for (JsonNode part : content) {
            if (part.path("type").asText().equals("thinking")) {
                thinking(part.path("thinking"));
            } else {
                text(part.path("text").asText(""));
            }
        }
    }

    private void thinking(JsonNode thinking) {
        if (thinking.isTextual()) {
            sink.reasoning(thinking.textValue());
        }
        for (JsonNode part : thinking) {
            sink.reasoning(part.path("text").asText(""));
        }
    }

    private void text(String piece) {
        anyText |= !piece.isEmpty();
        sink.text(scrubber.whole(piece));
    }

    private void toolCall(int index, JsonNode id, JsonNode function) {
        JsonNode arguments = function.path("arguments");
        sink.toolCall(
                index,
                textOf(id),
                textOf(function.path("name")),
                arguments.isObject() ? arguments.toString() : arguments.asText(""));
    }

    private static @Nullable String textOf(JsonNode node) {
        return Optional.of(node.asText(""))
                .filter(text -> !text.isEmpty() && !node.isNull())
                .orElse(null);
    }

    private void end(String reason) {
        if (progress == Progress.ENDED) {
            return;
        }
        progress = Progress.ENDED;
        String provider = finishReason;
        switch (reason.toLowerCase(Locale.ROOT)) {
            case "length", "max_tokens", "model_length", "max_output_tokens" ->
                sink.done(FinishReason.LENGTH, provider);
            case "tool_calls", "function_call", "tool_use" -> sink.done(FinishReason.TOOL_CALLS, provider);
            case "content_filter", "safety", "content_filtered", "sensitive" ->
                sink.done(FinishReason.CONTENT_FILTER, provider);
            case "refusal" -> sink.done(FinishReason.REFUSAL, provider);
            case "error", "abort", "insufficient_system_resource" ->
                sink.failed(ErrorCode.UPSTREAM_ERROR, "The upstream broke the answer off: " + reason + ".", null);
            default -> sink.done(anyRefusal ? FinishReason.REFUSAL : FinishReason.STOP, provider);
        }
    }
}
