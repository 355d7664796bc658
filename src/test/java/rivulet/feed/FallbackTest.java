package rivulet.feed;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import rivulet.log.ErrorCode;
import rivulet.log.FinishReason;
import rivulet.log.Usage;

/** Of several feeds one is heard. */
class FallbackTest {
    private static final class Told extends DeafSink {
        private final List<String> told = new ArrayList<>();

        @Override
        public void text(String piece) {
            told.add(piece);
        }

        @Override
        public void usage(@Nullable Usage usage) {
            told.add(usage == null ? "no usage" : "usage");
        }

        @Override
        public void hears(int sequence) {
            told.add("hears " + sequence);
        }

        @Override
        public void done(FinishReason reason, @Nullable String providerReason) {
            told.add(reason.wireName());
        }

        @Override
        public void failed(ErrorCode code, String message, @Nullable Duration retryAfter) {
            told.add(code.wireName());
        }
    }

    @Test
    void whatIsSaidBehindAFailureIsIgnored() {
        List<Sink> sinks = new ArrayList<>();
        Feed feed = sink -> {
            sinks.add(sink);
            return () -> {};
        };
        Told told = new Told();
        Feed.Cancellation unused = new Fallback(
                        List.of(new Fallback.Named("first", feed), new Fallback.Named("second", feed)), new LongAdder())
                .start(told);
        // The timer's thread: the limit on the first event.
        sinks.get(0).failed(ErrorCode.UPSTREAM_TIMEOUT, "late", null);
        // The reading thread, which had just found the exchange not ended: Sink allows for it.
        sinks.get(0).hears(7);
        sinks.get(0).text("first ");
        sinks.get(1).text("second");
        sinks.get(1).done(FinishReason.STOP, null);
        assertEquals(List.of("no usage", "second", "stop"), told.told);
    }
}
