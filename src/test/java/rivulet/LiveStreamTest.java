package rivulet;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.security.SecureRandom;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import rivulet.feed.Producer;
import rivulet.log.Event;
import rivulet.log.Kind;
import rivulet.log.MemoryStore;

class LiveStreamTest {
    private final ScheduledThreadPoolExecutor timer = Threads.timer("test-timer");
    private final LiveStream stream = stream();

    @AfterEach
    void stop() {
        timer.shutdownNow();
    }

    @Test
    void aStreamWhoseViewerLeavesIsGivenItsGrace() {
        stream.viewerCame();
        stream.viewerLeft(true);
        assertEquals(1, timer.getQueue().size());
        stream.ended();
        assertEquals(0, timer.getQueue().size(), "and no longer, once it has ended");
    }

    @Test
    void nothingOfAnEndedStreamIsKeptForTheGraceOfAViewerThatLeavesThen() {
        stream.viewerCame();
        stream.ended();
        stream.viewerLeft(true);
        assertEquals(0, timer.getQueue().size());
    }

    private LiveStream stream() {
        MemoryStore store = new MemoryStore(Duration.ofMinutes(1), timer, new SecureRandom(), 1_000_000, Runnable::run);
        Producer producer = new Producer(
                store.create(new Event.Start("id", Kind.CHAT, "m")),
                1_000,
                () -> Long.MAX_VALUE,
                false,
                System::nanoTime,
                new Producer.Ending() {
                    @Override
                    public void ends() {}

                    @Override
                    public void ended(Optional<rivulet.feed.Outcome> how) {}
                });
        return new LiveStream(producer, false, true, Optional.of(Duration.ofMinutes(1)), timer);
    }
}
