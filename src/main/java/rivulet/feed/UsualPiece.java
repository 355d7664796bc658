package rivulet.feed;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The piece of text in an event that says nothing else, in the API's usual form: as nearly all events are. What is written
 * in any other way throws, and is for the API's reader; it would find the same piece here.
 */
final class UsualPiece {
    /** The type of the Responses API's event for a piece of text. */
    static final String TEXT_DELTA = "response.output_text.delta";

    /** What an event may hold beside its choices that says something. */
    private static final List<String> BESIDE_CHOICES = List.of("usage", "x_groq", "error");
    /** What a delta may hold beside its content that says something. */
    private static final List<String> BESIDE_CONTENT =
            List.of("reasoning_content", "reasoning", "refusal", "tool_calls", "function_call");

    private UsualPiece() {}

    /** The content in an event of Chat Completions, of one choice that goes on. */
    static String ofChatCompletion(String data) throws JsonCursor.Unusual {
        JsonCursor json = new JsonCursor(data);
        String content = null;
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
    static String ofResponse(String data) throws JsonCursor.Unusual {
        JsonCursor json = new JsonCursor(data);
        String type = null;
        String delta = null;
        json.beginObject();
        while (json.nextMember()) {
            if (json.nameIs("type")) {
                type = once(type, json.string());
                JsonCursor.require(type.equals(TEXT_DELTA));
            } else if (json.nameIs("delta")) {
                delta = once(delta, json.string());
            } else {
                json.pass();
            }
        }
        json.expectEnd();
        JsonCursor.require(type != null);
        return required(delta);
    }

    private static String choice(JsonCursor json) throws JsonCursor.Unusual {
        String content = null;
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
                json.pass();
            }
        }
        JsonCursor.require(!json.nextElement());
        return required(content);
    }

    private static String delta(JsonCursor json) throws JsonCursor.Unusual {
        String content = null;
        json.beginObject();
        while (json.nextMember()) {
            if (json.nameIs("content")) {
                content = once(content, json.string());
            } else {
                passUnlessTelling(json, BESIDE_CONTENT);
            }
        }
        return required(content);
    }

    private static void passUnlessTelling(JsonCursor json, List<String> telling) throws JsonCursor.Unusual {
        for (String name : telling) {
            if (json.nameIs(name)) {
                json.expectNull();
                return;
            }
        }
        json.pass();
    }

    /** The value of a member that comes once: of one that comes twice parsers know different things. */
    private static String once(@Nullable String before, String now) throws JsonCursor.Unusual {
        JsonCursor.require(before == null);
        return now;
    }

    private static String required(@Nullable String value) throws JsonCursor.Unusual {
        if (value == null) {
            throw new JsonCursor.Unusual();
        }
        return value;
    }
}
