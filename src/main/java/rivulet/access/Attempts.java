package rivulet.access;

import io.github.bucket4j.Bandwidth;
import io.github.bucket4j.BucketConfiguration;
import io.github.bucket4j.ConsumptionProbe;
import java.time.Duration;

/**
 * Wrong tokens, counted by where they come from. Tokens are too long to be guessed; what this bounds is the noise, and it
 * locks nobody out: a right token is let in from any address.
 */
final class Attempts {
    private static final int A_MINUTE = 20;

    private final LocalBuckets buckets = new LocalBuckets();

    /** A wrong token came from that address; throws another refusal than the usual once they are too many. */
    void wrong(String address) {
        ConsumptionProbe probe =
                buckets.of(Addresses.network(address), Attempts::limit).tryConsumeAndReturnRemaining(1);
        if (!probe.isConsumed()) {
            throw Refusal.tooManyAttempts(Duration.ofNanos(probe.getNanosToWaitForRefill()));
        }
    }

    private static BucketConfiguration limit() {
        return BucketConfiguration.builder()
                .addLimit(Bandwidth.builder()
                        .capacity(A_MINUTE)
                        .refillGreedy(A_MINUTE, Duration.ofMinutes(1))
                        .build())
                .build();
    }
}
