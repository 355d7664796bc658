package rivulet.feed;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import rivulet.log.ErrorCode;
import rivulet.log.FinishReason;

/**
 * Reads a Chat Completions stream as providers really send it.
 *
 * <p>{@code OPEN -> SETTLING -> ENDED}: {@code finish_reason} says that the model has said all, but usage, and sometimes
 * an error, come after it; {@code [DONE]}, or the end of the body, ends it. {@code [DONE]} alone is an end too: some
 * providers send no {@code finish_reason}. A body that ends without either was cut. Some say {@code stop} with each chunk,
 * or when the model has thought and not yet answered: where the answer goes on, it is {@code OPEN} again, and ends
 * with {@code [DONE]}, or with the body if its last word was a finish reason and its connection did not break.
 */
final class ChatCompletionsReader implements AnswerReader {
    /** What some servers write while the answer goes on, where there should be null. */
    private static final Set<String> NO_REASON = Set.of("null", "none");

    private final Sink sink;
    private final Scrubber scrubber;
    private final ToolCalls calls;
    private final Choices choices = new Choices();
    private Progress progress = Progress.OPEN;
    private boolean anyText;
    private boolean anyReasoning;
    private boolean anyRefusal;
    /** Whether what was said last is a thought in the content's place, between marks. */
    private boolean markedThought;

    private @Nullable String finishReason;
    /** Whether the answer has gone on behind its finish reason. */
    private boolean finishedEarly;

    ChatCompletionsReader(Sink sink, Scrubber scrubber) {
        this.sink = sink;
        this.scrubber = scrubber;
        this.calls = new ToolCalls(sink);
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
        JsonNode groq = event.path("x_groq");
        UsageReader.read(groq.path("usage"), sink);
        UpstreamError error = UpstreamError.inEvent(event, scrubber);
        error = error == null ? UpstreamError.in(groq, scrubber) : error;
        // Never choices[0]: the list may be empty, and others than the first may come before it.
        JsonNode told = event.path("choices");
        for (JsonNode choice : told) {
            if (choices.isOfAnswer(choice, told.size() == 1, anyReasoning && !anyText)) {
                UsageReader.read(choice.path("usage"), sink);
                choice(choice);
                error = error == null ? UpstreamError.in(choice, scrubber) : error;
            }
        }
        return error == null ? progress : fail(error);
    }

    @Override
    public Progress doneMarker() {
        end(finishReason == null ? "stop" : finishReason);
        return progress;
    }

    @Override
    public void end(boolean broken) {
        // A finish reason that may have come too early does not make a whole answer of one that broke off.
        if (finishReason != null && !(broken && progress == Progress.OPEN)) {
            end(finishReason);
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
            reasoning(Thoughts.in(delta));
            if (Thoughts.isContent(delta)) {
                markedThought = true;
                reasoning(Thoughts.unmarked(PieceText.of(delta.path("content"))));
            } else {
                content(delta.path("content"));
            }
            refusal(delta);
            toolCalls(delta);
        } else {
            message(choice.path("message"));
        }
        String reason = choice.path("finish_reason").asText("");
        if (!reason.isEmpty() && !NO_REASON.contains(reason.toLowerCase(Locale.ROOT))) {
            finishes(reason);
        }
    }

    /** A server that does not stream wraps its whole message. Behind deltas it only repeats what was said. */
    private void message(JsonNode message) {
        if (!anyReasoning) {
            reasoning(Thoughts.in(message));
        }
        if (!anyText) {
            content(message.path("content"));
        }
        if (!anyRefusal) {
            refusal(message);
        }
        if (!calls.any()) {
            toolCalls(message);
        }
    }

    private void finishes(String reason) {
        if (finishReason == null) {
            finishReason = reason;
        }
        boolean onlyThought = anyReasoning && !anyText && !anyRefusal && !calls.any() && reason.equals("stop");
        if (progress == Progress.OPEN && !finishedEarly && !onlyThought) {
            progress = Progress.SETTLING;
        }
    }

    /** The model says something: a finish reason before that was none. */
    private void speaks() {
        if (finishReason != null) {
            finishReason = null;
            finishedEarly = true;
        }
        if (progress == Progress.SETTLING) {
            progress = Progress.OPEN;
        }
    }

    private void content(JsonNode content) {
        text(PieceText.of(content));
        // Mistral, Databricks: parts, of which some are thoughts; elsewhere one, without a list.
        for (JsonNode part : content.isObject() ? List.of(content) : content) {
            switch (part.path("type").asText()) {
                case "thinking" -> reasoning(Thoughts.words(part.path("thinking")));
                case "reasoning" -> reasoning(Thoughts.words(part.has("text") ? part : part.path("summary")));
                case "refusal" -> refusal(part);
                default -> text(part.path("text").asText(""));
            }
        }
    }

    private void refusal(JsonNode delta) {
        String words = delta.path("refusal").asText("");
        if (!words.isEmpty()) {
            speaks();
            anyRefusal = true;
            sink.refusal(scrubber.whole(words));
        }
    }

    private void toolCalls(JsonNode delta) {
        JsonNode given = delta.path("tool_calls");
        int position = 0;
        // Text Generation Inference 2, and Spark: one, without a list.
        for (JsonNode call : given.isObject() ? List.of(given) : given) {
            int index = call.path("index").asInt(position);
            if (call.path("custom").isObject()) {
                toolCall(index, call.path("id"), call.path("custom"), "input");
            } else {
                toolCall(index, call.path("id"), call.path("function"), "arguments");
            }
            position++;
        }
        // Behind a list it is the first call of that, in the API's older form: llama-cpp-python tells it in both.
        JsonNode old = delta.path("function_call");
        if (given.isEmpty() && old.isObject()) {
            toolCall(0, old.path("id"), old, "arguments");
        }
    }

    private void toolCall(int index, JsonNode id, JsonNode function, String name) {
        JsonNode arguments = function.path(name);
        String words = arguments.isObject() ? arguments.toString() : arguments.asText("");
        if (calls.piece(index, textOf(id), textOf(function.path("name")), scrubber.whole(words))) {
            speaks();
        }
    }

    private void reasoning(String piece) {
        if (!piece.isEmpty()) {
            speaks();
            anyReasoning = true;
            sink.reasoning(scrubber.whole(piece));
        }
    }

    private void text(String said) {
        // The mark at the thoughts' end stands before the answer.
        String piece = markedThought ? Thoughts.unmarked(said) : said;
        if (!said.isEmpty()) {
            markedThought = false;
        }
        if (!piece.isEmpty()) {
            speaks();
            anyText = true;
            sink.text(scrubber.whole(piece));
        }
    }

    private static @Nullable String textOf(JsonNode node) {
        return Optional.of(node.asText(""))
                .filter(text -> !text.isEmpty() && !node.isNull())
                .orElse(null);
    }

    private void end(String word) {
        if (progress == Progress.ENDED) {
            return;
        }
        progress = Progress.ENDED;
        Optional<FinishReason> reason = FinishWord.reason(word);
        if (reason.isEmpty()) {
            sink.failed(ErrorCode.UPSTREAM_ERROR, "The upstream broke the answer off: " + word + ".", null);
        } else if (reason.get() == FinishReason.STOP && anyRefusal) {
            sink.done(FinishReason.REFUSAL, finishReason);
        } else {
            sink.done(reason.get(), finishReason);
        }
    }
}
