package rivulet.feed;

/**
 * What comes first looks like a string, a number or a literal: it is kept while it may be one with nothing but white
 * space after it. Its text is read a second time once that is decided.
 */
final class RootScalar {
    private final StringBuilder text = new StringBuilder();
    private final JsonValue value;
    private String refusal = "";

    RootScalar(JsonFields.Limits limits) {
        this.value = new JsonValue(JsonFields.Steps.UNSEEN, limits);
    }

    /** Takes one more character; false when with it this would be no scalar. */
    boolean accept(char c) {
        boolean ended = value.complete();
        if (!belongs(c)) {
            return false;
        }
        // White space after the end could go on without any limit.
        if (!ended) {
            text.append(c);
        }
        return true;
    }

    boolean complete() {
        return value.complete();
    }

    /** What was accepted. */
    String text() {
        return text.toString();
    }

    /** Why it was no scalar, or empty when one had ended and something followed. */
    String refusal() {
        return refusal;
    }

    private boolean belongs(char c) {
        try {
            boolean taken = !value.complete() && value.text(String.valueOf(c)) == 1;
            return taken || JsonValue.isWhiteSpace(c);
        } catch (InvalidJson invalid) {
            refusal = String.valueOf(invalid.getMessage());
            return false;
        }
    }
}
