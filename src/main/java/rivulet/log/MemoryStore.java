package rivulet.log;

import java.security.SecureRandom;
import java.time.Duration;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Logs in this machine's memory; an ended one is kept for the retention, then forgotten. */
public final class MemoryStore implements LogStore {
    /** 132 bits: more than the 128 that make an id a capability, and a whole number of base64 digits. */
    private static final int ID_DIGITS = 22;

    private final Map<String, MemoryLog> logs = new ConcurrentHashMap<>();
    private final Duration retention;
    private final ScheduledExecutorService timer;
    private final SecureRandom random;

    /**
     * @param retention how long an ended stream can be read
     * @param timer runs the forgetting; not closed by this store
     */
    public MemoryStore(Duration retention, ScheduledExecutorService timer, SecureRandom random) {
        this.retention = retention;
        this.timer = timer;
        this.random = random;
    }

    @Override
    public StreamLog create(Kind kind, @Nullable String model) {
        String id = newId();
        MemoryLog log = new MemoryLog(new Event.Start(id, kind, model), () -> forgetLater(id));
        logs.put(id, log);
        return log;
    }

    @Override
    public Optional<StreamLog> find(String id) {
        return Optional.ofNullable(logs.get(id));
    }

    @Override
    public void close() {
        logs.clear();
    }

    private void forgetLater(String id) {
        if (!timer.isShutdown()) {
            timer.schedule(() -> logs.remove(id), retention.toMillis(), TimeUnit.MILLISECONDS);
        }
    }

    private String newId() {
        byte[] bytes = new byte[ID_DIGITS * 6 / 8 + 1];
        random.nextBytes(bytes);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes).substring(0, ID_DIGITS);
    }
}
