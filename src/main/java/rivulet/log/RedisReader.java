package rivulet.log;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import redis.clients.jedis.AbstractPipeline;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.Response;
import redis.clients.jedis.StreamEntryID;
import redis.clients.jedis.params.XReadParams;
import redis.clients.jedis.resps.StreamEntry;

/**
 * Follows the streams of other nodes: one connection, blocked in one command, waits for the next entries of all of them
 * and for this node's inbox, so that a viewer more costs Redis nothing.
 *
 * <p>One thread, {@code rivulet-redis-reader}, waits; {@link #find} is for any thread. When Redis goes away all logs are
 * lost, and their viewers come back when they can be followed again.
 */
final class RedisReader implements Runnable {
    /** How long the command waits at most, so that a close is noticed. */
    static final Duration BLOCK = Duration.ofSeconds(1);
    /** Entries of one stream in one answer. */
    private static final int MAX_ENTRIES = 256;
    /** Entries read at once where a log is copied from its start. */
    private static final int PAGE = 2000;
    /** How long a copy that nobody watches is kept: viewers that lost their connection come back within seconds. */
    private static final Duration LINGER = Duration.ofSeconds(10);
    /** The same for one that has ended, in use or not: its time in Redis is limited, and so it must be here. */
    private static final Duration ENDED_LINGER = Duration.ofSeconds(2);
    /** How long the nodes have to tell a Redis that is back what it may have lost: each finds it back by itself. */
    private static final Duration RETOLD = RedisLease.LENGTH;
    /** Redis looks up each stream each time: between two commands there is a pause, longer the more there are. */
    private static final Duration PAUSE = Duration.ofMillis(2);

    private static final int STREAMS_A_MILLISECOND = 200;
    private static final Duration AWAY = Duration.ofMillis(50);

    private static final Logger LOG = LoggerFactory.getLogger(RedisReader.class);

    private final RedisLink link;
    private final String node;
    private final RedisInbox inbox;
    private final Runnable onWatched;
    private final LongConsumer onGrowth;
    private final LongSupplier nanoTime;
    private final Map<String, RedisLog> logs = new ConcurrentHashMap<>();
    private volatile boolean closed;

    /**
     * @param node this node's name
     * @param onWatched run when a log has a first watcher; quick
     * @param onGrowth told by how many bytes the copies here have grown, negative if they are let go
     */
    RedisReader(
            RedisLink link,
            String node,
            RedisInbox inbox,
            Runnable onWatched,
            LongConsumer onGrowth,
            LongSupplier nanoTime) {
        this.link = link;
        this.node = node;
        this.inbox = inbox;
        this.onWatched = onWatched;
        this.onGrowth = onGrowth;
        this.nanoTime = nanoTime;
    }

    /**
     * The log of another node.
     *
     * @throws StoreAway if Redis does not answer, or may have lost it: its node, if it lives, tells it again
     */
    Optional<StreamLog> find(String id) {
        RedisLog known = logs.get(id);
        if (known == null) {
            RedisLog loaded = link.ask(redis -> load(redis, id));
            if (loaded == null) {
                // A client that is told that there is none never asks again. The lease first: it is there again only
                // when the link knows.
                if (emptied() || link.justBack(RETOLD)) {
                    throw new StoreAway("Redis may not have been told of stream " + id + " again yet");
                }
                return Optional.empty();
            }
            known = Optional.ofNullable(logs.putIfAbsent(id, loaded)).orElse(loaded);
            if (known != loaded) {
                onGrowth.accept(-loaded.copy().forget());
            }
            if (!known.ended()) {
                // Wakes the reader, which is blocked in a command that does not know of this log yet.
                inbox.wakeReader();
            }
        }
        known.touch();
        return Optional.of(known);
    }

    /** Whether Redis has lost what it had, and this node has not told it of itself again. */
    private boolean emptied() {
        return !link.ask(redis -> redis.exists(RedisKeys.lease(node)));
    }

    /** What is here of other nodes' logs. */
    Stream<MemoryLog> copies() {
        return logs.values().stream().map(RedisLog::copy);
    }

