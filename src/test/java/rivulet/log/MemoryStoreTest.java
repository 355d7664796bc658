package rivulet.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The store in memory keeps the contract. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class MemoryStoreTest extends StreamLogContract {
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    private LogStore store = new MemoryStore(Duration.ofMinutes(1), timer, new SecureRandom(), 1L << 30);

    @AfterEach
    void stop() {
        store.close();
        timer.shutdownNow();
    }

    @Override
    LogStore writing() {
        return store;
    }

    @Override
    LogStore reading() {
        return store;
    }

    @Override
    LogStore keeping(Duration retention) {
        store = new MemoryStore(retention, timer, new SecureRandom(), 1L << 30);
        return store;
    }

    @Test
    void underPressureEndedStreamsGoOldestFirstAndWhoReadsThemReadsOn() throws InterruptedException {
        store = new MemoryStore(Duration.ofMinutes(1), timer, new SecureRandom(), 1_000_000);
        StreamLog live = store.create(Kind.CHAT, null);
        live.append(new Event.Text("x".repeat(20_000)));
        StreamLog oldest = ended();
        List<StreamLog> more = Stream.generate(this::ended).limit(15).toList();
        assertTrue(store.find(live.start().stream()).isPresent());
        assertTrue(store.find(oldest.start().stream()).isEmpty());
        assertTrue(store.find(more.get(14).start().stream()).isPresent());
        assertEquals(3, readToEnd(oldest).size());
        assertFalse(store.full());
    }

    @Test
    void aStoreFullOfLiveStreamsSaysSoUntilOneIsOver() {
        store = new MemoryStore(Duration.ofMinutes(1), timer, new SecureRandom(), 1_000_000);
        StreamLog log = store.create(Kind.CHAT, null);
        log.append(new Event.Text("x".repeat(300_000)));
        assertTrue(store.full());
        log.append(EveryEvent.done());
        assertFalse(store.full());
    }

    private StreamLog ended() {
        StreamLog log = store.create(Kind.CHAT, null);
        log.append(new Event.Text("x".repeat(20_000)));
        log.append(EveryEvent.done());
        return log;
    }
}
