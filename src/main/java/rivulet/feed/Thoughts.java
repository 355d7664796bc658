package rivulet.feed;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;

/** Where Chat Completions' providers put what the model thinks before it answers: the API has no place for it. */
final class Thoughts {
    /** Members of a delta; of several the first counts, since they hold the same. */
    static final List<String> NAMES = List.of("reasoning_content", "reasoning", "reasoning_text", "reasoning_details");

    private Thoughts() {}

    /** What is thought in a delta; empty if nothing is. */
    static String in(JsonNode delta) {
        for (String name : NAMES) {
            String words = words(delta.path(name));
            if (!words.isEmpty()) {
                return words;
            }
        }
        return "";
    }

    /** The words of a thought: a text, an object that holds one, or a list of these. */
    static String words(JsonNode thought) {
        if (thought.isTextual()) {
            return thought.textValue();
        }
        if (thought.isObject()) {
            return thought.path("text").asText(thought.path("summary").asText(""));
        }
        StringBuilder words = new StringBuilder();
        for (JsonNode part : thought) {
            words.append(words(part));
        }
        return words.toString();
    }
}
