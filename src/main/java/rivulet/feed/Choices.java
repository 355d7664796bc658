package rivulet.feed;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * Tells the choices of a Chat Completions stream that are of the answer, which has index 0, from those of others. Of
 * several answers each begins with its role, or has its piece beside another's. But at Higress and Helicone each block of
 * one answer, of Claude's, is a choice of its own: then there was no text before the first other one, but thoughts, or it
 * is a tool's call.
 */
final class Choices {
    /** Whether there are several answers. */
    private boolean several;
    /** Whether the choices are the blocks of one. */
    private boolean blocks;

    /**
     * Whether a choice is of the answer.
     *
     * @param alone whether its event has no other
     * @param onlyThought whether the answer has been thoughts so far, and no text
     */
    boolean isOfAnswer(JsonNode choice, boolean alone, boolean onlyThought) {
        if (choice.path("index").asInt() == 0) {
            return true;
        }
        JsonNode delta = choice.path("delta");
        several |= !alone || delta.path("role").isTextual();
        blocks |= onlyThought || !delta.path("tool_calls").isEmpty();
        return blocks && !several;
    }
}
