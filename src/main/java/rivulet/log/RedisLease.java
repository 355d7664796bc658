package rivulet.log;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.params.SetParams;

/**
 * This node's sign of life in Redis. As long as it is there nobody else ends this node's streams; and this node looks
 * for others whose sign has gone, and ends theirs.
 *
 * <p>{@code SURE}, for the lease's length after a renewal, or while Redis is away and the streams are in memory anyway;
 * {@code UNSURE} otherwise: this process was stopped for so long that the lease may have run out. Then nothing is
 * appended here before {@code fenceLost} has ended what others have ended. Guarded by this.
 *
 * <p>One thread, {@code rivulet-redis-lease}.
 */
final class RedisLease implements Runnable {
    /** How long a node may be silent. With the rounds of the others, its streams end within 7 s. */
    static final Duration LENGTH = Duration.ofSeconds(5);

    private static final Duration RENEWAL = Duration.ofSeconds(1);
    /** How often a Redis that is away is asked. */
    private static final Duration AWAY = Duration.ofMillis(250);
    /** How long an append waits for certainty, at most: it may be on a thread that others need. */
    private static final Duration PATIENCE = Duration.ofSeconds(3);

    private static final Duration NUDGE = Duration.ofMillis(10);

    private static final String ALIVE = "alive";

    private static final Logger LOG = LoggerFactory.getLogger(RedisLease.class);

    private final RedisLink link;
    private final String node;
    private final RedisWriter writer;
    private final RedisReader reader;
    private final RedisInbox inbox;
    private final RedisReaper reaper;
    private final LongSupplier nanoTime;
    private final Semaphore nudges = new Semaphore(0);
    private long renewNanos;
    private long reapNanos;
    /** Whether others may have acted on that it had run out, which is not looked at yet. */
    private boolean ranOut;

    private volatile boolean closed;

    @GuardedBy("this")
    private long sureNanos;

    RedisLease(
            RedisLink link,
            String node,
            RedisWriter writer,
            RedisReader reader,
            RedisInbox inbox,
            RedisReaper reaper,
            LongSupplier nanoTime) {
        this.link = link;
        this.node = node;
        this.writer = writer;
        this.reader = reader;
        this.inbox = inbox;
        this.reaper = reaper;
        this.nanoTime = nanoTime;
        this.renewNanos = nanoTime.getAsLong();
        this.sureNanos = nanoTime.getAsLong();
    }

    /** Waits, if need be, until it is sure that streams of this node that are live here have not been ended elsewhere. */
    void awaitSure() {
        if (sure()) {
            return;
        }
        synchronized (this) {
            long until = nanoTime.getAsLong() + PATIENCE.toNanos();
            long left = PATIENCE.toMillis();
            while (left > 0 && !sure()) {
                try {
                    // For the lease's thread, which notifies after each renewal, done or failed.
                    wait(left);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    return;
                }
                left = TimeUnit.NANOSECONDS.toMillis(until - nanoTime.getAsLong());
            }
        }
    }

    /** Has the next round come now: a log of another node has a first watcher. */
    void nudge() {
        nudges.release();
    }

    @Override
    public void run() {
        while (!closed) {
            try {
                round();
                if (nudges.tryAcquire(renewNanos - nanoTime.getAsLong(), TimeUnit.NANOSECONDS)) {
                    // Watchers come in crowds.
                    Thread.sleep(NUDGE.toMillis());
                    nudges.drainPermits();
                }
            } catch (InterruptedException e) {
                return;
            } catch (StoreAway e) {
                // Said by the link, asked again by the next round.
            } catch (Throwable t) {
                // An Error too: all streams of this node hang on this thread.
                LOG.error("a round of renewal failed", t);
            }
        }
    }

    /** Gives the lease up, so that what may be left of this node's streams is ended at once. */
    void close() {
        closed = true;
        nudge();
        try {
            link.call(redis -> {
                if (redis.scard(RedisKeys.live(node)) == 0) {
                    redis.srem(RedisKeys.NODES, node);
                }
                return redis.del(RedisKeys.lease(node));
            });
        } catch (StoreAway e) {
            // It runs out by itself.
        }
    }

    private void round() {
        boolean due = nanoTime.getAsLong() - renewNanos >= 0;
        if (due) {
            renew();
            reader.sweep();
        }
        if (link.reachable()) {
            renewIfDue();
            inbox.tellOwners(reader.followed(), due);
            if (due) {
                renewIfDue();
                inbox.forgetRead();
            }
        }
    }

    private void renew() {
        boolean wasAway = !link.reachable();
        long asked = nanoTime.getAsLong();
        boolean renewed = renewNow(asked);
        if (renewed && wasAway) {
            // The others, who lost sight of Redis too, must have time to show that they live.
            reapNanos = asked + LENGTH.toNanos();
            writer.checkAll();
        }
        if (renewed && asked - reapNanos >= 0) {
            link.call(redis -> {
                renewIfDue();
                reaper.reap(redis, this::renewIfDue);
                renewIfDue();
                reader.dropOrphans(redis);
                return true;
            });
        }
    }

    /** Between two things of a round: of a slow Redis each takes its time, and a lease is short. */
    private void renewIfDue() {
        long now = nanoTime.getAsLong();
        if (link.reachable() && now - renewNanos >= 0) {
            renewNow(now);
        }
    }

    @CanIgnoreReturnValue
    private boolean renewNow(long now) {
        boolean renewed = link.probe(this::setLease);
        synchronized (this) {
            sureNanos = renewed ? now : sureNanos;
            // For those who want to append.
            notifyAll();
        }
        renewNanos = now + (renewed ? RENEWAL : AWAY).toNanos();
        return renewed;
    }

    private boolean setLease(RedisClient redis) {
        boolean kept = redis.set(RedisKeys.lease(node), ALIVE, whileItLives().xx()) != null;
        if (!kept) {
            // Or Redis is empty, which is known here before the lease says otherwise.
            link.emptied();
            ranOut = true;
            redis.set(RedisKeys.lease(node), ALIVE, whileItLives());
        }
        redis.sadd(RedisKeys.NODES, node);
        if (ranOut) {
            writer.fenceLost(redis);
            writer.checkAll();
            ranOut = false;
        }
        return true;
    }

    private static SetParams whileItLives() {
        return SetParams.setParams().px(LENGTH.toMillis());
    }

    private synchronized boolean sure() {
        return !link.reachable() || nanoTime.getAsLong() - sureNanos < LENGTH.toNanos();
    }
}
