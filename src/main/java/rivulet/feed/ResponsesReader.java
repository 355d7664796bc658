package rivulet.feed;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import rivulet.feed.OutputWords.Teller;
import rivulet.log.ErrorCode;
import rivulet.log.FinishReason;

/**
 * Reads a Responses stream as servers really send it: {@code OPEN -> ENDED} at {@code response.completed}, {@code
 * response.incomplete}, {@code response.failed} or {@code error}. There is no {@code [DONE]}; where one comes it says
 * nothing. The deltas are the answer, whatever the events behind them hold whole; only where there was none of them
 * these are read, and in the end what the whole response holds beyond what was told. Of all the API's deltas only those
 * named here are read.
 */
final class ResponsesReader implements AnswerReader {
    private final Sink sink;
    private final Scrubber scrubber;
    private final OutputCalls calls;
    private Progress progress = Progress.OPEN;
    /** Text and refusals. */
    private final OutputWords answer;

    private final OutputWords thoughts;
    private final EchoedWords thought = new EchoedWords();
    /** The ids of the thoughts that have begun: LocalAI tells their words by the events of a text. */
    private final Set<String> thoughtIds = new HashSet<>();

    private final boolean resumed;
    private boolean anyRefusal;

    /** @param resumed whether the answer's beginning is not heard: then what is whole repeats what was said before */
    ResponsesReader(Sink sink, Scrubber scrubber, boolean resumed) {
        this.sink = sink;
        this.scrubber = scrubber;
        this.calls = new OutputCalls(sink, scrubber);
        this.resumed = resumed;
        this.answer = new OutputWords(resumed);
        this.thoughts = new OutputWords(resumed);
    }

    @Override
    public UsualPiece usualPiece(String data) throws JsonCursor.Unusual {
        for (String id : thoughtIds) {
            // What may be a thought's is the long way's to tell.
            JsonCursor.require(!data.contains(id));
        }
        return UsualPiece.ofResponse(data);
    }

    @Override
    public Progress piece(String piece) {
        if (progress != Progress.ENDED) {
            text(Teller.DELTAS, piece);
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
            case UsualPiece.TEXT_DELTA ->
                text(Teller.DELTAS, isOfThought(event) ? thought.toTell(type, delta) : delta, isOfThought(event));
            case "response.refusal.delta" -> refusal(Teller.DELTAS, delta);
            // The first was OpenAI's own name once, and is Command Code's.
            case "response.reasoning.delta", "response.reasoning_text.delta", "response.reasoning_summary_text.delta" ->
                reasoning(Teller.DELTAS, thought.toTell(type, Thoughts.words(event.path("delta"))));
            case "response.output_text.done" ->
                text(Teller.TEXT_DONE, event.path("text").asText(""), isOfThought(event));
            case "response.refusal.done" ->
                refusal(Teller.TEXT_DONE, event.path("refusal").asText(""));
            case "response.reasoning.done", "response.reasoning_text.done", "response.reasoning_summary_text.done" ->
                reasoning(Teller.TEXT_DONE, event.path("text").asText(""));
            case "response.content_part.done", "response.reasoning_summary_part.done" ->
                part(Teller.PART_DONE, event.path("part"), isOfThought(event));
            case "response.output_item.added" -> {
                begins(event.path("item"));
                calls.added(event);
            }
            case "response.output_item.done" -> {
                parts(Teller.ITEM_DONE, event.path("item"));
                calls.done(event);
                thoughtIds.remove(event.path("item").path("id").asText());
            }
            case "response.function_call_arguments.delta", "response.custom_tool_call_input.delta" ->
                calls.delta(event, delta);
            case "response.function_call_arguments.done", "response.custom_tool_call_input.done" ->
                calls.argumentsDone(event);
            case "response.completed", "response.incomplete" -> complete(response, type.equals("response.incomplete"));
            // Perplexity: the error stands in the event.
            case "response.failed", "response.error" -> {
                UpstreamError error = UpstreamError.in(event, scrubber);
                fail(error == null ? UpstreamError.of(response.path("error"), scrubber) : error);
            }
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

    private void begins(JsonNode item) {
        String id = item.path("id").asText("");
        thoughtIds.remove(id);
        if (isThought(item)) {
            thought.begin();
            if (!id.isEmpty()) {
                thoughtIds.add(id);
            }
        }
    }

    private static boolean isThought(JsonNode item) {
        return item.path("type").asText().equals("reasoning");
    }

    private boolean isOfThought(JsonNode event) {
        return thoughtIds.contains(event.path("item_id").asText());
    }

    private void text(Teller teller, String piece, boolean ofThought) {
        if (ofThought) {
            reasoning(teller, piece);
        } else {
            text(teller, piece);
        }
    }

    private void text(Teller teller, String piece) {
        String said = answer.toTell(teller, piece);
        if (!said.isEmpty()) {
            if (teller == Teller.DELTAS) {
                calls.answerGoesOn();
            }
            sink.text(scrubber.whole(said));
        }
    }

    private void refusal(Teller teller, String piece) {
        String said = answer.toTell(teller, piece);
        if (!said.isEmpty()) {
            anyRefusal = true;
            sink.refusal(scrubber.whole(said));
        }
    }

    private void reasoning(Teller teller, String piece) {
        String said = thoughts.toTell(teller, piece);
        if (!said.isEmpty()) {
            sink.reasoning(scrubber.whole(said));
        }
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
        if (!resumed) {
            output(response.path("output"));
        }
        progress = Progress.ENDED;
        String cut = response.path("incomplete_details").path("reason").asText("");
        if (incomplete || status.equals("incomplete") || !cut.isEmpty()) {
            boolean filtered = cut.equals("content_filter");
            sink.done(filtered ? FinishReason.CONTENT_FILTER : FinishReason.LENGTH, cut.isEmpty() ? null : cut);
        } else {
            sink.done(
                    anyRefusal ? FinishReason.REFUSAL : calls.anyWaits() ? FinishReason.TOOL_CALLS : FinishReason.STOP,
                    null);
        }
    }

    /** What the whole response holds, as far as it was not told before. */
    private void output(JsonNode items) {
        boolean called = calls.any();
        answer.wholeIs(words(items));
        for (JsonNode item : items) {
            parts(Teller.RESPONSE, item);
            calls.whole(item, !called);
        }
    }

    /** The answer's words in whole items. */
    private static String words(JsonNode items) {
        StringBuilder words = new StringBuilder();
        for (JsonNode item : items) {
            for (JsonNode part : isThought(item) ? List.<JsonNode>of() : item.path("content")) {
                switch (part.path("type").asText()) {
                    case "output_text" -> words.append(part.path("text").asText(""));
                    case "refusal" -> words.append(part.path("refusal").asText(""));
                    default -> {}
                }
            }
        }
        return words.toString();
    }

    /** The words in an item that is whole: a message's, or a thought's. */
    private void parts(Teller teller, JsonNode item) {
        item.path("summary").forEach(part -> part(teller, part, true));
        item.path("content").forEach(part -> part(teller, part, isThought(item)));
    }

    private void part(Teller teller, JsonNode part, boolean ofThought) {
        String words = part.path("text").asText("");
        switch (part.path("type").asText()) {
            case "output_text" -> text(teller, words, ofThought);
            case "refusal" -> refusal(teller, part.path("refusal").asText(""));
            case "summary_text", "reasoning_text" -> reasoning(teller, words);
            default -> {}
        }
    }
}
