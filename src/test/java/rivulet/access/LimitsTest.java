package rivulet.access;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How much each caller may have, on one node. */
@Timeout(value = 20, unit = TimeUnit.SECONDS)
class LimitsTest {
    private static final Caller ANN = new Caller("ann", "10.0.0.1");
    private static final Caller BOB = new Caller("bob", "10.0.0.1");

    private int streams;

    private static Limits limits(int requests, int streamsAtOnce, int tokens) {
        return new Limits(
                new Limits.Most(requests, streamsAtOnce, tokens), Optional.empty(), Runnable::run, Instant::now);
    }

    private String begin(Limits limits, Caller caller) {
        String stream = "stream" + streams++;
        limits.begin(caller, stream, true);
        return stream;
    }

    private Refusal refused(Limits limits, Caller caller) {
        Refusal refusal = assertThrows(Refusal.class, () -> begin(limits, caller));
        assertEquals(429, refusal.status());
        assertTrue(Integer.parseInt(String.valueOf(refusal.headers().get("Retry-After"))) >= 1);
        return refusal;
    }

    @Test
    void requestsAreCountedByCaller() {
        Limits limits = limits(3, 0, 0);
        for (int i = 0; i < 3; i++) {
            limits.ends(ANN, begin(limits, ANN));
            limits.answered(ANN, 100);
        }
        assertEquals("requests_per_minute", refused(limits, ANN).code());
        begin(limits, BOB);
    }

    @Test
    void streamsAreCountedUntilTheyEnd() {
        Limits limits = limits(0, 2, 0);
        String first = begin(limits, ANN);
        begin(limits, ANN);
        assertEquals("streams_per_caller", refused(limits, ANN).code());
        begin(limits, BOB);
        limits.ends(ANN, first);
        begin(limits, ANN);
        refused(limits, ANN);
    }

    @Test
    void aRequestThatIsOneTooManyTakesNoPlace() {
        Limits limits = limits(1, 2, 0);
        begin(limits, ANN);
        for (int i = 0; i < 5; i++) {
            assertEquals("requests_per_minute", refused(limits, ANN).code());
        }
    }

    @Test
    void theAnswerThatCrossesTheDaysTokensIsTheLast() {
        Limits limits = limits(0, 0, 1000);
        limits.ends(ANN, begin(limits, ANN));
        limits.answered(ANN, 999);
        limits.ends(ANN, begin(limits, ANN));
        limits.answered(ANN, 5000);
        Refusal refusal = refused(limits, ANN);
        assertEquals("output_tokens_per_day", refusal.code());
        // Five days' worth is missing: what comes at the next midnight is not enough.
        long wait = Long.parseLong(String.valueOf(refusal.headers().get("Retry-After")));
        assertTrue(wait > TimeUnit.DAYS.toSeconds(4) && wait <= TimeUnit.DAYS.toSeconds(6), "waits " + wait);
        limits.begin(ANN, "countdown", false);
        begin(limits, BOB);
    }

    @Test
    void ofManyAtOnceAsManyGetInAsMay() throws InterruptedException {
        Limits limits = limits(0, 10, 0);
        AtomicInteger in = new AtomicInteger();
        ExecutorService pool = Executors.newFixedThreadPool(8);
        for (int i = 0; i < 200; i++) {
            String stream = "s" + i;
            pool.execute(() -> {
                try {
                    limits.begin(ANN, stream, true);
                    in.incrementAndGet();
                } catch (Refusal e) {
                    // As most must.
                }
            });
        }
        pool.shutdown();
        assertTrue(pool.awaitTermination(10, TimeUnit.SECONDS));
        assertEquals(10, in.get());
    }

    @Test
    void strangersBeyondNumberAreForgottenOneByOne() {
        Limits limits = limits(1, 0, 0);
        begin(limits, ANN);
        for (int i = 0; i < 60_000; i++) {
            begin(limits, new Caller(null, "10.%d.%d.%d".formatted(i >> 16, i >> 8 & 255, i & 255)));
        }
        // The oldest was forgotten, and is as good as new.
        begin(limits, ANN);
    }
}
