package rivulet.log;

/** A text that may be too long to be shown, or logged, whole. */
public final class Excerpt {
    private Excerpt() {}

    /**
     * The text, or its beginning and an ellipsis, which never cuts a character in two.
     *
     * @param mostChars of the text, in UTF-16; at least 1
     */
    public static String of(String text, int mostChars) {
        if (text.length() <= mostChars) {
            return text;
        }
        boolean half = Character.isHighSurrogate(text.charAt(mostChars - 1));
        return text.substring(0, half ? mostChars - 1 : mostChars) + "…";
    }
}
