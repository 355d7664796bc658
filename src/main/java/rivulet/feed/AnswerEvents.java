package rivulet.feed;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.jspecify.annotations.Nullable;

/** Reads the events of an answer as they stand on the wire: what is JSON goes to the API's own reader. */
final class AnswerEvents {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    /** OpenAI's end of a stream, the one event that is no JSON. */
    private static final String DONE_MARKER = "[DONE]";

    private static final String ERROR = "error";

    private final AnswerReader reader;
    private final Sink sink;
    private final Scrubber scrubber;

    AnswerEvents(AnswerReader reader, Sink sink, Scrubber scrubber) {
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
