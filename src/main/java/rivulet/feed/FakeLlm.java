package rivulet.feed;

import java.time.Duration;
import java.util.concurrent.ScheduledExecutorService;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** Says a given text as a model would: a character at a time. */
public final class FakeLlm {
    /**
     * One character as a reader sees it (UAX #29): a joined emoji or a Hangul syllable is one, however many code points
     * it takes. {@code BreakIterator} cuts joined emoji on Java 17.
     */
    private static final Pattern GRAPHEME = Pattern.compile("\\X");

    private FakeLlm() {}

    /**
     * A feed that says the text.
     *
     * @param delay between two characters
     * @param timer runs the feed
     */
    public static Feed feed(String text, Duration delay, ScheduledExecutorService timer) {
        return new PacedText(
                () -> GRAPHEME.matcher(text).results().map(MatchResult::group).iterator(), delay, timer);
    }
}
