package rivulet.feed;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import rivulet.log.ErrorCode;
import rivulet.log.FinishReason;

/**
 * Reads a Responses stream as servers really send it: {@code OPEN -> ENDED} at {@code response.completed}, {@code
 * response.incomplete}, {@code response.failed} or {@code error}. There is no {@code [DONE]}; where one comes it says
 * nothing. The deltas are the answer, whatever the whole response at the end holds; only where there was none of them
 * the whole is read. Of all the API's deltas only those named here are read.
 */
final class ResponsesReader implements AnswerReader {
    private final Sink sink;
    private final Scrubber scrubber;
    private final Map<String, Integer> calls = new HashMap<>();
    private final Set<String> callsWithArguments = new HashSet<>();
    private Progress progress = Progress.OPEN;
    /** Whether text or refusal came in deltas: then whole ones only repeat them. */
    private boolean anyDelta;

    private final boolean resumed;
    private boolean anyText;
    private boolean anyRefusal;
    private boolean anyReasoning;

    /** @param resumed whether the answer's beginning is not heard: then what is whole repeats what was said before */
    ResponsesReader(Sink sink, Scrubber scrubber, boolean resumed) {
        this.sink = sink;
        this.scrubber = scrubber;
        this.resumed = resumed;
        this.anyDelta = resumed;
    }

    @Override
    public UsualPiece usualPiece(String data) throws JsonCursor.Unusual {
        return UsualPiece.ofResponse(data);
    }

    @Override
    public Progress piece(String piece) {
        if (progress != Progress.ENDED) {
            anyDelta = true;
            text(piece);
        }
        return progress;
    }

    @Override
    public Progress event(JsonNode event) {
        if (progress == Progress.ENDED) {
            return progress;
        }
        JsonNode response = event.path("response");
        String type = event.path("type").asText();
        String delta = event.path("delta").asText("");
        switch (type) {
            case UsualPiece.TEXT_DELTA -> {
                anyDelta = true;
                text(delta);
            }
            case "response.refusal.delta" -> {
                anyDelta = true;
                refusal(delta);
            }
            case "response.output_text.done" ->
                text(anyDelta ? "" : event.path("text").asText(""));
            case "response.refusal.done" ->
                refusal(anyDelta ? "" : event.path("refusal").asText(""));
            case "response.reasoning_text.delta", "response.reasoning_summary_text.delta" -> reasoning(delta);
            case "response.output_item.added", "response.output_item.done" ->
                item(key(event, event.path("item")), event.path("item"), type.endsWith(".done"));
            case "response.function_call_arguments.delta", "response.custom_tool_call_input.delta" ->
                arguments(event, delta);
            case "response.completed", "response.incomplete" -> complete(response, type.equals("response.incomplete"));
            case "response.failed" -> fail(UpstreamError.of(response.path("error"), scrubber));
            default -> other(event, type);
        }
        return progress;
    }

    @Override
    public Progress doneMarker() {
        return progress;
    }

    @Override
    public void end(boolean broken) {
        if (progress == Progress.OPEN) {
            progress = Progress.ENDED;
            sink.failed(
                    ErrorCode.UPSTREAM_TRUNCATED,
                    "The upstream's stream ended without response.completed: the answer may be cut.",
                    null);
        }
    }

    /** An error in an event of this API concerns a part of the answer, such as a tool's call; it may go on. */
    private void other(JsonNode event, String type) {
        UpstreamError error = type.startsWith("response.") ? null : UpstreamError.inEvent(event, scrubber);
        if (error != null) {
            fail(error);
        }
    }

    private void text(String piece) {
        anyText |= !piece.isEmpty();
        sink.text(scrubber.whole(piece));
    }

    private void refusal(String piece) {
        anyRefusal |= !piece.isEmpty();
        sink.refusal(scrubber.whole(piece));
    }

    private void reasoning(String piece) {
        anyReasoning |= !piece.isEmpty();
        sink.reasoning(scrubber.whole(piece));
    }

    private void fail(UpstreamError error) {
        progress = Progress.ENDED;
        sink.failed(error.code(), error.message(), error.retryAfter());
    }

    private void complete(JsonNode response, boolean incomplete) {
        UsageReader.read(response.path("usage"), sink);
        UpstreamError error = UpstreamError.in(response, scrubber);
        String status = response.path("status").asText();
        if (error != null || status.equals("failed") || status.equals("cancelled")) {
            fail(error == null ? UpstreamError.of(response.path("status"), scrubber) : error);
            return;
        }
        output(response.path("output"));
        progress = Progress.ENDED;
        String cut = response.path("incomplete_details").path("reason").asText("");
        if (incomplete || status.equals("incomplete") || !cut.isEmpty()) {
            boolean filtered = cut.equals("content_filter");
            sink.done(filtered ? FinishReason.CONTENT_FILTER : FinishReason.LENGTH, cut.isEmpty() ? null : cut);
        } else {
            sink.done(
                    anyRefusal ? FinishReason.REFUSAL : calls.isEmpty() ? FinishReason.STOP : FinishReason.TOOL_CALLS,
                    null);
        }
    }

    /** What the whole response holds, as far as nothing of its kind was said before. */
    private void output(JsonNode items) {
        boolean answered = resumed || anyText || anyRefusal;
        boolean thought = resumed || anyReasoning;
        boolean called = resumed || !calls.isEmpty();
        int index = 0;
        for (JsonNode item : items) {
            for (JsonNode part : item.path(item.path("type").asText().equals("reasoning") ? "summary" : "content")) {
                String words = part.path("text").asText("");
                switch (part.path("type").asText()) {
                    case "output_text" -> text(answered ? "" : words);
                    case "refusal" ->
                        refusal(answered ? "" : part.path("refusal").asText(""));
                    case "summary_text" -> reasoning(thought ? "" : words);
                    default -> {}
                }
            }
            if (!called) {
                item(String.valueOf(index), item, true);
            }
            index++;
        }
    }

    /** A call is announced when its item is added; one that was not is told whole when it is done. */
    private void item(String key, JsonNode item, boolean done) {
        String type = item.path("type").asText();
        if (!type.equals("function_call") && !type.equals("custom_tool_call")) {
            return;
        }
        boolean announced = calls.containsKey(key);
        String whole = done && callsWithArguments.add(key)
                ? item.path("arguments").asText(item.path("input").asText(""))
                : "";
        if (!announced || !whole.isEmpty()) {
            String id = announced ? null : textOf(item.path("call_id"), item.path("id"));
            sink.toolCall(
                    callIndex(key), id, announced ? null : item.path("name").asText(), whole);
        }
    }

    private void arguments(JsonNode event, String delta) {
        String key = key(event, event);
        callsWithArguments.add(key);
        sink.toolCall(callIndex(key), null, null, delta);
    }

    private int callIndex(String key) {
        return calls.computeIfAbsent(key, k -> calls.size());
    }

    /** What tells one call from another: its place in the output; its item's id changes at some servers. */
    private static String key(JsonNode event, JsonNode item) {
        return event.has("output_index")
                ? event.path("output_index").asText()
                : item.path("item_id").asText(item.path("id").asText(""));
    }

    private static @Nullable String textOf(JsonNode first, JsonNode second) {
        String text = first.asText(second.asText(""));
        return text.isEmpty() ? null : text;
    }
}
