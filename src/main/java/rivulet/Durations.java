package rivulet;

import java.time.Duration;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Durations as people write them: {@code 250ms}, {@code 1s}, {@code 2m}, {@code 1h}. */
final class Durations {
    /** What a text must look like, in words for an error. */
    static final String FORM = "a duration such as 250ms, 1s or 2m";

    /** A hundred years, which is what anything longer means: three times as much is more than nanoseconds can be counted. */
    private static final Duration LONGEST = Duration.ofDays(36_500);

    private static final Pattern PATTERN = Pattern.compile("(\\d{1,9})(ms|s|m|h)");

    private Durations() {}

    /** The duration that a text stands for, if it is one. */
    static Optional<Duration> parse(String text) {
        Matcher matcher = PATTERN.matcher(text.strip());
        if (!matcher.matches()) {
            return Optional.empty();
        }
        long amount = Long.parseLong(matcher.group(1));
        Duration duration = switch (matcher.group(2)) {
            case "ms" -> Duration.ofMillis(amount);
            case "s" -> Duration.ofSeconds(amount);
            case "m" -> Duration.ofMinutes(amount);
            default -> Duration.ofHours(amount);
        };
        return Optional.of(duration.compareTo(LONGEST) < 0 ? duration : LONGEST);
    }
}
