package rivulet.log;

import java.security.SecureRandom;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * Logs in this machine's memory; an ended one is kept for the retention, most of them in the {@link Archive}, then
 * forgotten. There are no other nodes.
 *
 * <p>All logs together have a bound. Beyond it ended ones are forgotten before their time, oldest first, and as a whole:
 * who reads one already reads it to its end, and nobody is ever shown a log with a gap. Where live ones alone are beyond
 * it, the longest are folded, see {@link MemoryLog#fold}. Only where that gives nothing back either is the store full,
 * and no new stream should begin.
 */
public final class MemoryStore implements LogStore {
    /** 132 bits: more than the 128 that make an id a capability, and a whole number of base64 digits. */
    private static final int ID_DIGITS = 22;
    /** All logs are looked through for what can be folded no more often than so many times while they fill the bound. */
    private static final int LOOKS = 256;
    /** How often is forgotten at most: what is due in between goes together. */
    private static final Duration FORGET_TOGETHER = Duration.ofMillis(100);

    /** Whoever waited for a log's end has been shown it by then; up to twice as long, since many go together. */
    private static final Duration MOMENT = Duration.ofMillis(20);

    private final Map<String, MemoryLog> logs = new ConcurrentHashMap<>();
    private final Map<String, Claim> claims = new ConcurrentHashMap<>();
    /** By its stream, the key that was claimed for it: they are forgotten together. */
    private final Map<String, String> keys = new ConcurrentHashMap<>();

    private final SecureRandom random;
    private final long maxBytes;
    private final AtomicLong bytes = new AtomicLong();
    /** Those that have just ended, and are not packed yet. */
    private final DelayLine<MemoryLog> fresh;
    /** Where they are then, if they are short. */
    private final Archive archive;
    /** The others, in the order in which they ended, and so in which they are forgotten. */
    private final DelayLine<MemoryLog> ended;
    /** Those got back from the archive, so that a crowd that comes for one at once shares it. */
    private final DelayLine<MemoryLog> lent;
    /** The same for all logs. */
    private final Consumer<MemoryLog> onEnd;

    private final LongConsumer onGrowth = this::grown;
    private final Executor whenShown;

    private final Folding folding;
    private volatile Supplier<Stream<MemoryLog>> copies = Stream::empty;

    /**
     * @param retention how long an ended stream can be read
     * @param timer runs the forgetting; not closed by this store
     * @param maxBytes how much memory all logs may take, about
     * @param whenShown runs on the thread that appends, and soon, what is best done when viewers were shown what it appended
     */
    public MemoryStore(
            Duration retention,
            ScheduledExecutorService timer,
            SecureRandom random,
            long maxBytes,
            Executor whenShown) {
        this.whenShown = whenShown;
        this.maxBytes = maxBytes;
        this.random = random;
        LongSupplier nanoTime = System::nanoTime;
        this.fresh = new DelayLine<>(MOMENT, MOMENT, timer, nanoTime, this::settle);
        this.archive = new Archive(retention, FORGET_TOGETHER, timer, nanoTime, maxBytes, bytes::addAndGet);
        this.ended = new DelayLine<>(retention, FORGET_TOGETHER, timer, nanoTime, this::forget);
        this.lent = new DelayLine<>(MOMENT, MOMENT, timer, nanoTime, log -> logs.remove(log.start().stream(), log));
        this.onEnd = fresh::add;
        this.folding =
                new Folding(() -> Stream.concat(logs.values().stream(), copies.get()), Math.max(1, maxBytes / LOOKS));
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
        MemoryLog log = logs.get(id);
        return log == null ? archive.find(id).map(this::lend) : Optional.of(log);
    }

    private MemoryLog lend(Packed whole) {
        MemoryLog log = new MemoryLog(whole);
        MemoryLog earlier = logs.putIfAbsent(log.start().stream(), log);
        if (earlier != null) {
            return earlier;
        }
        lent.add(log);
        return log;
    }

    @Override
    public Optional<Claim> claim(String key, String fingerprint, Event.Start start) {
        // Opened first: whoever finds the claim finds the stream.
        open(start);
        Claim earlier = claims.putIfAbsent(key, new Claim(start.stream(), fingerprint));
        if (earlier == null) {
            keys.put(start.stream(), key);
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
    public boolean full() {
        while (tooMuch()) {
            if (!makeRoom() && !gaveBack(folding.stepAnyway(bytes.get()))) {
                return true;
            }
        }
        // Not asked again: there was room, though another log may just be growing into it, and makes its own.
        return false;
    }

    @Override
    public long bytes() {
        return bytes.get();
    }

    @Override
    public void stopFollowing() {}

    @Override
    public void close() {
        logs.clear();
        archive.clear();
    }

    /** The log with that start, which is made if there is none. */
    MemoryLog open(Event.Start start) {
        return logs.computeIfAbsent(start.stream(), id -> hidden(start));
    }

    /** From now on the log can be found. */
    void show(MemoryLog log) {
        logs.put(log.start().stream(), log);
        if (log.forgotten()) {
            // It has ended meanwhile, and there was no room for it.
            logs.remove(log.start().stream(), log);
        }
    }

    /** Lets go of a log that was not shown. */
    void discard(MemoryLog log) {
        log.lose();
        gaveBack(log.forget());
    }

    /** Counts memory that a log has taken, or given back if negative, and makes room where that is too much. */
    void grown(long by) {
        bytes.addAndGet(by);
        while (tooMuch() && makeRoom()) {
            // There may be more.
        }
        if (tooMuch()) {
            // One step an append: it gives back many times what that took, and delays nobody.
            gaveBack(folding.step(bytes.get()));
        }
    }

    /** Folds these too, if need be: logs that are counted here, but kept elsewhere. Called before there is one. */
    void foldToo(Supplier<Stream<MemoryLog>> elsewhere) {
        copies = elsewhere;
    }

    private boolean tooMuch() {
        return bytes.get() > maxBytes;
    }

    private boolean gaveBack(long freed) {
        bytes.addAndGet(-freed);
        return freed != 0;
    }

    /** What has just ended is packed before its time or, if there is none, what has ended first is forgotten. */
    private boolean makeRoom() {
        MemoryLog unpacked = fresh.poll();
        if (unpacked != null) {
            settle(unpacked);
            return true;
        }
        MemoryLog oldest = ended.waited() < archive.waited() ? null : ended.poll();
        if (oldest == null) {
            return archive.forgetOldest();
        }
        forget(oldest);
        return true;
    }

    /** Sees to it that a log that has ended takes as little as it can, until it is forgotten. */
    private void settle(MemoryLog log) {
        boolean archived = false;
        try {
            gaveBack(log.pack());
            archived = archive(log);
        } finally {
            if (!archived) {
                ended.add(log);
            }
        }
    }

    /** Puts a log into the archive; false if it has to stay as it is. */
    private boolean archive(MemoryLog log) {
        String stream = log.start().stream();
        List<Packed> whole = log.whole();
        // The key that was claimed for a log has to be forgotten when it is; and perhaps it is not shown yet.
        if (whole == null || keys.containsKey(stream) || logs.get(stream) != log || !archive.add(whole)) {
            return false;
        }
        boolean removed = logs.remove(stream, log);
        if (removed) {
            gaveBack(log.forget());
        } else {
            // It has just been dropped.
            archive.remove(stream);
        }
        return removed;
    }

    private void forget(MemoryLog log) {
        String stream = log.start().stream();
        String key = keys.remove(stream);
        if (key != null) {
            // First: whoever finds the claim finds the stream.
            forgetClaim(key, stream);
        }
        gaveBack(log.forget());
        logs.remove(stream, log);
    }

    /** A log with that start that takes its memory here, and is not found before it is shown. */
    MemoryLog hidden(Event.Start start) {
        MemoryLog log = new MemoryLog(start, onEnd, onGrowth, whenShown);
        bytes.addAndGet(log.bytes());
        return log;
    }

    /** Tells the readers of a log that another node will go on with it. */
    void lose(String id) {
        MemoryLog log = logs.get(id);
        if (log != null) {
            log.lose();
        }
    }

    /** Forgets a log; who follows it would else wait for ever, unless it has ended. */
    void drop(String id) {
        MemoryLog log = logs.get(id);
        if (log != null) {
            log.lose();
            forget(log);
        }
        archive.remove(id);
    }

    /** What the key stands for, if it is claimed here. */
    Optional<Claim> claimed(String key) {
        return Optional.ofNullable(claims.get(key));
    }

    private void forgetClaim(String key, String stream) {
        claims.computeIfPresent(key, (k, claim) -> claim.stream().equals(stream) ? null : claim);
    }
}
