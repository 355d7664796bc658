package rivulet.log;

import com.google.errorprone.annotations.CanIgnoreReturnValue;

/** Text of ASCII alone, as most is that the server writes: it is its own UTF-8, and needs no array on its way to another. */
public final class Ascii {
    private Ascii() {}

    /** Whether a text has nothing but ASCII. */
    public static boolean only(String text) {
        int i = 0;
        while (i < text.length() && text.charAt(i) < 0x80) {
            i++;
        }
        return i == text.length();
    }

    /** Puts such a text into an array, at a place there; where what follows begins. */
    @CanIgnoreReturnValue
    @SuppressWarnings("deprecation") // For what it does to other text. It is the one that makes no array of its own.
    public static int put(String ascii, byte[] into, int at) {
        ascii.getBytes(0, ascii.length(), into, at);
        return at + ascii.length();
    }
}
