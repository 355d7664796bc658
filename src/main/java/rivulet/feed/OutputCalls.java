package rivulet.feed;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Tells the tool calls of one Responses stream apart, and each of them once. By the API's letter each event has its item's
 * id, and its place in the output. But at some servers there is no place, or several calls are at one (Ollama), or the end
 * of a call is told at the next one's (vLLM); and ids are missing (llama.cpp), or change from event to event.
 */
final class OutputCalls {
    private final Sink sink;
    private final Scrubber scrubber;
    /** The newest call of each name. */
    private final Map<String, Call> named = new HashMap<>();

    private @Nullable Call newest;
    private int begun;
    private boolean functionWaits;
    private boolean customWaits;

    OutputCalls(Sink sink, Scrubber scrubber) {
        this.sink = sink;
        this.scrubber = scrubber;
    }

    /** Whether there was any. */
    boolean any() {
        return begun > 0;
    }

    /** Whether any is the caller's to make. */
    boolean anyWaits() {
        return functionWaits || customWaits;
    }

    /** The answer goes on in words: then xAI, which tells its own searches as calls of custom tools, has made them. */
    void answerGoesOn() {
        customWaits = false;
    }

    /** Takes an item that is added: if it is a call, that is announced. */
    void added(JsonNode event) {
        JsonNode item = event.path("item");
        if (isCall(item)) {
            List<String> names = names(event, item);
            @Nullable Call call = findSurely(names);
            if (call == null || call.done || (call.id != null && !call.id.equals(id(item)))) {
                call = begin(names, item);
            }
            tell(call, item, "");
        }
    }

    /** Takes an item that is done: a call that was not announced is told whole. */
    void done(JsonNode event) {
        JsonNode item = event.path("item");
        if (isCall(item)) {
            List<String> names = names(event, item);
            @Nullable Call call = findSurely(names);
            if (call == null) {
                call = find(names);
                call = call == null || call.done ? begin(names, item) : call;
            }
            call.done = true;
            tell(call, item, arguments(item));
        }
    }

    /**
     * Takes an item of the whole response.
     *
     * @param first whether no call was told before; else it is told only what one of those lacks
     */
    void whole(JsonNode item, boolean first) {
        if (isCall(item)) {
            @Nullable Call call = first ? begin(List.of(), item) : find(names(item, item));
            if (call != null) {
                tell(call, item, arguments(item));
            }
        }
    }

    /** Takes the next piece of a call's arguments. */
    void delta(JsonNode event, String piece) {
        if (!piece.isEmpty()) {
            tell(callOf(event), piece);
        }
    }

    /** Takes all of a call's arguments. */
    void argumentsDone(JsonNode event) {
        String all = arguments(event);
        if (!all.isEmpty()) {
            Call call = callOf(event);
            tell(call, call.untold(all));
        }
    }

    private static boolean isCall(JsonNode item) {
        String type = item.path("type").asText();
        return type.equals("function_call") || type.equals("custom_tool_call");
    }

    private static String id(JsonNode item) {
        return item.path("call_id").asText(item.path("id").asText(""));
    }

    private static String arguments(JsonNode holder) {
        return holder.path("arguments").asText(holder.path("input").asText(""));
    }

    /** What a call goes by in an event, the surest first: its place, and the ids of its item and its own. */
    private static List<String> names(JsonNode event, JsonNode item) {
        List<String> names = new ArrayList<>();
        if (event.has("output_index")) {
            names.add("at " + event.path("output_index").asText());
        }
        for (String name : List.of("item_id", "id", "call_id")) {
            String id = item.path(name).asText("");
            if (!id.isEmpty()) {
                names.add(id);
            }
        }
        return names;
    }

    /** The call at an event's place, if it has one: calls at several may have the same id. */
    private @Nullable Call findSurely(List<String> names) {
        return names.isEmpty() ? null : named.get(names.get(0));
    }

    private @Nullable Call find(List<String> names) {
        for (String name : names) {
            @Nullable Call call = named.get(name);
            if (call != null) {
                return call;
            }
        }
        return null;
    }

    /** @param told the call's item, or an event that tells its arguments */
    private Call begin(List<String> names, JsonNode told) {
        boolean custom = told.path("type").asText().contains("custom_tool_call");
        customWaits |= custom;
        functionWaits |= !custom;
        Call call = new Call(begun++);
        newest = call;
        names.forEach(name -> named.put(name, call));
        return call;
    }

    /** Whose arguments an event tells. */
    private Call callOf(JsonNode event) {
        List<String> names = names(event, event);
        @Nullable Call call = find(names);
        // An id that has changed says nothing.
        call = call == null && !event.has("output_index") ? newest : call;
        return call == null ? begin(names, event) : call;
    }

    private void tell(Call call, JsonNode item, String all) {
        String piece = call.untold(all);
        if (call.id == null) {
            String id = id(item);
            call.id = id;
            call.anyArguments |= !piece.isEmpty();
            sink.toolCall(
                    call.index, id.isEmpty() ? null : id, item.path("name").asText(""), scrubber.whole(piece));
        } else {
            tell(call, piece);
        }
    }

    private void tell(Call call, String piece) {
        if (!piece.isEmpty()) {
            call.anyArguments = true;
            sink.toolCall(call.index, null, null, scrubber.whole(piece));
        }
    }

    /** One call, as far as it was told. */
    private static final class Call {
        private final int index;
        /** Null until it is announced; empty if it has none. */
        private @Nullable String id;

        private boolean anyArguments;
        private boolean done;

        private Call(int index) {
            this.index = index;
        }

        /** What of all its arguments is to be told: none, if any were. */
        private String untold(String all) {
            return anyArguments ? "" : all;
        }
    }
}
