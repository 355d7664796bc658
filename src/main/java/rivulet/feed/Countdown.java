package rivulet.feed;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ScheduledExecutorService;

/** Counts down to a launch, as the tutorial does: {@code 5 4 3 2 1 발사!}. */
public final class Countdown {
    private static final String LAUNCH = "발사!";

    private Countdown() {}

    /**
     * A countdown.
     *
     * @param from the first number, at least 1
     * @param interval between two numbers
     * @param timer runs the feed
     */
    public static Feed feed(int from, Duration interval, ScheduledExecutorService timer) {
        List<String> pieces = new ArrayList<>();
        for (int number = from; number > 0; number--) {
            pieces.add(String.valueOf(number));
        }
        pieces.add(LAUNCH);
        return new PacedText(pieces, interval, timer);
    }
}
