package rivulet.log;

import java.security.SecureRandom;
import java.time.Duration;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** Logs in this machine's memory; an ended one is kept for the retention, then forgotten. There are no other nodes. */
public final class MemoryStore implements LogStore {
    /** 132 bits: more than the 128 that make an id a capability, and a whole number of base64 digits. */
    private static final int ID_DIGITS = 22;

    private final Map<String, MemoryLog> logs = new ConcurrentHashMap<>();
    private final Map<String, Claim> claims = new ConcurrentHashMap<>();
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
    public String newId() {
        byte[] bytes = new byte[ID_DIGITS * 6 / 8 + 1];
        random.nextBytes(bytes);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes).substring(0, ID_DIGITS);
    }

    @Override
    public StreamLog create(Event.Start start) {
        return open(start);
    }

    @Override
    public Optional<StreamLog> find(String id) {
        return Optional.ofNullable(logs.get(id));
    }

    @Override
    public Optional<Claim> claim(String key, String fingerprint, Event.Start start) {
        // Opened first: whoever finds the claim finds the stream.
        open(start);
        Claim earlier = claims.putIfAbsent(key, new Claim(start.stream(), fingerprint));
        if (earlier == null) {
            later(() -> forgetClaim(key, start.stream()));
        } else {
            drop(start.stream());
        }
        return Optional.ofNullable(earlier);
    }

    @Override
    public void release(String key, String stream) {
        forgetClaim(key, stream);
        MemoryLog log = logs.get(stream);
        if (log != null && log.head() == 0) {
            drop(stream);
        }
    }

    @Override
    public void cancel(String id) {}

    @Override
    public void serve(Remote remote) {}

    @Override
    public StoreState state() {
        return StoreState.REACHABLE;
    }

    @Override
    public void stopFollowing() {}

    @Override
    public void close() {
        logs.clear();
    }

    /** The log with that start, which is made if there is none. */
    MemoryLog open(Event.Start start) {
        return logs.computeIfAbsent(start.stream(), id -> new MemoryLog(start, () -> later(() -> logs.remove(id))));
    }

    /** Forgets a log that nothing was said in. */
    void drop(String id) {
        logs.remove(id);
    }

    /** What the key stands for, if it is claimed here. */
    Optional<Claim> claimed(String key) {
        return Optional.ofNullable(claims.get(key));
    }

    private void forgetClaim(String key, String stream) {
        claims.computeIfPresent(key, (k, claim) -> claim.stream().equals(stream) ? null : claim);
    }

    private void later(Runnable forget) {
        if (!timer.isShutdown()) {
            timer.schedule(forget, retention.toMillis(), TimeUnit.MILLISECONDS);
        }
    }
}
