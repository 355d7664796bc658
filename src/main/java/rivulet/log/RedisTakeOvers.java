package rivulet.log;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import redis.clients.jedis.AbstractPipeline;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.Response;
import redis.clients.jedis.resps.StreamEntry;

/**
 * Goes on with streams of nodes that have died, where the answer lives on at its upstream.
 *
 * <p>A stream is {@code ABANDONED -> TAKEN -> GENERATED}: the lease's thread takes it, in one step in Redis that exactly
 * one node makes; this class's own thread, {@code rivulet-redis-takeover}, reads what there is of it, which may be long,
 * and hands it to whoever generates. What it cannot hand over it ends.
 */
final class RedisTakeOvers implements Runnable {
    private static final int PAGE = 2000;
    /** How often a Redis that is away is asked for a stream that is this node's already. */
    private static final Duration AWAY = Duration.ofMillis(250);

    private static final Logger LOG = LoggerFactory.getLogger(RedisTakeOvers.class);

    private final RedisLink link;
    private final RedisTimes times;
    private final String node;
    private final RedisWriter writer;
    private final MemoryStore memory;
    private final Function<MemoryLog, StreamLog> owned;
    private final LongAdder ended;
    private final BlockingQueue<Taken> taken = new LinkedBlockingQueue<>();
    private volatile LogStore.@Nullable Remote remote;
    /** Whether a reply was lost, so that streams may be this node's that it does not know of. The lease's thread's. */
    private boolean inDoubt;

    /** A stream that is this node's from now on. */
    private record Taken(String id, String owner, String facts, String at) {}

    /**
     * @param memory where what is taken over is kept
     * @param owned makes it one that this node writes
     * @param ended counts the streams that are ended here
     */
    RedisTakeOvers(
            RedisLink link,
            RedisTimes times,
            String node,
            RedisWriter writer,
            MemoryStore memory,
            Function<MemoryLog, StreamLog> owned,
            LongAdder ended) {
        this.link = link;
        this.times = times;
        this.node = node;
        this.writer = writer;
        this.memory = memory;
        this.owned = owned;
        this.ended = ended;
    }

    void serve(LogStore.Remote generator) {
        remote = generator;
    }

    /**
     * Takes those streams of a dead node that this node can go on with.
     *
     * @return those that it cannot go on with, which are to be ended
     */
    List<String> take(RedisClient redis, String dead, List<String> ids) {
        List<String> refused = new ArrayList<>();
        List<String> wanted = new ArrayList<>();
        List<Response<List<String>>> facts = new ArrayList<>();
        try (AbstractPipeline pipeline = redis.pipelined()) {
            ids.forEach(id -> facts.add(pipeline.hmget(RedisKeys.recovery(id), "facts", "at")));
        }
        for (int i = 0; i < ids.size(); i++) {
            List<String> there = facts.get(i).get();
            switch (readiness(there.get(0), there.get(1))) {
                case TAKES -> wanted.add(ids.get(i));
                case REFUSES -> refused.add(ids.get(i));
                case LEAVES -> {}
            }
        }
        if (!wanted.isEmpty()) {
            inDoubt = true;
            run(redis, dead, wanted);
            inDoubt = false;
        }
        return refused;
    }

    /** Looks for streams that became this node's without its knowing, since the reply was lost. */
    void resolveDoubt(RedisClient redis) {
        if (inDoubt) {
            List<String> unknown = redis.smembers(RedisKeys.live(node)).stream()
                    .filter(id -> !writer.writes(id))
                    .toList();
            run(redis, node, unknown);
            inDoubt = false;
        }
    }

    private LogStore.Readiness readiness(@Nullable String facts, @Nullable String at) {
        LogStore.Remote generator = remote;
        if (facts == null || at == null) {
            return LogStore.Readiness.REFUSES;
        }
        try {
            Origin origin = Recovery.read(facts, at).origin();
            return generator == null ? LogStore.Readiness.LEAVES : generator.readiness(origin);
        } catch (IllegalArgumentException e) {
            // Such as a newer version's: nobody must wait for what this node will never do.
            return LogStore.Readiness.REFUSES;
        }
    }

