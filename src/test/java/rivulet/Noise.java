package rivulet;

import java.util.Random;

/** Text that cannot be kept in much less than three quarters of its bytes. */
public final class Noise {
    private static final String LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

    private Noise() {}

    /** So many letters and digits, others each time. */
    public static String text(Random random, int length) {
        return random.ints(length, 0, LETTERS.length())
                .map(LETTERS::charAt)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }
}
