package rivulet.feed;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What is left of errors in which upstreams quote keys, and whatever else they were sent. */
final class ScrubberTest {
    private final Scrubber scrubber = new Scrubber("secret-abcdef-0123456789", Map.of());

    @Test
    void noPieceOfTheKeyIsLeft() {
        assertEquals("[key] is wrong", scrubber.scrub("secret-abcdef-0123456789 is wrong"));
        assertEquals("wrong: [key]", scrubber.scrub("wrong: sec********789"));
        assertEquals("wrong: [key].", scrubber.scrub("wrong: secr...6789."));
        assertEquals("wrong: [key]", scrubber.scrub("wrong: se…"));
        assertEquals("wrong: [key]", scrubber.scrub("wrong: *****6789"));
        assertEquals("a**[key] well...known", scrubber.scrub("a**b***c well...known"));
    }

    /** A refusal may quote the question, and an event be as long as {@code MAX_EVENT_BYTES}. */
    @Test
    @Timeout(value = 10, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void aLongWordTakesNoLongerThanManyShortOnes() {
        String word = "x".repeat(1_000_000);
        assertEquals("You sent: " + word, scrubber.scrub("You sent: " + word));
    }
}
