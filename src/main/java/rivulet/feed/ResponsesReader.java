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
 * nothing. The deltas are the answer, whatever the whole response at the end holds. Of all the API's deltas only those
 * named here are read.
 */
final class ResponsesReader implements AnswerReader {
    private final Sink sink;
    private final Scrubber scrubber;
    private final Map<String, Integer> calls = new HashMap<>();
    private final Set<String> callsWithArguments = new HashSet<>();
    private Progress progress = Progress.OPEN;
    private boolean anyRefusal;

    ResponsesReader(Sink sink, Scrubber scrubber) {
        this.sink = sink;
        this.scrubber = scrubber;
    }

    @Override
    public UsualPiece usualPiece(String data) throws JsonCursor.Unusual {
        return UsualPiece.ofResponse(data);
    }

    @Override
    public Progress piece(String piece) {
        if (progress != Progress.ENDED) {
            sink.text(scrubber.whole(piece));
        }
        return progress;
    }

    @Override
    public Progress event(JsonNode event) {
        if (progress == Progress.ENDED) {
            return progress;
        }
        JsonNode response = event.path("response");
        String delta = event.path("delta").asText("");
        switch (event.path("type").asText()) {
            case UsualPiece.TEXT_DELTA -> sink.text(scrubber.whole(delta));
            case "response.refusal.delta" -> {
                anyRefusal |= !delta.isEmpty();
                sink.refusal(delta);
            }
            case "response.reasoning_text.delta", "response.reasoning_summary_text.delta" -> sink.reasoning(delta);
            case "response.output_item.added", "response.output_item.done" -> item(event);
            case "response.function_call_arguments.delta", "response.custom_tool_call_input.delta" ->
                arguments(event, delta);
            case "response.completed", "response.incomplete" -> complete(response);
            case "response.failed" -> fail(UpstreamError.of(response.path("error"), scrubber));
            default -> other(event);
        }
        return progress;
    }

    @Override
    public Progress doneMarker() {
        return progress;
    }

    @Override
    public void end() {
        if (progress == Progress.OPEN) {
            progress = Progress.ENDED;
            sink.failed(
                    ErrorCode.UPSTREAM_TRUNCATED,
                    "The upstream's stream ended without response.completed: the answer may be cut.",
                    null);
        }
    }

    private void other(JsonNode event) {
        UpstreamError error = UpstreamError.inEvent(event, scrubber);
        if (error != null) {
            fail(error);
        }
    }

    private void fail(UpstreamError error) {
        progress = Progress.ENDED;
        sink.failed(error.code(), error.message(), error.retryAfter());
    }

    private void complete(JsonNode response) {
        progress = Progress.ENDED;
        UsageReader.read(response.path("usage"), sink);
        String cut = response.path("incomplete_details").path("reason").asText("");
        if (response.path("status").asText().equals("incomplete") || !cut.isEmpty()) {
            boolean filtered = cut.equals("content_filter");
            sink.done(filtered ? FinishReason.CONTENT_FILTER : FinishReason.LENGTH, cut.isEmpty() ? null : cut);
        } else {
            sink.done(
                    anyRefusal ? FinishReason.REFUSAL : calls.isEmpty() ? FinishReason.STOP : FinishReason.TOOL_CALLS,
                    null);
        }
    }

    /** A call is announced when its item is added; one that was not is told whole when it is done. */
    private void item(JsonNode event) {
        JsonNode item = event.path("item");
        String type = item.path("type").asText();
        if (!type.equals("function_call") && !type.equals("custom_tool_call")) {
            return;
        }
        String key = key(event, item);
        boolean announced = calls.containsKey(key);
        boolean done = event.path("type").asText().endsWith("done");
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
