package rivulet.feed;

/**
 * One string, name or value, decoded as it arrives (RFC 8259 section 7).
 *
 * <pre>
 *          \             u
 *   PLAIN ---> BACKSLASH ---> HEX         PLAIN --"--> CLOSED
 *     ^____________|___________| fourth digit
 * </pre>
 *
 * The two halves of a surrogate pair are joined however they were written or cut. A half without its partner, which
 * Jackson accepts from text, comes out as U+FFFD: nobody could encode it as UTF-8 (RFC 8259 section 8.2).
 */
final class JsonString {
    private enum State {
        PLAIN,
        BACKSLASH,
        HEX,
        CLOSED
    }

    private static final char REPLACEMENT = '\uFFFD';
    private static final char NO_HALF = 0;

    private final JsonPointer where;
    private final StringBuilder decoded = new StringBuilder();
    private State state = State.CLOSED;
    /** A high surrogate that waits for its low one. */
    private char half = NO_HALF;

    private int hexDigits;
    private int hexValue;

    /** {@code where} is read only to say where a refusal was. */
    JsonString(JsonPointer where) {
        this.where = where;
    }

    /** Begins a string after its opening quote. */
    void open() {
        decoded.setLength(0);
        half = NO_HALF;
        state = State.PLAIN;
    }

    /** Reads up to the closing quote or {@code to}, and returns the index after what it read. */
    int read(String text, int from, int to) {
        int at = from;
        while (at < to && state != State.CLOSED) {
            switch (state) {
                case BACKSLASH -> escape(text.charAt(at++));
                case HEX -> hex(text.charAt(at++));
                default -> at = run(text, at, to);
            }
        }
        return at;
    }

    boolean closed() {
        return state == State.CLOSED;
    }

    /** How many characters are decoded and not taken yet. */
    int length() {
        return decoded.length();
    }

    /** What was decoded since the last call; whole code points only. */
    String take() {
        String taken = decoded.toString();
        decoded.setLength(0);
        return taken;
    }

    /** Copies all that stands for itself in one go, then minds the one character that does not. */
    private int run(String text, int from, int to) {
        int at = from;
        while (at < to && standsForItself(text.charAt(at))) {
            at++;
        }
        if (at > from) {
            dropHalf();
            decoded.append(text, from, at);
        }
        if (at == to) {
            return at;
        }
        special(text.charAt(at));
        return at + 1;
    }

    private static boolean standsForItself(char c) {
        return c >= ' ' && c != '"' && c != '\\' && !Character.isSurrogate(c);
    }

    private void special(char c) {
        switch (c) {
            case '"' -> {
                dropHalf();
                state = State.CLOSED;
            }
            case '\\' -> state = State.BACKSLASH;
            default -> {
                if (c < ' ') {
                    throw InvalidJson.expected("control characters in a string to be escaped", c, where);
                }
                put(c);
            }
        }
    }

    private void escape(char c) {
        state = State.PLAIN;
        switch (c) {
            case '"', '\\', '/' -> put(c);
            case 'b' -> put('\b');
            case 'f' -> put('\f');
            case 'n' -> put('\n');
            case 'r' -> put('\r');
            case 't' -> put('\t');
            case 'u' -> {
                hexDigits = 0;
                hexValue = 0;
                state = State.HEX;
            }
            default -> throw InvalidJson.expected("one of \"\\/bfnrtu after a backslash", c, where);
        }
    }

    private void hex(char c) {
        // Character.digit alone knows the digits of every script.
        int digit = c < 0x80 ? Character.digit(c, 16) : -1;
        if (digit < 0) {
            throw InvalidJson.expected("four hexadecimal digits after \\u", c, where);
        }
        hexValue = hexValue * 16 + digit;
        if (++hexDigits == 4) {
            state = State.PLAIN;
            put((char) hexValue);
        }
    }

    private void put(char c) {
        if (half != NO_HALF && Character.isLowSurrogate(c)) {
            decoded.append(half).append(c);
            half = NO_HALF;
            return;
        }
        dropHalf();
        if (Character.isHighSurrogate(c)) {
            half = c;
        } else {
            decoded.append(Character.isLowSurrogate(c) ? REPLACEMENT : c);
        }
    }

    private void dropHalf() {
        if (half != NO_HALF) {
            decoded.append(REPLACEMENT);
            half = NO_HALF;
        }
    }
}
