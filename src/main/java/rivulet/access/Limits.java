package rivulet.access;

import io.github.bucket4j.Bandwidth;
import io.github.bucket4j.Bucket;
import io.github.bucket4j.BucketConfiguration;
import io.github.bucket4j.ConsumptionProbe;
import io.github.bucket4j.EstimationProbe;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.function.Function;
import java.util.function.Supplier;
import rivulet.log.SharedCells;
import rivulet.log.StoreAway;

/**
 * How much each caller may have generated: requests a minute, streams at once, the models' output tokens a day, each
 * where it is limited at all. Shared by all nodes that share a store; while that is away each node counts for itself.
 *
 * <p>What an answer costs is known at its end: a caller with one token left gets a whole answer more, and what it takes
 * beyond the limit is missing the day after.
 */
public final class Limits {
    /**
     * How much; 0 is any number.
     *
     * @param requestsPerMinute streams that may be begun a minute
     * @param streamsAtOnce streams that may be live
     * @param outputTokensPerDay tokens that the models may give from midnight to midnight, UTC
     */
    public record Most(int requestsPerMinute, int streamsAtOnce, int outputTokensPerDay) {}

    private final Most most;
    private final LocalBuckets local = new LocalBuckets();
    private final Optional<SharedBuckets> shared;
    private final Places places;
    private final Executor later;
    private final Supplier<Instant> clock;

    /**
     * @param cells what all nodes share; empty if there is one node
     * @param later runs what may wait for the store
     */
    public Limits(Most most, Optional<SharedCells> cells, Executor later, Supplier<Instant> clock) {
        this.most = most;
        // Their classes cost a start some milliseconds, and most run without.
        boolean counted = most.requestsPerMinute > 0 || most.outputTokensPerDay > 0;
        this.shared = cells.filter(c -> counted).map(SharedBuckets::new);
        this.places = new Places(most.streamsAtOnce, cells, later);
        this.later = later;
        this.clock = clock;
    }

    /**
     * Counts a stream that a caller is about to begin. To be followed by {@link #ends}, once, if it does not throw.
     *
     * @param costs whether a model will be asked
     * @throws Refusal if it is one too many
     */
    public void begin(Caller caller, String stream, boolean costs) {
        if (costs && most.outputTokensPerDay > 0) {
            checkTokens(caller);
        }
        places.take(caller, stream);
        try {
            if (most.requestsPerMinute > 0) {
                takeRequest(caller);
            }
        } catch (RuntimeException e) {
            places.giveBack(caller, stream);
            throw e;
        }
    }

    /** The stream ends, and the caller may begin another one. Does not wait. */
    public void ends(Caller caller, String stream) {
        places.giveBack(caller, stream);
    }

    /** What the caller was answered. Does not wait. */
    public void answered(Caller caller, long outputTokens) {
        if (outputTokens > 0 && most.outputTokensPerDay > 0) {
            later.execute(() ->
                    ask(tokensKey(caller), this::tokensADay, bucket -> bucket.consumeIgnoringRateLimits(outputTokens)));
        }
    }

    private void takeRequest(Caller caller) {
        ConsumptionProbe probe = ask(
                "requests:" + most.requestsPerMinute + ":" + caller.countedAs(),
                this::requestsAMinute,
                bucket -> bucket.tryConsumeAndReturnRemaining(1));
        if (!probe.isConsumed()) {
            throw Refusal.later(
                    "requests_per_minute",
                    "You may begin %d streams a minute (REQUESTS_PER_MINUTE); try again soon."
                            .formatted(most.requestsPerMinute),
                    Duration.ofNanos(probe.getNanosToWaitForRefill()));
        }
    }

    private void checkTokens(Caller caller) {
        EstimationProbe probe = ask(tokensKey(caller), this::tokensADay, bucket -> bucket.estimateAbilityToConsume(1));
        if (!probe.canBeConsumed()) {
            throw Refusal.later(
                    "output_tokens_per_day",
                    "You have had the %d output tokens of today (OUTPUT_TOKENS_PER_DAY); more come at midnight UTC."
                            .formatted(most.outputTokensPerDay),
                    Duration.ofNanos(probe.getNanosToWaitForRefill()));
        }
    }

    private String tokensKey(Caller caller) {
        return "tokens:" + most.outputTokensPerDay + ":" + caller.countedAs();
    }

    private <T> T ask(String key, Supplier<BucketConfiguration> limit, Function<Bucket, T> question) {
        if (shared.isPresent()) {
            try {
                return question.apply(shared.get().of(key, limit));
            } catch (StoreAway e) {
                // Each node for itself meanwhile.
            }
        }
        return question.apply(local.of(key, limit));
    }

    private BucketConfiguration requestsAMinute() {
        return limit(Bandwidth.builder()
                .capacity(most.requestsPerMinute)
                .refillGreedy(most.requestsPerMinute, Duration.ofMinutes(1))
                .build());
    }

    private BucketConfiguration tokensADay() {
        Instant midnight = clock.get().truncatedTo(ChronoUnit.DAYS).plus(1, ChronoUnit.DAYS);
        return limit(Bandwidth.builder()
                .capacity(most.outputTokensPerDay)
                .refillIntervallyAligned(most.outputTokensPerDay, Duration.ofDays(1), midnight)
                .build());
    }

    private static BucketConfiguration limit(Bandwidth bandwidth) {
        return BucketConfiguration.builder().addLimit(bandwidth).build();
    }
}
