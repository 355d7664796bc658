package rivulet.simulator;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import rivulet.simulator.Answer.Kind;

/**
 * An answer of {@code /responses}, as a stream: {@code response.created}, {@code response.in_progress}, each output item
 * from {@code response.output_item.added} to {@code response.output_item.done}, and {@code response.completed} or
 * {@code response.incomplete}; in background mode {@code response.queued} is the second. Every event has its name twice, and its number:
 *
 * <pre>
 * event: response.output_text.delta
 * data: {"type":"response.output_text.delta","sequence_number":4,"item_id":"msg_…","output_index":0,"content_index":0,"delta":"This","logprobs":[]}
 *
 * </pre>
 */
final class ResponsesShape implements Shape {
    private final Answer answer;
    private final ResponseObject response;

    ResponsesShape(Prompt prompt, Answer answer) {
        this(answer, new ResponseObject(prompt, answer, "resp_" + prompt.seed()));
    }

    ResponsesShape(Answer answer, ResponseObject response) {
        this.answer = answer;
        this.response = response;
    }

    @Override
    public ObjectNode whole() {
        return response.ended();
    }

    @Override
    public List<Frame> events() {
        Events events = new Events(0);
        boolean queued = response.prompt().background();
        String first = queued ? "queued" : "in_progress";
        events.add("response.created", event -> event.set("response", response.unended(first)));
        if (queued) {
            events.add("response.queued", event -> event.set("response", response.unended(first)));
        }
        events.add("response.in_progress", event -> event.set("response", response.unended("in_progress")));
        if (!answer.reasoning().isEmpty()) {
            reasoning(events);
        }
        if (answer.kind() == Kind.TOOL_CALL) {
            toolCall(events);
        } else {
            message(events);
        }
        String end = answer.complete() ? "response.completed" : "response.incomplete";
        events.add(end, event -> event.set("response", response.ended()));
        return events.frames;
    }

    /** Documented with its members beside {@code type}, but sent inside {@code error}; {@code response.failed} follows it. */
    @Override
    public List<Frame> failure(int eventsBefore) {
        Events events = new Events(eventsBefore);
        events.add(
                "error",
                event -> event.set("error", ApiError.serverError().json().get("error")));
        events.add("response.failed", event -> event.set("response", response.failed()));
        return events.frames;
    }

    private void reasoning(Events events) {
        String id = response.reasoningId();
        events.add(
                "response.output_item.added",
                event -> event.put("output_index", 0).set("item", response.reasoning(false)));
        events.add(
                "response.reasoning_summary_part.added",
                event -> summary(event, id).set("part", ResponseObject.summaryText("")));
        for (String token : answer.reasoning()) {
            events.delta(
                    "response.reasoning_summary_text.delta",
                    event -> summary(event, id).put("delta", token));
        }
        events.add(
                "response.reasoning_summary_text.done",
                event -> summary(event, id).put("text", answer.reasoningText()));
        events.add(
                "response.reasoning_summary_part.done",
                event -> summary(event, id).set("part", ResponseObject.summaryText(answer.reasoningText())));
        events.add(
                "response.output_item.done",
                event -> event.put("output_index", 0).set("item", response.reasoning(true)));
    }

    private void message(Events events) {
        int index = response.answerIndex();
        boolean text = answer.kind() == Kind.TEXT;
        String part = text ? "response.output_text" : "response.refusal";
        events.add(
                "response.output_item.added",
                event -> event.put("output_index", index).set("item", response.message("in_progress")));
        events.add("response.content_part.added", event -> content(event).set("part", response.part("")));
        for (String token : answer.tokens()) {
            events.delta(part + ".delta", event -> logprobs(content(event).put("delta", token)));
        }
        events.add(part + ".done", event -> logprobs(content(event).put(text ? "text" : "refusal", answer.text())));
        events.add("response.content_part.done", event -> content(event).set("part", response.part(answer.text())));
        events.add(
                "response.output_item.done",
                event -> event.put("output_index", index)
                        .set("item", response.message(answer.complete() ? "completed" : "incomplete")));
    }

    private void toolCall(Events events) {
        int index = response.answerIndex();
        events.add(
                "response.output_item.added",
                event -> event.put("output_index", index).set("item", response.toolCall("in_progress", "")));
        for (String token : answer.tokens()) {
            events.delta(
                    "response.function_call_arguments.delta",
                    event -> item(event).put("delta", token));
        }
        events.add("response.function_call_arguments.done", event -> item(event).put("arguments", answer.text()));
        events.add(
                "response.output_item.done",
                event -> event.put("output_index", index)
                        .set("item", response.toolCall(answer.complete() ? "completed" : "incomplete", answer.text())));
    }

    private static ObjectNode summary(ObjectNode event, String id) {
        return event.put("item_id", id).put("output_index", 0).put("summary_index", 0);
    }

    private ObjectNode item(ObjectNode event) {
        return event.put("item_id", response.answerId()).put("output_index", response.answerIndex());
    }

    private ObjectNode content(ObjectNode event) {
        return item(event).put("content_index", 0);
    }

    private void logprobs(ObjectNode event) {
        if (answer.kind() == Kind.TEXT) {
            event.putArray("logprobs");
        }
    }

    /** Events one behind the other, numbered. */
    private static final class Events {
        private final List<Frame> frames = new ArrayList<>();
        private final int first;

        private Events(int first) {
            this.first = first;
        }

        private void add(String type, Consumer<ObjectNode> members) {
            add(false, type, members);
        }

        private void delta(String type, Consumer<ObjectNode> members) {
            add(true, type, members);
        }

        private void add(boolean delta, String type, Consumer<ObjectNode> members) {
            int number = first + frames.size();
            frames.add(Frame.event(delta, type, () -> {
                ObjectNode event = Json.object().put("type", type).put("sequence_number", number);
                members.accept(event);
                return event;
            }));
        }
    }
}
