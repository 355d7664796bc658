package rivulet.feed;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import rivulet.log.ErrorCode;
import rivulet.log.SharedBuffers;

/** Reads the events of an answer as they stand on the wire: what is JSON goes to the API's own reader. */
final class AnswerEvents {
    private static final ObjectMapper MAPPER = SharedBuffers.mapper()
            // Python writes NaN, of a probability as it may be: no reason to lose the answer.
            .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
            .build();
    /** OpenAI's end of a stream, the one event that is no JSON. */
    private static final String DONE_MARKER = "[DONE]";

    private static final String ERROR = "error";
    /** What the names of the Responses API's events begin with. */
    private static final String RESPONSE = "response.";
    /** Events that only keep the connection alive, whatever they hold. */
    private static final Set<String> KEEP_ALIVE = Set.of("ping", "heartbeat", "keepalive", "keep-alive");

    private final AnswerReader reader;
    private final Sink sink;
    private final Scrubber scrubber;
    private final @Nullable BackgroundAnswer background;
    private AnswerReader.Progress progress = AnswerReader.Progress.OPEN;

    /** @param background takes note of the events; null: the answer is not asked for in background mode */
    AnswerEvents(AnswerReader reader, Sink sink, Scrubber scrubber, @Nullable BackgroundAnswer background) {
        this.background = background;
        this.reader = reader;
        this.sink = sink;
        this.scrubber = scrubber;
    }

    /**
     * Whether an event only keeps the connection alive, as a comment does: it is blank or, at Vertex AI, a comment that was
     * sent as data. No JSON begins so; and what else stands in the event would be lost.
     */
    static boolean saysNothing(@Nullable String type, String data) {
        String told = data.strip();
        return told.isEmpty() || (told.startsWith(":") && told.indexOf('\n') < 0 && !ERROR.equals(type));
    }

    /**
     * Takes one event.
     *
     * @param type its name, if it has one
     * @param data which says something, see {@link #saysNothing}
     * @param mayBeCut whether the body ended inside it, so that it may not be whole
     */
    AnswerReader.Progress event(@Nullable String type, String data, boolean mayBeCut) {
        if (background == null && !ERROR.equals(type)) {
            AnswerReader.Progress said = reader.usual(data);
            if (said != null) {
                progress = said;
                return said;
            }
        }
        String told = data.strip();
        boolean marked = told.endsWith(DONE_MARKER);
        String json = marked ? told.substring(0, told.length() - DONE_MARKER.length()) : told;
        // Where what stands before it is not whole, it is no marker but a part of that.
        if (readAll(type, json, mayBeCut) && marked && progress != AnswerReader.Progress.ENDED) {
            progress = reader.doneMarker();
        }
        return progress;
    }

    /**
     * Mostly it is one; some servers write two, or the marker, where there should be the end of an event between them.
     *
     * @return whether all of it is JSON
     */
    private boolean readAll(@Nullable String type, String data, boolean mayBeCut) {
        try (JsonParser parser = MAPPER.createParser(data)) {
            JsonNode event = MAPPER.readTree(parser);
            while (event != null && progress != AnswerReader.Progress.ENDED) {
                progress = hear(type, typed(type, event));
                event = MAPPER.readTree(parser);
            }
            return true;
        } catch (IOException e) {
            // What is cut says nothing; that the body has ended is told next.
            if (!mayBeCut && (type == null || !KEEP_ALIVE.contains(type))) {
                progress = fail(UpstreamError.notJson(data, ERROR.equals(type), scrubber));
            }
            return false;
        }
    }

    /** The event, of which some gateways tell the type by its name alone. */
    private static JsonNode typed(@Nullable String name, JsonNode event) {
        return name != null && name.startsWith(RESPONSE) && event instanceof ObjectNode object && !event.has("type")
                ? object.put("type", name)
                : event;
    }

    private AnswerReader.Progress hear(@Nullable String type, JsonNode event) {
        if (background == null) {
            return read(type, event);
        }
        return switch (background.hear(event)) {
            case KNOWN -> progress;
            case BEYOND_A_GAP ->
                fail(new UpstreamError(
                        ErrorCode.UPSTREAM_TRUNCATED,
                        "The connection to the upstream broke, and what came next is no longer to be had.",
                        null));
            case NEW -> read(type, event);
        };
    }

    /** The short way for the events of this answer that are usual; null: there is none, each event is taken note of. */
    @Nullable
    UsualEvents usual(Consumer<String> pieces) {
        return background == null ? new UsualEvents(reader::usualPiece, pieces) : null;
    }

    /** Takes a piece that came the short way. */
    AnswerReader.Progress piece(String piece) {
        progress = reader.piece(piece);
        return progress;
    }

    /** Takes an event for no more than the id in it: nobody wants to know the answer any more. */
    void glance(String data) {
        try {
            if (background != null && background.id() == null) {
                BackgroundAnswer.Heard unused = background.hear(MAPPER.readTree(data));
            }
        } catch (JsonProcessingException e) {
            // The next one may be better.
        }
    }

    private AnswerReader.Progress read(@Nullable String type, JsonNode event) {
        if (!ERROR.equals(type)) {
            return reader.event(event);
        }
        UpstreamError inside = UpstreamError.in(event, scrubber);
        return fail(inside == null ? UpstreamError.of(event, scrubber) : inside);
    }

    /** The body has ended; see {@link AnswerReader#end}. */
    void end(boolean broken) {
        reader.end(broken);
    }

    private AnswerReader.Progress fail(UpstreamError error) {
        sink.failed(error.code(), error.message(), error.retryAfter());
        return AnswerReader.Progress.ENDED;
    }
}