    /** The logs that are still followed. */
    List<RedisLog> followed() {
        return logs.values().stream().filter(log -> !log.ended()).toList();
    }

    /** Lets go of copies that nobody has watched for a while. */
    void sweep() {
        logs.forEach((id, log) -> {
            if (log.ended() ? log.ageNanos() > ENDED_LINGER.toNanos() : log.idleNanos() > LINGER.toNanos()) {
                drop(id, log);
            }
        });
    }

    /** Lets go of a copy; who still holds it is told. */
    private void drop(String id, RedisLog log) {
        if (logs.remove(id, log)) {
            onGrowth.accept(-log.copy().forget());
        }
        log.lose();
    }

    /** Lets go of copies whose end will never come: Redis has lost it, as after a failover. */
    void dropOrphans(RedisClient redis) {
        List<RedisLog> followed = followed();
        List<Response<String>> owners = new ArrayList<>();
        try (AbstractPipeline pipeline = redis.pipelined()) {
            followed.forEach(log -> owners.add(pipeline.get(RedisKeys.owner(log.start().stream()))));
        }
        for (int i = 0; i < followed.size(); i++) {
            RedisLog log = followed.get(i);
            if (log.orphaned(owners.get(i).get())) {
                drop(log.start().stream(), log);
            }
        }
    }

    void loseAll() {
        logs.forEach(this::drop);
    }

    @Override
    public void run() {
        while (!closed) {
            try {
                if (link.reachable()) {
                    round();
                    Thread.sleep(PAUSE.toMillis() + logs.size() / STREAMS_A_MILLISECOND);
                } else {
                    loseAll();
                    Thread.sleep(AWAY.toMillis());
                }
                inbox.expireVisits();
            } catch (InterruptedException e) {
                return;
            } catch (StoreAway e) {
                loseAll();
            } catch (Throwable t) {
                // An Error too: all streams of this node hang on this thread.
                LOG.error("a round of reading from Redis failed", new Wordless(t));
                loseAll();
            }
        }
    }

    void close() {
        closed = true;
        loseAll();
    }

    private void round() {
        inbox.readerAwake();
        Map<String, StreamEntryID> positions = new HashMap<>();
        Map<String, RedisLog> byKey = new HashMap<>();
        for (RedisLog log : followed()) {
            String key = RedisKeys.stream(log.start().stream());
            byKey.put(key, log);
            positions.put(key, new StreamEntryID(log.head() + 1L, 0));
        }
        positions.put(inbox.key(), inbox.position());
        XReadParams params = XReadParams.xReadParams().count(MAX_ENTRIES).block((int) BLOCK.toMillis());
        List<Map.Entry<String, List<StreamEntry>>> news = link.call(redis -> redis.xread(params, positions));
        if (news == null) {
            return;
        }
        for (Map.Entry<String, List<StreamEntry>> one : news) {
            RedisLog log = byKey.get(one.getKey());
            if (log == null) {
                inbox.receive(one.getValue());
            } else {
                add(log, one.getValue());
            }
        }
    }

    private void add(RedisLog log, List<StreamEntry> entries) {
        try {
            log.add(entries);
        } catch (RuntimeException e) {
            // One stream that cannot be read, such as a newer version's, must not cost the others.
            LOG.error("stream {} cannot be followed", log.start().stream(), new Wordless(e));
            drop(log.start().stream(), log);
        }
    }

    private @Nullable RedisLog load(RedisClient redis, String id) {
        String key = RedisKeys.stream(id);
        String owner = redis.get(RedisKeys.owner(id));
        List<StreamEntry> page = redis.xrange(key, "-", "+", PAGE);
        if (page.isEmpty()) {
            return null;
        }
        RedisLog log =
                new RedisLog(page.get(0), owner == null ? RedisKeys.NOBODY : owner, onWatched, onGrowth, nanoTime);
        try {
            log.add(page);
            while (page.size() == PAGE) {
                page = redis.xrange(key, "(" + page.get(PAGE - 1).getID(), "+", PAGE);
                log.add(page);
            }
        } catch (RuntimeException e) {
            // Nobody has it, and a second try counts anew.
            onGrowth.accept(-log.copy().forget());
            throw e;
        }
        return log;
    }
}
