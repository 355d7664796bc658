package rivulet.simulator;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Cuts a text into the pieces in which it is streamed and counted: a word with the space before it, or else a single
 * grapheme, a Hangul syllable or a Han character say. Joined again they are the text.
 */
final class Tokens {
    private static final String LETTER =
            "[\\p{L}\\p{N}\\p{M}\\u200c\\u200d&&[^\\p{IsHan}\\p{IsHangul}\\p{IsHiragana}\\p{IsKatakana}]]";
    private static final Pattern TOKEN = Pattern.compile(" ?(?:" + LETTER + "++(?:['’]" + LETTER + "++)*+|\\X)");

    private Tokens() {}

    static List<String> of(String text) {
        List<String> tokens = new ArrayList<>();
        Matcher matcher = TOKEN.matcher(text);
        while (matcher.find()) {
            tokens.add(matcher.group());
        }
        return tokens;
    }

    static int count(String text) {
        return of(text).size();
    }
}
