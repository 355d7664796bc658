package rivulet.log;

import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import redis.clients.jedis.params.SetParams;

/**
 * Logs that every node can read, in Redis Streams (Redis 6.2 or later, Valkey; one server or one with replicas, not a
 * cluster: one command waits for all streams). The node that generates a stream writes it into its own memory first,
 * where its own viewers read it; Redis is a few milliseconds behind, and other nodes are behind Redis.
 *
 * <pre>
 * rivulet:stream:Qm3vT0c8yHs2LxWn5aBdEg        stream; index n is entry n+1-0. TTL 24 h while live, RETENTION once ended
 *   1-0  event start  data {"stream":"Qm3vT0c8yHs2LxWn5aBdEg","kind":"chat","model":"gpt-4o-mini","creator":"ann"}
 *   2-0  data {"delta":"Hel"}
 *   3-0  data {"delta":"lo\n"}
 *   4-0  event done   data {"finish_reason":"stop","events":4,"ttft_ms":210,"elapsed_ms":260}
 * rivulet:stream:Qm3vT0c8yHs2LxWn5aBdEg:owner  "b7Jq…": the node that may append; "-" once ended. TTL 24 h
 *                                              "pX2k…:1" where another node has taken the stream over, the first to do so
 * rivulet:stream:Qm3vT0c8yHs2LxWn5aBdEg:recovery   hash {facts, at}: how to take it over, see {@link Recovery}. Until its end
 * rivulet:stream:Qm3vT0c8yHs2LxWn5aBdEg:cancelled  "1": someone asked its owner to end it. Until its end
 * rivulet:node:b7Jq…                           "alive": the node's lease. TTL 5 s, renewed every second
 * rivulet:node:b7Jq…:live                      set of the ids of the node's live streams
 * rivulet:node:b7Jq…:inbox                     stream of what other nodes tell this one. TTL 1 min
 *   1763690000000-0  from pX2k…  watched Qm3vT0c8yHs2LxWn5aBdEg
 *   1763690000450-0  from pX2k…  cancel Qm3vT0c8yHs2LxWn5aBdEg
 * rivulet:nodes                                set of the nodes that may have live streams
 * rivulet:claim:KEY                            hash {stream, fingerprint}: an idempotency key, for as
 *                                              long as its stream is there
 * </pre>
 *
 * <p>A stream in Redis is {@code LIVE -> ENDED}, once, by its owner's terminal event or, when the owner's lease has run
 * out, by any other node's {@code owner_lost}; {@link RedisScript} sees to it that it is never both. A node's name is new
 * with each start and never given to another, so it is its own fencing token; with the number of take-overs behind it it
 * stays one even for a node that takes back a stream it had lost.
 *
 * <p>While Redis is away, streams begin and go on in this node's memory and are brought to Redis when it is back.
 */
public final class RedisStore implements LogStore {
    /** How long a stop waits for what is still to be written. */
    private static final Duration LAST_WORDS = Duration.ofMillis(2500);

    private final MemoryStore memory;
    private final String node;
    private final RedisTimes times;
    private final RedisLink link;
    private final RedisInbox inbox;
    private final RedisWriter writer;
    private final RedisReader reader;
    private final RedisLease lease;
    private final RedisTakeOvers takeOvers;
    private final LongAdder lostEnded = new LongAdder();
    private final Thread writing;
    private final Thread takingOver;

    /**
     * Begins to connect, and returns at once.
     *
     * @param retention how long an ended stream can be read
     * @param timer runs the forgetting in memory; not closed by this store
     * @param maxBytes how much memory all logs may take on this node, about
     * @param whenShown as for a {@link MemoryStore}
     */
    public RedisStore(
            RedisAddress address,
            Duration retention,
            ScheduledExecutorService timer,
            SecureRandom random,
            LongSupplier nanoTime,
            long maxBytes,
            Executor whenShown) {
        this(address, retention, timer, random, nanoTime, maxBytes, whenShown, maxBytes / 2);
    }

    /** @param maxBehind how many bytes may wait for Redis; they cannot be forgotten to make room */
    RedisStore(
            RedisAddress address,
            Duration retention,
            ScheduledExecutorService timer,
            SecureRandom random,
            LongSupplier nanoTime,
            long maxBytes,
            Executor whenShown,
            long maxBehind) {
        memory = new MemoryStore(retention, timer, random, maxBytes, whenShown);
        node = memory.newId();
        times = RedisTimes.of(retention);
        link = new RedisLink(address, RedisReader.BLOCK);
        inbox = new RedisInbox(link, node, nanoTime);
        writer = new RedisWriter(link, times, node, maxBehind, id -> {
            memory.drop(id);
            inbox.lost(id);
        });
        reader = new RedisReader(link, node, inbox, this::watched, memory::grown, nanoTime);
        memory.foldToo(reader::copies);
        takeOvers = new RedisTakeOvers(link, times, node, writer, memory, this::owned, lostEnded);
        RedisReaper reaper = new RedisReaper(times, node, takeOvers, lostEnded, nanoTime);
        lease = new RedisLease(link, node, writer, reader, inbox, reaper, nanoTime);
        writing = start(writer, "rivulet-redis-writer");
        start(reader, "rivulet-redis-reader");
        takingOver = start(takeOvers, "rivulet-redis-takeover");
        start(lease, "rivulet-redis-lease");
    }

