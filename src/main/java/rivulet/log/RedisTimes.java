package rivulet.log;

import java.time.Duration;

/**
 * How long things are kept in Redis, as it wants to be told: in milliseconds.
 *
 * @param live how long a stream that nobody writes any more is kept where no node is left to end it; and who owned it
 *     for as long, so that an owner that comes back late finds that it is none
 * @param ended how long an ended stream can be read; never so short that nodes that follow it could miss its end
 * @param claim how long a claim is kept at most: it holds for as long as its stream is there
 */
record RedisTimes(String live, String ended, String claim) {
    private static final Duration LEAST_LIVE = Duration.ofHours(24);
    /** A node pauses between two reads, and Redis may take so long to answer. */
    private static final Duration LEAST_ENDED = Duration.ofSeconds(2);

    static RedisTimes of(Duration retention) {
        Duration live = longer(retention, LEAST_LIVE);
        return new RedisTimes(
                String.valueOf(live.toMillis()),
                String.valueOf(longer(retention, LEAST_ENDED).toMillis()),
                String.valueOf(live.plus(retention).toMillis()));
    }

    private static Duration longer(Duration one, Duration other) {
        return one.compareTo(other) > 0 ? one : other;
    }
}
