package rivulet.feed;

import com.fasterxml.jackson.databind.JsonNode;
import org.jspecify.annotations.Nullable;

/** Reads the events of one answer. Not for use by several threads. */
interface AnswerReader {
    /** How far the answer is. */
    enum Progress {
        /** More is to come. */
        OPEN,
        /** The model has said all; usage or an error may follow, the end is good. */
        SETTLING,
        /** The sink has been told the end. */
        ENDED
    }

    /**
     * Takes an event that says nothing but a piece of the answer, in the API's usual form, as nearly all do.
     *
     * @param data as it stands on the wire
     * @return null if it is anything else: then nothing was taken, and {@link #event} is to read it
     */
    default @Nullable Progress usual(String data) {
        try {
            return piece(usualPiece(data).text());
        } catch (JsonCursor.Unusual e) {
            return null;
        }
    }

    /** The piece of the answer in such an event; see {@link UsualPiece}. Takes nothing. */
    UsualPiece usualPiece(String data) throws JsonCursor.Unusual;

    /** Takes a piece of the answer. */
    Progress piece(String piece);

    /** Takes one event. */
    Progress event(JsonNode event);

    /** Takes {@code [DONE]}, the marker that is no JSON. */
    Progress doneMarker();

    /**
     * The body has ended: the sink is told the end, if it was not yet.
     *
     * @param broken whether its connection broke
     */
    void end(boolean broken);
}