    @Override
    public String newId() {
        return memory.newId();
    }

    @Override
    public StreamLog create(Event.Start start) {
        MemoryLog log = memory.open(start);
        writer.publish(log);
        return owned(log);
    }

    private StreamLog owned(MemoryLog log) {
        return new OwnedLog(log, lease);
    }

    @Override
    public Optional<StreamLog> find(String id) {
        return memory.find(id).or(() -> reader.find(id));
    }

    @Override
    public Optional<Claim> claim(String key, String fingerprint, Event.Start start) {
        // What was claimed while Redis was away is known only here.
        Optional<Claim> earlier = memory.claimed(key);
        if (earlier.isPresent()) {
            return earlier;
        }
        memory.open(start);
        try {
            earlier = claimInRedis(key, fingerprint, start);
        } catch (StoreAway e) {
            if (link.reachable()) {
                // Too many ask at once: a claim that others do not see, though they reach Redis, would not hold.
                memory.drop(start.stream());
                writer.giveUp(start.stream());
                throw e;
            }
            return memory.claim(key, fingerprint, start);
        }
        if (earlier.isPresent()) {
            memory.drop(start.stream());
            return earlier;
        }
        // Here too: it must hold when Redis goes away.
        return memory.claim(key, fingerprint, start);
    }

    @Override
    public void release(String key, String stream) {
        boolean neverBegun = memory.find(stream).filter(log -> log.head() == 0).isPresent();
        memory.release(key, stream);
        try {
            link.ask(redis -> RedisScript.RELEASE.run(
                    redis,
                    List.of(
                            RedisKeys.claim(key),
                            RedisKeys.stream(stream),
                            RedisKeys.owner(stream),
                            RedisKeys.live(node)),
                    List.of(stream, node, neverBegun ? "1" : "0")));
        } catch (StoreAway e) {
            // Redis may hold both, even if the claim's reply was lost: the key would mean a stream that never goes on.
            if (neverBegun) {
                writer.giveUp(stream);
            }
        }
    }

    @Override
    public void cancel(String id) {
        if (memory.find(id).isPresent()) {
            return;
        }
        String owner = link.ask(redis -> redis.get(RedisKeys.owner(id)));
        if (owner != null && !owner.equals(RedisKeys.NOBODY)) {
            // First: an owner that dies before it reads the message is followed by one that looks for this.
            link.ask(redis -> redis.set(
                    RedisKeys.cancelled(id), "1", SetParams.setParams().px(Long.parseLong(times.live()))));
            // Again: whoever has taken it over meanwhile may have looked for that before it was there.
            String now = link.ask(redis -> redis.get(RedisKeys.owner(id)));
            if (!RedisKeys.NOBODY.equals(now)) {
                inbox.cancel(RedisKeys.node(now == null ? owner : now), id);
            }
        }
    }

    @Override
    public boolean othersLive() {
        try {
            return link.ask(redis -> redis.smembers(RedisKeys.NODES).stream()
                    .anyMatch(other -> !other.equals(node) && redis.exists(RedisKeys.lease(other))));
        } catch (StoreAway e) {
            return false;
        }
    }

    @Override
    public long lostEnded() {
        return lostEnded.sum();
    }

    @Override
    public boolean handOver(String id) {
        boolean mayBe = link.reachable() && writer.recoverable(id);
        if (mayBe) {
            memory.lose(id);
        }
        return mayBe;
    }

    @Override
    public void serve(Remote remote) {
        writer.serve(remote);
        inbox.serve(remote);
        takeOvers.serve(remote);
    }

    @Override
    public Optional<SharedCells> cells() {
        return Optional.of(new RedisCells(link, times, node));
    }

    @Override
    public StoreState state() {
        return link.state();
    }

    @Override
    public boolean full() {
        return memory.full();
    }

    @Override
    public long bytes() {
        return memory.bytes();
    }

    @Override
    public void stopFollowing() {
        reader.loseAll();
    }

    @Override
    public void close() {
        reader.close();
        takingOver.interrupt();
        writer.close();
        try {
            writing.join(LAST_WORDS.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        lease.close();
        link.close();
        memory.close();
    }

    private Optional<Claim> claimInRedis(String key, String fingerprint, Event.Start start) {
        String id = start.stream();
        String payload = new String(EventJson.stored(new Entry(start, 0, start)), StandardCharsets.UTF_8);
        Object reply = link.ask(redis -> RedisScript.CLAIM.run(
                redis,
                List.of(RedisKeys.claim(key), RedisKeys.stream(id), RedisKeys.owner(id), RedisKeys.live(node)),
                List.of(fingerprint, id, node, times.live(), times.claim(), payload)));
        return reply instanceof List<?> there
                        && there.size() == 2
                        && there.get(0) instanceof String stream
                        && there.get(1) instanceof String print
                        && !stream.equals(id)
                ? Optional.of(new Claim(stream, print))
                : Optional.empty();
    }

    private void watched() {
        lease.nudge();
    }

    private static Thread start(Runnable work, String name) {
        Thread thread = new Thread(work, name);
        thread.setDaemon(true);
        thread.start();
        return thread;
    }
}
