package rivulet.feed;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.regex.Pattern;

/** Where Chat Completions' providers put what the model thinks before it answers: the API has no place for it. */
final class Thoughts {
    /** Members of a delta; of several the first counts, since they hold the same. */
    static final List<String> NAMES = List.of(
            "reasoning_content", "reasoning", "reasoning_text", "reasoning_details", "tensorzero_extra_content");

    /** Where an object has the words of a thought; of several the first counts. */
    private static final List<String> WORDS = List.of("text", "summary", "summary_text");

    /** The member of a delta in which Gemini says that its content is a thought. */
    static final String MARKED = "extra_content";

    private static final Pattern MARK = Pattern.compile("\\A</?thought>|</thought>\\z");

    private Thoughts() {}

    /** Whether a delta's content is a thought. */
    static boolean isContent(JsonNode delta) {
        return delta.path(MARKED).path("google").path("thought").asBoolean();
    }

    /** Content without the marks that stand around thoughts: one before the first, one behind the last. */
    static String unmarked(String content) {
        return MARK.matcher(content).replaceAll("");
    }

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
        // Not true or false: that is said of thoughts, elsewhere.
        if (thought.isTextual() || thought.isNumber()) {
            return PieceText.of(thought);
        }
        if (thought.isObject()) {
            return WORDS.stream()
                    .map(name -> thought.path(name).asText(""))
                    .filter(words -> !words.isEmpty())
                    .findFirst()
                    .orElse("");
        }
        StringBuilder words = new StringBuilder();
        for (JsonNode part : thought) {
            words.append(words(part));
        }
        return words.toString();
    }
}
