package rivulet.feed;

import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The piece of text in an event that says nothing else, in the API's usual form: as nearly all events are. What is written
 * in any other way throws, and is for the API's reader; it would find the same piece here.
 *
 * @param text the piece
 * @param from where it begins in the event's data, behind its quotation mark
 * @param to where it ends there, at its quotation mark
 */
record UsualPiece(String text, int from, int to) {
    /** The type of the Responses API's event for a piece of text. */
    static final String TEXT_DELTA = "response.output_text.delta";

    /** What an event may hold beside its choices that says something. */
    private static final String[] BESIDE_CHOICES = {"usage", "x_groq", "error", "base_resp"};
    /** What a choice may hold beside its delta that says something. */
    private static final String[] BESIDE_DELTA = {"usage", "error"};
    /** What a delta may hold beside its content that says something. */
    private static final String[] BESIDE_CONTENT = Stream.concat(
                    Thoughts.NAMES.stream(), Stream.of(Thoughts.MARKED, "refusal", "tool_calls", "function_call"))
            .toArray(String[]::new);

    /** The content in an event of Chat Completions, of one choice that goes on. */
    static UsualPiece ofChatCompletion(String data) throws JsonCursor.Unusual {
        JsonCursor json = new JsonCursor(data);
        UsualPiece content = null;
        json.beginObject();
        while (json.nextMember()) {
            if (json.nameIs("choices")) {
                content = once(content, choice(json));
            } else {
                passUnlessTelling(json, BESIDE_CHOICES);
            }
        }
        json.expectEnd();
        return required(content);
    }

    /** The delta in an event of the Responses API. */
    static UsualPiece ofResponse(String data) throws JsonCursor.Unusual {
        JsonCursor json = new JsonCursor(data);
        boolean isDelta = false;
        UsualPiece delta = null;
        json.beginObject();
        while (json.nextMember()) {
            if (json.nameIs("type")) {
                JsonCursor.require(!isDelta && json.string().equals(TEXT_DELTA));
                isDelta = true;
            } else if (json.nameIs("delta")) {
                delta = once(delta, string(json));
            } else {
                json.pass();
            }
        }
        json.expectEnd();
        JsonCursor.require(isDelta);
        return required(delta);
    }

    /** Whether it is written as it reads, without an escape. */
    boolean plain() {
        return to - from == text.length();
    }

    private static UsualPiece choice(JsonCursor json) throws JsonCursor.Unusual {
        UsualPiece content = null;
        json.beginArray();
        JsonCursor.require(json.nextElement());
        json.beginObject();
        while (json.nextMember()) {
            if (json.nameIs("delta")) {
                content = once(content, delta(json));
            } else if (json.nameIs("index")) {
                json.expectZero();
            } else if (json.nameIs("finish_reason")) {
                json.expectNull();
            } else {
                passUnlessTelling(json, BESIDE_DELTA);
            }
        }
        JsonCursor.require(!json.nextElement());
        return required(content);
    }

    private static UsualPiece delta(JsonCursor json) throws JsonCursor.Unusual {
        UsualPiece content = null;
        json.beginObject();
        while (json.nextMember()) {
            if (json.nameIs("content")) {
                content = once(content, string(json));
            } else {
                passUnlessTelling(json, BESIDE_CONTENT);
            }
        }
        return required(content);
    }

    private static UsualPiece string(JsonCursor json) throws JsonCursor.Unusual {
        String text = json.string();
        return new UsualPiece(text, json.stringFrom(), json.stringTo());
    }

    private static void passUnlessTelling(JsonCursor json, String[] telling) throws JsonCursor.Unusual {
        for (String name : telling) {
            if (json.nameIs(name)) {
                json.expectNull();
                return;
            }
        }
        json.pass();
    }

    /** The value of a member that comes once: of one that comes twice parsers know different things. */
    private static UsualPiece once(@Nullable UsualPiece before, UsualPiece now) throws JsonCursor.Unusual {
        JsonCursor.require(before == null);
        return now;
    }

    private static UsualPiece required(@Nullable UsualPiece value) throws JsonCursor.Unusual {
        if (value == null) {
            throw new JsonCursor.Unusual();
        }
        return value;
    }
}
