package rivulet.log;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import redis.clients.jedis.AbstractPipeline;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.Response;
import redis.clients.jedis.resps.StreamEntry;

/**
 * Brings the logs that this node writes to Redis. It reads them as a viewer does, from a position, a few milliseconds
 * behind: the logs themselves are the buffer, and nobody who appends or watches here waits for Redis.
 *
 * <p>A log is {@code CLEAN -> DIRTY -> CLEAN …} until its terminal event is in Redis. It is fenced when Redis refuses it
 * because another node has ended the stream: then it ends here too; or has gone on with it: then it is forgotten here,
 * and its viewers come back to be shown that node's. While Redis is away logs stay dirty; those furthest
 * behind are given up when all together get too long, and stay in this node's memory only.
 *
 * <p>One thread, {@code rivulet-redis-writer}, does all the sending; the other methods are for any thread.
 */
final class RedisWriter implements Runnable {
    /** How long appends are gathered: far less than a viewer on another node can see, a round trip's worth of batching. */
    private static final Duration GATHER = Duration.ofMillis(3);
    /** Logs in one round trip: bounds what Redis does at a time for this node. */
    private static final int MAX_LOGS = 128;
    /** How often a Redis that is away is looked at. */
    private static final Duration AWAY = Duration.ofMillis(50);
    /** Commands queue here for the time that a stop takes at most. */
    private static final Duration LAST_WORDS = Duration.ofSeconds(2);

    private static final Logger LOG = LoggerFactory.getLogger(RedisWriter.class);

    private final RedisLink link;
    private final RedisTimes times;
    private final String node;
    private final long maxBehind;
    private final Consumer<String> forget;
    private final Map<String, Outgoing> outgoing = new ConcurrentHashMap<>();
    private final BlockingQueue<Outgoing> dirty = new LinkedBlockingQueue<>();
    /** Streams given up that Redis may know of: they end there, or their followers would wait for ever. */
    private final Queue<GivenUp> givenUp = new ConcurrentLinkedQueue<>();

    private volatile LogStore.@Nullable Remote remote;
    private volatile boolean closing;

    private record GivenUp(String id, String owner) {}

    /**
     * @param node this node's name, the owner of its streams
     * @param maxBehind how many bytes may wait in all, while Redis is away or slow
     * @param forget lets go of a log in memory that another node writes now
     */
    RedisWriter(RedisLink link, RedisTimes times, String node, long maxBehind, Consumer<String> forget) {
        this.forget = forget;
        this.link = link;
        this.times = times;
        this.node = node;
        this.maxBehind = maxBehind;
    }

    void serve(LogStore.Remote owner) {
        remote = owner;
    }

    /** Brings a new log to Redis from now on. */
    void publish(MemoryLog log) {
        publish(log, node, 0);
    }

    /**
     * Brings a log to Redis from now on.
     *
     * @param owner what this node is to the stream
     * @param next the index that Redis wants next
     */
    void publish(MemoryLog log, String owner, int next) {
        Outgoing out = new Outgoing(log, owner, next);
        outgoing.put(log.start().stream(), out);
        log.onAppend(() -> touch(out));
        touch(out);
    }

    /** Ends a stream of this node in Redis, if it is there, once Redis can be asked: nothing of it will be brought there. */
    void giveUp(String id) {
        givenUp.add(new GivenUp(id, node));
    }

    /** Whether this node writes that stream, and has not yet brought all of it to Redis. */
    boolean writes(String id) {
        return outgoing.containsKey(id);
    }

    /** Whether another node can go on with that stream. */
    boolean recoverable(String id) {
        Outgoing out = outgoing.get(id);
        return out != null && out.recoverable();
    }

    /** Has every log looked at in Redis: what it has lost is sent again. */
    void checkAll() {
        outgoing.values().forEach(this::touch);
    }

    /** Ends those logs here that others have ended meanwhile. Called before anything else may be appended to them. */
    void fenceLost(RedisClient redis) {
        List<Outgoing> all = List.copyOf(outgoing.values());
        List<Response<String>> owners = new ArrayList<>();
        try (AbstractPipeline pipeline = redis.pipelined()) {
            all.forEach(out -> owners.add(pipeline.get(RedisKeys.owner(out.id()))));
        }
        List<Outgoing> lost = new ArrayList<>();
        for (int i = 0; i < all.size(); i++) {
            String owner = owners.get(i).get();
            Outgoing out = all.get(i);
            // Of one that has ended here, the next step tells whether its end came to Redis.
            if (owner != null && !owner.equals(out.owner()) && !out.log().ended()) {
                lost.add(out);
            }
        }
        fence(redis, lost);
    }

    @Override
    public void run() {
        long deadline = Long.MAX_VALUE;
        while (System.nanoTime() < deadline && !(closing && dirty.isEmpty())) {
            if (closing && deadline == Long.MAX_VALUE) {
                deadline = System.nanoTime() + LAST_WORDS.toNanos();
            }
            try {
                if (link.reachable()) {
                    round();
                } else if (closing) {
                    return;
                } else {
                    Thread.sleep(AWAY.toMillis());
                }
                bound();
            } catch (InterruptedException e) {
                return;
            } catch (StoreAway e) {
                // Said by the link; the logs are still dirty.
            } catch (Throwable t) {
                // An Error too: all streams of this node hang on this thread.
                LOG.error("a round of writing to Redis failed", t);
            }
        }
    }

