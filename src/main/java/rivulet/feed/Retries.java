package rivulet.feed;

import java.time.Duration;
import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;
import rivulet.log.ErrorCode;

/** How often, and after how long, one question is asked again. Not for use by several threads at once. */
final class Retries {
    private static final int MOST = 2;
    private static final Duration FIRST_DELAY = Duration.ofMillis(250);
    /**
     * The longest wait that an upstream is granted: as long as an answer's head is held back. A longer one is passed on
     * to the client, who knows better whether to wait.
     */
    private static final Duration LONGEST_WAIT = Duration.ofMillis(1500);

    /** Cloudflare's word for 504. */
    private static final int CLOUDFLARE_TIMEOUT = 524;
    /** Cloudflare's word for a server that took the question, and broke. */
    private static final int CLOUDFLARE_BROKEN = 520;
    /** A gateway that finds nobody to pass a question on to says so sooner. */
    private static final Duration NOBODY_THERE = Duration.ofSeconds(3);

    private final DoubleSupplier random;
    private int done;

    /** @param random draws from 0 to 1, so that many streams that failed together do not come back together */
    Retries(DoubleSupplier random) {
        this.random = random;
    }

    /** Whether an answer with that status may be another one next time. */
    static boolean mayHelp(int status, ErrorCode code) {
        boolean passing = status == 408 || status == 429 || status == 498 || status >= 500;
        return passing && code != ErrorCode.UPSTREAM_QUOTA;
    }

    /**
     * Whether a gateway has passed the question on, and an answer may be written, and billed: it has given up waiting, or,
     * as Apache says that too, and Envoy of a connection that breaks, it calls what is behind it bad or away, but late;
     * and late, too, Azure says that a model has thought too long.
     *
     * @param waited from the question to that status
     */
    static boolean wasPassedOn(int status, Duration waited) {
        boolean late = waited.compareTo(NOBODY_THERE) > 0;
        return status == 504
                || status == CLOUDFLARE_TIMEOUT
                || (late && (status == 502 || status == 503 || status == 408 || status == CLOUDFLARE_BROKEN));
    }

    /** How long to wait before asking again; null: not at all. */
    @Nullable
    Duration next(@Nullable Duration asked) {
        if (done == MOST || (asked != null && asked.compareTo(LONGEST_WAIT) > 0)) {
            return null;
        }
        Duration delay = FIRST_DELAY.multipliedBy(1L << done);
        done++;
        long jittered = (long) (delay.toMillis() * (0.5 + random.getAsDouble() / 2));
        return asked == null ? Duration.ofMillis(jittered) : asked.plusMillis(jittered / 4);
    }
}
