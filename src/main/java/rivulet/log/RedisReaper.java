package rivulet.log;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import redis.clients.jedis.AbstractPipeline;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.Response;

/**
 * Ends the streams of nodes that have died, but for those that {@link RedisTakeOvers} goes on with: every node looks,
 * whoever comes first ends a stream, and Redis sees to it that nobody does twice. One thread, the lease's.
 */
final class RedisReaper {
    /** How a stream ends whose node is gone. */
    static final Event.Failed OWNER_LOST = new Event.Failed(
            ErrorCode.OWNER_LOST,
            "The node that generated this answer was lost before it was complete; ask again.",
            null);

    private static final String OWNER_LOST_PAYLOAD = payload(OWNER_LOST);
    /** Streams in one round trip: each is a step that keeps Redis's other clients waiting. */
    private static final int BATCH = 200;
    /** What is left then waits for the next round: the lease must be renewed meanwhile, however slow Redis is. */
    private static final Duration MOST = Duration.ofSeconds(1);

    private static final Logger LOG = LoggerFactory.getLogger(RedisReaper.class);

    private final RedisTimes times;
    private final String node;
    private final RedisTakeOvers takeOvers;
    private final LongAdder ended;
    private final LongSupplier nanoTime;

    /** @param ended counts the streams that are ended here: the script tells one node of each */
    RedisReaper(RedisTimes times, String node, RedisTakeOvers takeOvers, LongAdder ended, LongSupplier nanoTime) {
        this.times = times;
        this.node = node;
        this.takeOvers = takeOvers;
        this.ended = ended;
        this.nanoTime = nanoTime;
    }

    /**
     * Takes over or ends what dead nodes left.
     *
     * @param between run between two of them
     */
    void reap(RedisClient redis, Runnable between) {
        takeOvers.resolveDoubt(redis);
        List<String> allDead = dead(redis);
        long until = nanoTime.getAsLong() + MOST.toNanos();
        for (String dead : allDead) {
            between.run();
            reap(redis, dead, until);
            if (isPast(until)) {
                return;
            }
        }
    }

    private void reap(RedisClient redis, String dead, long until) {
        long before = redis.scard(RedisKeys.live(dead));
        long endedBefore = ended.sum();
        long left = before;
        boolean more = left > 0;
        while (more) {
            List<String> ids = redis.srandmember(RedisKeys.live(dead), BATCH);
            endAll(redis, dead, takeOvers.take(redis, dead, ids));
            long now = redis.scard(RedisKeys.live(dead));
            // Some may be left to other nodes: then there are more, and nothing to do.
            more = now > 0 && now < left && !isPast(until);
            left = now;
        }
        if (left == 0) {
            redis.srem(RedisKeys.NODES, dead);
        }
        if (left < before || before == 0) {
            LOG.warn("node {} is gone: {} of its streams end owner_lost", dead, ended.sum() - endedBefore);
        }
    }

    private boolean isPast(long nanos) {
        return nanoTime.getAsLong() - nanos >= 0;
    }

    /**
     * Ends one stream, if it is that owner's and its node is dead, or asks for it itself.
     *
     * @param owner the node alone where it is dead
     */
    static Response<Object> end(
            AbstractPipeline pipeline, RedisTimes times, String node, String owner, String id, boolean asked) {
        return RedisScript.END.run(
                pipeline,
                List.of(
                        RedisKeys.stream(id),
                        RedisKeys.owner(id),
                        RedisKeys.live(node),
                        RedisKeys.lease(node),
                        RedisKeys.recovery(id),
                        RedisKeys.cancelled(id)),
                List.of(owner, id, times.live(), times.ended(), OWNER_LOST_PAYLOAD, asked ? "1" : "0"));
    }

    private List<String> dead(RedisClient redis) {
        List<String> nodes = redis.smembers(RedisKeys.NODES).stream()
                .filter(other -> !other.equals(node))
                .toList();
        List<Response<Boolean>> alive = new ArrayList<>();
        try (AbstractPipeline pipeline = redis.pipelined()) {
            nodes.forEach(other -> alive.add(pipeline.exists(RedisKeys.lease(other))));
        }
        List<String> dead = new ArrayList<>();
        for (int i = 0; i < nodes.size(); i++) {
            if (!alive.get(i).get()) {
                dead.add(nodes.get(i));
            }
        }
        return dead;
    }

    /** Whether that reply says that the stream was ended by the one who asked. */
    static boolean isEnded(Response<Object> reply) {
        return Long.valueOf(1).equals(reply.get());
    }

    private void endAll(RedisClient redis, String dead, Collection<String> ids) {
        List<Response<Object>> replies = new ArrayList<>();
        try (AbstractPipeline pipeline = redis.pipelined()) {
            ids.forEach(id -> replies.add(end(pipeline, times, dead, dead, id, false)));
        }
        ended.add(replies.stream().filter(RedisReaper::isEnded).count());
    }

    private static String payload(Event.Failed failed) {
        // Of this event no member depends on the index or the stream.
        Entry entry = new Entry(new Event.Start("-", Kind.CHAT, null), 0, failed);
        return new String(EventJson.payload(entry), StandardCharsets.UTF_8);
    }
}