    private void run(RedisClient redis, String dead, List<String> ids) {
        List<Response<Object>> replies = new ArrayList<>();
        try (AbstractPipeline pipeline = redis.pipelined()) {
            ids.forEach(id -> replies.add(RedisScript.TAKE.run(
                    pipeline,
                    List.of(
                            RedisKeys.stream(id),
                            RedisKeys.owner(id),
                            RedisKeys.live(dead),
                            RedisKeys.lease(dead),
                            RedisKeys.recovery(id),
                            RedisKeys.live(node)),
                    List.of(dead, id, node, times.live()))));
        }
        for (int i = 0; i < ids.size(); i++) {
            if (replies.get(i).get() instanceof List<?> reply
                    && reply.size() == 3
                    && reply.get(0) instanceof String owner
                    && reply.get(1) instanceof String facts
                    && reply.get(2) instanceof String at) {
                taken.add(new Taken(ids.get(i), owner, facts, at));
            }
        }
    }

    @Override
    public void run() {
        while (true) {
            try {
                goOn(taken.take());
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    private void goOn(Taken one) throws InterruptedException {
        boolean done = writer.writes(one.id);
        boolean generated = false;
        while (!done) {
            try {
                if (!generated) {
                    generate(one);
                    generated = true;
                }
                cancelIfAsked(one.id);
                done = true;
            } catch (StoreAway e) {
                // It is this node's: nobody else ends it while this one lives.
                Thread.sleep(AWAY.toMillis());
            } catch (Throwable t) {
                // Of whatever: others wait behind it.
                LOG.error("stream {} cannot be taken over", one.id, new Wordless(t));
                // What was loaded would be live here for ever: its end comes in Redis only.
                memory.drop(one.id);
                done = end(one);
            }
        }
    }

    private void generate(Taken one) {
        List<StreamEntry> page = page(one, "-");
        if (page.isEmpty() || !(RedisLog.event(page.get(0)) instanceof Event.Start start)) {
            throw new IllegalStateException("a log begins with its start");
        }
        MemoryLog log = memory.hidden(start);
        try {
            append(log, page.subList(1, page.size()));
            // Page by page: not packed, a long answer takes many times its text.
            while (page.size() == PAGE) {
                page = page(one, "(" + page.get(PAGE - 1).getID());
                append(log, page);
            }
            Recovery recovery = Recovery.read(one.facts, one.at);
            log.recoverable(recovery);
            writer.publish(log, one.owner, log.head() + 1);
            LOG.info("stream {} is taken over at index {}", one.id, log.head());
            generator().takenOver(owned.apply(log), recovery);
        } catch (Throwable t) {
            memory.discard(log);
            throw t;
        }
        // Not before: of whoever came, or cancelled, while nobody generates it, the one who does would not hear.
        memory.show(log);
    }

    /** Does what was said while nobody was there to hear it. */
    private void cancelIfAsked(String id) {
        if (link.ask(redis -> redis.exists(RedisKeys.cancelled(id)))) {
            generator().cancel(id);
        }
    }

    private LogStore.Remote generator() {
        return requireNonNull(remote, "asked before it was taken");
    }

    private List<StreamEntry> page(Taken one, String from) {
        return link.ask(redis -> redis.xrange(RedisKeys.stream(one.id), from, "+", PAGE));
    }

    private static void append(MemoryLog log, List<StreamEntry> page) {
        page.forEach(entry -> log.append(RedisLog.event(entry)));
    }

    private boolean end(Taken one) {
        try {
            return link.ask(redis -> {
                Response<Object> reply;
                try (AbstractPipeline pipeline = redis.pipelined()) {
                    reply = RedisReaper.end(pipeline, times, node, one.owner, one.id, true);
                }
                if (RedisReaper.isEnded(reply)) {
                    ended.increment();
                }
                return true;
            });
        } catch (StoreAway e) {
            return false;
        }
    }
}
