package rivulet.log;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import redis.clients.jedis.AbstractPipeline;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.StreamEntryID;
import redis.clients.jedis.params.XAddParams;
import redis.clients.jedis.params.XTrimParams;
import redis.clients.jedis.resps.StreamEntry;

/**
 * What nodes say to each other: each has one stream in Redis that the others append to. Messages are {@code cancel} with
 * a stream's id, {@code watched} and {@code left} with several, and {@code wake}, which a node sends to itself. What is
 * received is the reader's thread's.
 */
final class RedisInbox {
    /** More than any node leaves unread while it lives. */
    private static final int MAX_MESSAGES = 10_000;
    /** A dead node's inbox is gone after that. */
    private static final Duration KEPT = Duration.ofMinutes(1);

    private static final Logger LOG = LoggerFactory.getLogger(RedisInbox.class);

    private final RedisLink link;
    private final String node;
    private final RemoteVisits visits;
    /** Streams that have become another node's, and may come back: then their viewers are to be counted anew. */
    private final Queue<String> lost = new ConcurrentLinkedQueue<>();

    private final AtomicBoolean wakeSent = new AtomicBoolean();
    /** Of the last message that was read. Written by the reader's thread, and taken back by the lease's. */
    private volatile StreamEntryID position = new StreamEntryID(0, 0);

    private volatile LogStore.@Nullable Remote remote;

    RedisInbox(RedisLink link, String node, LongSupplier nanoTime) {
        this.link = link;
        this.node = node;
        this.visits = new RemoteVisits(nanoTime, RedisLease.LENGTH.toNanos());
    }

    void serve(LogStore.Remote owner) {
        remote = owner;
    }

    String key() {
        return RedisKeys.inbox(node);
    }

    StreamEntryID position() {
        return position;
    }

    /** Has the reader's command return, unless it is about to begin a new one. */
    void wakeReader() {
        if (wakeSent.compareAndSet(false, true)) {
            link.ask(redis -> send(redis, Map.of(node, Map.of("wake", ""))));
        }
    }

    /** The reader is about to look which logs it follows: who comes later must wake it. */
    void readerAwake() {
        wakeSent.set(false);
    }

    /** Asks a stream's owner to end it. */
    void cancel(String owner, String id) {
        link.ask(redis -> send(redis, Map.of(owner, Map.of("cancel", id))));
    }

    /**
     * Tells the owners of these logs which of them are watched here.
     *
     * @param again whether to repeat what they know already
     */
    void tellOwners(List<RedisLog> logs, boolean again) {
        Map<String, List<String>> watched = new HashMap<>();
        Map<String, List<String>> left = new HashMap<>();
        for (RedisLog log : logs) {
            if (log.ownerMustLearn(again)) {
                (log.watched() ? watched : left)
                        .computeIfAbsent(log.owner(), owner -> new ArrayList<>())
                        .add(log.start().stream());
            }
        }
        Map<String, Map<String, String>> messages = new HashMap<>();
        put(messages, "watched", watched);
        put(messages, "left", left);
        if (!messages.isEmpty()) {
            link.call(redis -> send(redis, messages));
        }
    }

    /**
     * Has Redis forget what was read. Nodes repeat each second which of their streams are watched, and the inbox would hold
     * the same ids thousands of times.
     */
    void forgetRead() {
        StreamEntryID read = position;
        List<StreamEntry> newest = link.call(redis -> redis.xrevrange(key(), "+", "-", 1));
        if (newest.isEmpty() || newest.get(0).getID().compareTo(read) < 0) {
            // What was read is gone, and what comes now may be numbered by a clock that is behind.
            position = new StreamEntryID(0, 0);
            return;
        }
        XTrimParams params = XTrimParams.xTrimParams().minId(read.toString());
        link.call(redis -> redis.xtrim(key(), params));
    }

    void receive(List<StreamEntry> messages) {
        for (StreamEntry message : messages) {
            position = message.getID();
            LogStore.Remote owner = remote;
            if (owner != null) {
                receive(message.getFields(), owner);
            }
        }
    }

    /** The stream is another node's now. On any thread. */
    void lost(String id) {
        lost.add(id);
    }

    void expireVisits() {
        for (String id = lost.poll(); id != null; id = lost.poll()) {
            visits.forget(id);
        }
        visits.expire();
    }

    private void receive(Map<String, String> message, LogStore.Remote owner) {
        String from = message.getOrDefault("from", "");
        try {
            for (String id : ids(message.get("cancel"))) {
                owner.cancel(id);
            }
            for (String id : ids(message.get("watched"))) {
                visits.watched(from, id, owner);
            }
            for (String id : ids(message.get("left"))) {
                visits.left(from, id);
            }
        } catch (Throwable t) {
            // One message that fails, of whatever, must not cost the others, nor be read for ever.
            LOG.error("a message of node {} failed", from, t);
        }
    }

    private void put(Map<String, Map<String, String>> messages, String what, Map<String, List<String>> idsByOwner) {
        idsByOwner.forEach((owner, ids) ->
                messages.computeIfAbsent(owner, o -> new HashMap<>()).put(what, String.join(",", ids)));
    }

    private boolean send(RedisClient redis, Map<String, Map<String, String>> messages) {
        try (AbstractPipeline pipeline = redis.pipelined()) {
            messages.forEach((to, message) -> {
                Map<String, String> signed = new HashMap<>(message);
                signed.put("from", node);
                XAddParams params = XAddParams.xAddParams().maxLen(MAX_MESSAGES).approximateTrimming();
                pipeline.xadd(RedisKeys.inbox(to), params, signed);
                pipeline.pexpire(RedisKeys.inbox(to), KEPT.toMillis());
            });
        }
        return true;
    }

    private static List<String> ids(@Nullable String joined) {
        return joined == null ? List.of() : List.of(joined.split(",", -1));
    }
}
