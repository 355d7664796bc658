package rivulet.feed;

import com.networknt.schema.regex.RegularExpression;
import com.networknt.schema.regex.RegularExpressionFactory;
import com.networknt.schema.regex.RegularExpressions;
import java.util.function.Supplier;
import java.util.regex.Pattern;

/**
 * The patterns of schemas, with a bound on their work. A schema comes from a caller, and the text that is matched from a
 * model that the caller may have told what to say: some patterns take time that is exponential in the text's length.
 */
final class BoundedPatterns implements RegularExpressionFactory {
    /** How often one validation may look at a character: more than a mebibyte of text needs, and some tenth of a second. */
    private static final int MOST_LOOKS = 20_000_000;

    /** How many looks the validation that this thread runs has left. */
    private static final ThreadLocal<int[]> LEFT = ThreadLocal.withInitial(() -> new int[1]);

    /**
     * Runs a validation on this thread.
     *
     * @throws TooMuch if its patterns take too much
     */
    static <T> T bounded(Supplier<T> validation) {
        LEFT.get()[0] = MOST_LOOKS;
        try {
            return validation.get();
        } finally {
            LEFT.remove();
        }
    }

    @Override
    public RegularExpression getRegularExpression(String regex) {
        // As the library does, for what ECMAScript and Java write differently.
        Pattern pattern = Pattern.compile(
                RegularExpressions.replaceLongformCharacterProperties(RegularExpressions.replaceDollarAnchors(regex)));
        return text -> find(pattern, text);
    }

    private static boolean find(Pattern pattern, String text) {
        try {
            return pattern.matcher(new Counted(text, LEFT.get())).find();
        } catch (StackOverflowError e) {
            // A group that is repeated for each part of a long text.
            throw tooMuch();
        }
    }

    /** Too much time, or stack. */
    private static TooMuch tooMuch() {
        return new TooMuch("the schema's patterns take too much to match");
    }

    /** Text that counts how often it is looked at. */
    private record Counted(String text, int[] left) implements CharSequence {
        @Override
        public char charAt(int index) {
            if (--left[0] < 0) {
                throw tooMuch();
            }
            return text.charAt(index);
        }

        @Override
        public int length() {
            return text.length();
        }

        @Override
        public CharSequence subSequence(int start, int end) {
            return text.subSequence(start, end);
        }

        @Override
        public String toString() {
            return text;
        }
    }
}
