package rivulet.log;

import java.security.SecureRandom;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;

/** The store in memory keeps the contract. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class MemoryStoreTest extends StreamLogContract {
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    private LogStore store = new MemoryStore(Duration.ofMinutes(1), timer, new SecureRandom());

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
        store = new MemoryStore(retention, timer, new SecureRandom());
        return store;
    }
}
