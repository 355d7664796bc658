package rivulet.log;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import redis.clients.jedis.ConnectionPoolConfig;
import redis.clients.jedis.JedisClientConfig;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.exceptions.JedisConnectionException;
import redis.clients.jedis.exceptions.JedisException;
import redis.clients.jedis.exceptions.JedisNoScriptException;

/**
 * This node's connections to Redis, and whether they work.
 *
 * <p>{@code NEVER_REACHED -> REACHABLE <-> UNREACHABLE}, guarded by this. Any call that fails makes it unreachable, and
 * then calls fail at once, so that nobody waits for a Redis that is known to be away; only the {@link RedisLease} still
 * tries, and its success makes it reachable. All that is asked of Redis here may be asked twice.
 */
final class RedisLink implements AutoCloseable {
    /** For a connection and for an answer: what a request may have to wait when Redis hangs. */
    private static final Duration TIMEOUT = Duration.ofSeconds(2);
    /** The writer, the reader and the lease hold one each, and one is for the stop: none of them ever waits for one. */
    private static final int OWN_CONNECTIONS = 4;
    /** For requests, which come in crowds and then stand in line. */
    private static final int REQUEST_CONNECTIONS = 8;

    private static final Logger LOG = LoggerFactory.getLogger(RedisLink.class);

    private final RedisAddress address;
    private final RedisClient own;
    private final RedisClient requests;
    private final Semaphore line = new Semaphore(REQUEST_CONNECTIONS, true);

    @GuardedBy("this")
    private StoreState state = StoreState.NEVER_REACHED;

    @GuardedBy("this")
    private boolean failureTold;

    /** When it was reached again last, or found to have lost what it had; null: neither has been. */
    @GuardedBy("this")
    private @Nullable Long backNanos;

    @GuardedBy("this")
    private boolean closed;

    /** @param longestBlock how long a command may be told to block */
    RedisLink(RedisAddress address, Duration longestBlock) {
        this.address = address;
        int timeoutMillis = (int) TIMEOUT.toMillis();
        JedisClientConfig config = address.clientConfig(timeoutMillis, (int) longestBlock.toMillis() + timeoutMillis);
        own = client(address, config, OWN_CONNECTIONS);
        requests = client(address, config, REQUEST_CONNECTIONS);
    }

    private static RedisClient client(RedisAddress address, JedisClientConfig config, int connections) {
        ConnectionPoolConfig pool = new ConnectionPoolConfig();
        pool.setMaxTotal(connections);
        pool.setMaxIdle(connections);
        pool.setMaxWait(TIMEOUT);
        pool.setJmxEnabled(false);
        return RedisClient.builder()
                .hostAndPort(address.hostAndPort())
                .clientConfig(config)
                .poolConfig(pool)
                .build();
    }

    synchronized StoreState state() {
        return state;
    }

    boolean reachable() {
        return state() == StoreState.REACHABLE;
    }

    /** Redis has lost what it had, though it may never have been seen to be away. */
    synchronized void emptied() {
        if (state != StoreState.NEVER_REACHED) {
            backNanos = System.nanoTime();
        }
    }

    /** Whether Redis was away, or was emptied, and that no longer ago than so. */
    synchronized boolean justBack(Duration most) {
        return backNanos != null && System.nanoTime() - backNanos <= most.toNanos();
    }

    /**
     * Asks Redis for a request.
     *
     * @throws StoreAway if it is away, or does not answer this, or too many ask before
     */
    <T> T ask(Function<RedisClient, T> command) {
        boolean admitted = false;
        try {
            admitted = line.tryAcquire(TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
            if (!admitted) {
                throw new StoreAway("too many ask Redis at once");
            }
            return call(requests, command);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StoreAway("interrupted", e);
        } finally {
            if (admitted) {
                line.release();
            }
        }
    }

    /**
     * Asks Redis for this node's own threads.
     *
     * @throws StoreAway if it is away, or does not answer this
     */
    <T> T call(Function<RedisClient, T> command) {
        return call(own, command);
    }

    private <T> T call(RedisClient client, Function<RedisClient, T> command) {
        if (!reachable()) {
            throw new StoreAway("Redis cannot be reached");
        }
        try {
            return twice(client, command);
        } catch (JedisException e) {
            failed(e);
            throw new StoreAway("Redis does not answer", e);
        }
    }

    /** Asks Redis even if it is away; whether it answers decides. */
    boolean probe(Function<RedisClient, Boolean> command) {
        try {
            boolean reached = twice(own, command);
            if (reached) {
                reached();
            }
            return reached;
        } catch (JedisException e) {
            failed(e);
            return false;
        }
    }

    /** Asks again at once where a connection broke: one that lay idle may be dead without Redis being away. */
    private <T> T twice(RedisClient client, Function<RedisClient, T> command) {
        try {
            return command.apply(client);
        } catch (JedisConnectionException e) {
            if (e.getCause() instanceof SocketTimeoutException || !reachable()) {
                throw e;
            }
            client.getPool().clear();
            return command.apply(client);
        } catch (JedisNoScriptException e) {
            RedisScript.load(client);
            return command.apply(client);
        }
    }

    private void reached() {
        boolean back;
        synchronized (this) {
            back = failureTold;
            failureTold = false;
            if (state == StoreState.UNREACHABLE) {
                backNanos = System.nanoTime();
            }
            state = StoreState.REACHABLE;
        }
        if (back) {
            LOG.warn("{} is back", address);
        }
    }

    private void failed(JedisException cause) {
        boolean first;
        synchronized (this) {
            first = !failureTold && !closed;
            failureTold = true;
            state = state == StoreState.NEVER_REACHED ? state : StoreState.UNREACHABLE;
        }
        if (first) {
            LOG.warn("{} is away ({}): streams stay in this node's memory until it is back", address, reason(cause));
        }
        own.getPool().clear();
        requests.getPool().clear();
    }

    /** What the network or Redis itself says; neither knows the password. */
    private static String reason(Throwable thrown) {
        Throwable root = thrown;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return root.getClass().getSimpleName() + ": " + root.getMessage();
    }

    @Override
    public void close() {
        synchronized (this) {
            closed = true;
        }
        own.close();
        requests.close();
    }
}
