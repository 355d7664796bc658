package rivulet.feed;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import rivulet.log.ErrorCode;
import rivulet.log.SharedBuffers;

/** Reads the events of an answer as they stand on the wire: what is JSON goes to the API's own reader. */
final class AnswerEvents {
    private static final ObjectMapper MAPPER = SharedBuffers.mapper().build();
    /** OpenAI's end of a stream, the one event that is no JSON. */
    private static final String DONE_MARKER = "[DONE]";

    private static final String ERROR = "error";

    private final AnswerReader reader;
    private final Sink sink;
    private final Scrubber scrubber;
    private final @Nullable BackgroundAnswer background;

    /** @param background takes note of the events; null: the answer is not asked for in background mode */
    AnswerEvents(AnswerReader reader, Sink sink, Scrubber scrubber, @Nullable BackgroundAnswer background) {
        this.background = background;
        this.reader = reader;
        this.sink = sink;
        this.scrubber = scrubber;
    }

    /**
     * Takes one event.
     *
     * @param type its name, if it has one
     * @param data not blank
     * @param mayBeCut whether the body ended inside it, so that it may not be whole
     */
    AnswerReader.Progress event(@Nullable String type, String data, boolean mayBeCut) {
        if (background == null && !ERROR.equals(type)) {
            AnswerReader.Progress said = reader.usual(data);
            if (said != null) {
                return said;
            }
        }
        if (data.strip().equals(DONE_MARKER)) {
            return reader.doneMarker();
        }
        JsonNode event;
        try {
            event = MAPPER.readTree(data);
        } catch (JsonProcessingException e) {
            // What is cut says nothing; that the body has ended is told next.
            return mayBeCut
                    ? AnswerReader.Progress.OPEN
                    : fail(UpstreamError.notJson(data, ERROR.equals(type), scrubber));
        }
        if (background == null) {
            return read(type, event);
        }
        return switch (background.hear(event)) {
            case KNOWN -> AnswerReader.Progress.OPEN;
            case BEYOND_A_GAP ->
                fail(new UpstreamError(
                        ErrorCode.UPSTREAM_TRUNCATED,
                        "The connection to the upstream broke, and what came next is no longer to be had.",
                        null));
            case NEW -> {
                AnswerReader.Progress progress = read(type, event);
                if (progress == AnswerReader.Progress.ENDED) {
                    background.ended();
                }
                yield progress;
            }
        };
    }

    /** The short way for the events of this answer that are usual; null: there is none, each event is taken note of. */
    @Nullable
    UsualEvents usual(Consumer<String> pieces) {
        return background == null ? new UsualEvents(reader::usualPiece, pieces) : null;
    }

    /** Takes a piece that came the short way. */
    AnswerReader.Progress piece(String piece) {
        return reader.piece(piece);
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
        return ERROR.equals(type)
                ? fail(UpstreamError.of(event.has(ERROR) ? event.path(ERROR) : event, scrubber))
                : reader.event(event);
    }

    /** The body has ended, cleanly or not: the sink is told the end, if it was not yet. */
    void end() {
        reader.end();
    }

    private AnswerReader.Progress fail(UpstreamError error) {
        sink.failed(error.code(), error.message(), error.retryAfter());
        return AnswerReader.Progress.ENDED;
    }
}
