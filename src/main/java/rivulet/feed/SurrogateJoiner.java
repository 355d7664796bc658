package rivulet.feed;

/**
 * Text in pieces that may be cut inside a surrogate pair, given back in pieces that are not: half a pair at the end of a
 * piece waits for the next one, and a half that has no partner becomes U+FFFD, since UTF-8 has no form for it. Safe
 * on any thread: a stream may be cut while a piece comes.
 */
final class SurrogateJoiner {
    private static final char REPLACEMENT = '\uFFFD';

    /** Set under the lock, and by the thread that the pieces come on alone, but for the end. */
    private volatile char waiting;

    /** What can be shown of all that has come, perhaps nothing. */
    String join(String piece) {
        int last = piece.length() - 1;
        // Nearly all are whole, and many: they take no lock.
        boolean whole = waiting == 0 && last >= 0 && !Character.isHighSurrogate(piece.charAt(last));
        return whole ? replaceHalves(piece) : joinHalf(piece);
    }

    private synchronized String joinHalf(String piece) {
        if (piece.isEmpty()) {
            return piece;
        }
        String text = waiting == 0 ? piece : waiting + piece;
        waiting = 0;
        int last = text.length() - 1;
        if (Character.isHighSurrogate(text.charAt(last))) {
            waiting = text.charAt(last);
            text = text.substring(0, last);
        }
        return replaceHalves(text);
    }

    /** Whether half a pair waits for the other. */
    boolean waits() {
        return waiting != 0;
    }

    /** What is left when no more comes. */
    synchronized String end() {
        String left = waiting == 0 ? "" : String.valueOf(REPLACEMENT);
        waiting = 0;
        return left;
    }

    /** A text that is whole, with U+FFFD for each half that has no partner. */
    static String replaceHalves(String text) {
        int half = indexOfHalf(text, indexOfSurrogate(text));
        if (half < 0) {
            return text;
        }
        StringBuilder whole = new StringBuilder(text);
        while (half >= 0) {
            whole.setCharAt(half, REPLACEMENT);
            half = indexOfHalf(whole, half + 1);
        }
        return whole.toString();
    }

    /** Most text has none: its length is the answer then. */
    private static int indexOfSurrogate(String text) {
        int i = 0;
        while (i < text.length() && !Character.isSurrogate(text.charAt(i))) {
            i++;
        }
        return i;
    }

    private static int indexOfHalf(CharSequence text, int from) {
        int i = from;
        while (i < text.length()) {
            // An unpaired half is the only code point in the range of the surrogates.
            int codePoint = Character.codePointAt(text, i);
            if (codePoint >= Character.MIN_SURROGATE && codePoint <= Character.MAX_SURROGATE) {
                return i;
            }
            i += Character.charCount(codePoint);
        }
        return -1;
    }
}
