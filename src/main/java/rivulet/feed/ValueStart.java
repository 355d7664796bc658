package rivulet.feed;

/**
 * Finds where the one JSON value starts in what a model says (PROTOCOL 3.5).
 *
 * <pre>
 *   FIRST --{ or [--> FOUND
 *     |  `--" - digit t f n--> SCALAR --end of text--> FOUND      else: PROSE, from the scalar's first character on
 *     v
 *   PROSE --{ ([ if wanted)--> OPENER --" or }--> FOUND           else: PROSE
 *     |
 *     +--```--> FENCE --info--> FENCE_INFO --line ends--> FIRST
 *                  |                `--`--> INLINE_CODE --line ends--> PROSE
 *                  `--line ends--> FIRST, or PROSE when it closes a fence
 * </pre>
 *
 * FENCE_INFO and INLINE_CODE lead to OPENER as PROSE does, for a model may put fence and value on one line.
 *
 * <p>An object or array that comes first starts at once. A scalar that comes first is the value only if nothing else
 * follows it (within a fence: nothing but the fence's end), so it is held back until then: models do begin with
 * {@code "Sure"!}, {@code 1. First} and {@code true story}, and structured answers that are not objects or arrays are
 * rare. Each character is looked at once, those of a scalar that was none twice.
 */
final class ValueStart {
    private enum State {
        FIRST,
        SCALAR,
        PROSE,
        OPENER,
        TICKS,
        FENCE,
        FENCE_INFO,
        INLINE_CODE,
        FOUND
    }

    private static final int FENCE_TICKS = 3;
    private static final char BYTE_ORDER_MARK = '\uFEFF';

    private final JsonFields.Limits limits;
    private final boolean arrayWanted;
    private final StringBuilder opening = new StringBuilder();
    private State state = State.FIRST;
    private RootScalar scalar;
    private String noScalar = "";
    private char opener;
    private int ticks;
    private boolean fenced;

    ValueStart(JsonFields.Limits limits, boolean arrayWanted) {
        this.limits = limits;
        this.arrayWanted = arrayWanted;
        this.scalar = new RootScalar(limits);
    }

    /** Reads until the start is found or the text ends, and returns the index after what it read. */
    int seek(String text) {
        int at = 0;
        while (at < text.length() && state != State.FOUND) {
            accept(text.charAt(at++));
        }
        return at;
    }

    boolean found() {
        return state == State.FOUND;
    }

    /** The value as far as it was read to know that it starts there; what follows belongs to it. */
    String opening() {
        return opening.toString();
    }

    /** Nothing follows: a scalar that was held back is the value. Throws when no value has started. */
    void end() {
        if (state == State.SCALAR) {
            found(scalar.text());
        } else if (state != State.FOUND) {
            String reason = noScalar.isEmpty() ? "" : ": " + noScalar;
            throw new InvalidJson("", "the text holds no JSON value" + reason);
        }
    }

    private void accept(char c) {
        switch (state) {
            case FIRST -> first(c);
            case SCALAR -> scalar(c);
            case PROSE -> prose(c);
            case OPENER -> afterOpener(c);
            case TICKS -> ticks(c);
            case FENCE -> fence(c);
            case FENCE_INFO -> fenceInfo(c);
            case INLINE_CODE -> inlineCode(c);
            case FOUND -> opening.append(c);
        }
    }

    private void acceptAs(State now, char c) {
        state = now;
        accept(c);
    }

    private void first(char c) {
        if (c == '{' || c == '[') {
            found(String.valueOf(c));
        } else if (startsValue(c)) {
            scalar = new RootScalar(limits);
            acceptAs(State.SCALAR, c);
        } else if (c != BYTE_ORDER_MARK && !JsonValue.isWhiteSpace(c)) {
            acceptAs(State.PROSE, c);
        }
    }

    private void scalar(char c) {
        if (scalar.accept(c)) {
            return;
        }
        if (fenced && scalar.complete() && c == '`') {
            found(scalar.text());
            return;
        }
        noScalar = scalar.refusal();
        state = State.PROSE;
        scalar.text().chars().forEach(unit -> accept((char) unit));
        accept(c);
    }

    private void prose(char c) {
        if (c == '`') {
            ticks = 1;
            state = State.TICKS;
        } else {
            state = State.PROSE;
            mayOpen(c);
        }
    }

    private void mayOpen(char c) {
        if (c == '{' || (c == '[' && arrayWanted)) {
            opener = c;
            state = State.OPENER;
        }
    }

    private void afterOpener(char c) {
        if (JsonValue.isWhiteSpace(c)) {
            return;
        }
        boolean opens = opener == '{' ? c == '"' || c == '}' : c == ']' || c == '[' || c == '{' || startsValue(c);
        if (opens) {
            found(String.valueOf(opener) + c);
        } else {
            acceptAs(State.PROSE, c);
        }
    }

    private void ticks(char c) {
        if (c == '`') {
            ticks++;
        } else {
            acceptAs(ticks >= FENCE_TICKS ? State.FENCE : State.PROSE, c);
        }
    }

    private void fence(char c) {
        if (isLineEnd(c)) {
            fenced = !fenced;
            state = fenced ? State.FIRST : State.PROSE;
        } else if (!JsonValue.isWhiteSpace(c)) {
            // Only an opening fence has an info string.
            acceptAs(State.FENCE_INFO, c);
        }
    }

    private void fenceInfo(char c) {
        if (isLineEnd(c)) {
            fenced = true;
            state = State.FIRST;
        } else if (c == '`') {
            // CommonMark 4.5: an info string holds no backtick, so this was no fence.
            state = State.INLINE_CODE;
        } else {
            mayOpen(c);
        }
    }

    private void inlineCode(char c) {
        if (isLineEnd(c)) {
            state = State.PROSE;
        } else {
            mayOpen(c);
        }
    }

    private void found(String start) {
        state = State.FOUND;
        opening.append(start);
    }

    private static boolean startsValue(char c) {
        return c == '"' || c == '-' || (c >= '0' && c <= '9') || c == 't' || c == 'f' || c == 'n';
    }

    private static boolean isLineEnd(char c) {
        return c == '\n' || c == '\r';
    }
}
