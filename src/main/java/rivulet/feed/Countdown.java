package rivulet.feed;

import java.time.Duration;
import java.util.concurrent.ScheduledExecutorService;
import java.util.stream.IntStream;
import java.util.stream.Stream;

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
        return new PacedText(() -> pieces(from).iterator(), interval, timer);
    }

    private static Stream<String> pieces(int from) {
        Stream<String> numbers = IntStream.iterate(from, number -> number > 0, number -> number - 1)
                .mapToObj(String::valueOf);
        return Stream.concat(numbers, Stream.of(LAUNCH));
    }
}