    /** Ends the thread once all is in Redis, or Redis is away, or the time for it is over. */
    void close() {
        closing = true;
    }

    private void touch(Outgoing out) {
        if (out.markDirty()) {
            dirty.add(out);
        }
    }

    private void round() throws InterruptedException {
        Outgoing next = dirty.poll(AWAY.toMillis(), TimeUnit.MILLISECONDS);
        if (next == null && givenUp.isEmpty()) {
            return;
        }
        List<Outgoing> batch = new ArrayList<>();
        long until = System.nanoTime() + GATHER.toNanos();
        while (next != null) {
            batch.add(next);
            next = batch.size() < MAX_LOGS ? dirty.poll(until - System.nanoTime(), TimeUnit.NANOSECONDS) : null;
        }
        batch.forEach(Outgoing::unmark);
        // What was given up is still marked by each append.
        batch.removeIf(out -> outgoing.get(out.id()) != out);
        try {
            send(batch);
        } catch (Throwable t) {
            batch.forEach(this::touch);
            throw t;
        }
    }

    private void send(List<Outgoing> batch) {
        List<GivenUp> ends = givenUp.stream().limit(MAX_LOGS).toList();
        Map<Outgoing, Response<Object>> replies = link.call(redis -> {
            Map<Outgoing, Response<Object>> asked = new LinkedHashMap<>();
            List<Response<Object>> ended = new ArrayList<>();
            try (AbstractPipeline pipeline = redis.pipelined()) {
                for (Outgoing out : batch) {
                    List<String> next = next(out);
                    if (!next.isEmpty()) {
                        asked.put(out, out.append(pipeline, node, next));
                    }
                }
                ends.forEach(one -> ended.add(RedisReaper.end(pipeline, times, node, one.owner, one.id, true)));
            }
            // Here, where a reply that is a failure of Redis is taken for one.
            asked.values().forEach(Response::get);
            ended.forEach(Response::get);
            return asked;
        });
        givenUp.removeAll(ends);
        replies.forEach((out, reply) -> sent(out, ((Long) reply.get()).intValue()));
    }

    /** What comes next of the log; empty if it cannot be encoded, and then it is given up: the others must not wait for it. */
    private List<String> next(Outgoing out) {
        try {
            return out.next(times);
        } catch (RuntimeException e) {
            LOG.error("stream {} stays in this node's memory only: it cannot be encoded", out.id(), new Wordless(e));
            if (outgoing.remove(out.id(), out)) {
                givenUp.add(new GivenUp(out.id(), out.owner()));
            }
            return List.of();
        }
    }

    private void sent(Outgoing out, int wanted) {
        if (wanted < 0) {
            link.call(redis -> {
                fence(redis, List.of(out));
                return true;
            });
            return;
        }
        out.wanted(wanted);
        // The end first: what is ended has no more to come.
        boolean ended = out.log().ended();
        if (!out.complete()) {
            touch(out);
        } else if (ended) {
            outgoing.remove(out.id());
        }
    }

    /** The streams are no longer this node's. */
    private void fence(RedisClient redis, List<Outgoing> lost) {
        List<Response<List<StreamEntry>>> last = new ArrayList<>();
        try (AbstractPipeline pipeline = redis.pipelined()) {
            lost.forEach(out -> last.add(pipeline.xrevrange(RedisKeys.stream(out.id()), "+", "-", 1)));
        }
        for (int i = 0; i < lost.size(); i++) {
            fence(lost.get(i), last.get(i).get());
        }
    }

    /** @param last Redis's last entry, if it has any */
    private void fence(Outgoing out, List<StreamEntry> last) {
        if (!outgoing.remove(out.id(), out)) {
            // Once: the id may be this node's again, with another log.
            return;
        }
        boolean othersMayGoOn = out.log().recovery() != null
                && last.stream().noneMatch(entry -> RedisLog.isOwnerLost(entry, out.wanted()));
        if (othersMayGoOn) {
            handedOver(out);
        } else if (out.log().append(RedisReaper.OWNER_LOST)) {
            LOG.warn("stream {} was ended by another node, which took this one for dead", out.id());
            LogStore.Remote owner = remote;
            if (owner != null) {
                owner.cancel(out.id());
            }
        }
    }

    /** Another node has gone on with the stream, and may have ended it: who reads it here is to read it there. */
    private void handedOver(Outgoing out) {
        out.log().lose();
        forget.accept(out.id());
        LOG.warn("stream {} is generated by another node, which took this one for dead", out.id());
        LogStore.Remote owner = remote;
        if (owner != null) {
            owner.abandon(out.id());
        }
    }

    /** Gives up the logs furthest behind until what is left is short enough. */
    private void bound() {
        long behind = outgoing.values().stream().mapToLong(Outgoing::behind).sum();
        if (behind <= maxBehind) {
            return;
        }
        List<Outgoing> longestFirst = outgoing.values().stream()
                .sorted(Comparator.comparingLong(Outgoing::behind).reversed())
                .toList();
        int count = 0;
        for (Outgoing out : longestFirst) {
            if (behind <= maxBehind) {
                break;
            }
            behind -= out.behind();
            outgoing.remove(out.id());
            dirty.remove(out);
            // Even if Redis never said that it knows of it: the reply may have been lost, or a claim has told it.
            givenUp.add(new GivenUp(out.id(), out.owner()));
            count++;
        }
        LOG.warn("too much waits for Redis: {} streams stay in this node's memory only", count);
    }
}
