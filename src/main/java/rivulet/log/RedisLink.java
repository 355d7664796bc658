package rivulet.log;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import redis.clients.jedis.ConnectionPoolConfig;
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
    /** The writer, the reader and the lease take one each; the rest is for requests. */
    private static final int CONNECTIONS = 8;

    private static final Logger LOG = LoggerFactory.getLogger(RedisLink.class);

    private final RedisAddress address;
    private final RedisClient client;

    @GuardedBy("this")
    private StoreState state = StoreState.NEVER_REACHED;

    @GuardedBy("this")
    private boolean failureTold;

    @GuardedBy("this")
    private boolean closed;

    /** @param longestBlock how long a command may be told to block */
    RedisLink(RedisAddress address, Duration longestBlock) {
        this.address = address;
        ConnectionPoolConfig pool = new ConnectionPoolConfig();
        pool.setMaxTotal(CONNECTIONS);
        pool.setMaxIdle(CONNECTIONS);
        pool.setMaxWait(TIMEOUT);
        pool.setJmxEnabled(false);
        int timeoutMillis = (int) TIMEOUT.toMillis();
        client = RedisClient.builder()
                .hostAndPort(address.hostAndPort())
                .clientConfig(address.clientConfig(timeoutMillis, (int) longestBlock.toMillis() + timeoutMillis))
                .poolConfig(pool)
                .build();
    }

    synchronized StoreState state() {
        return state;
    }

    boolean reachable() {
        return state() == StoreState.REACHABLE;
    }

    /**
     * Asks Redis.
     *
     * @throws StoreAway if it is away, or does not answer this
     */
    <T> T call(Function<RedisClient, T> command) {
        if (!reachable()) {
            throw new StoreAway("Redis cannot be reached");
        }
        try {
            return twice(command);
        } catch (JedisException e) {
            failed(e);
            throw new StoreAway("Redis does not answer", e);
        }
    }

    /** Asks Redis even if it is away; whether it answers decides. */
    boolean probe(Function<RedisClient, Boolean> command) {
        try {
            boolean reached = twice(command);
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
    private <T> T twice(Function<RedisClient, T> command) {
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
        client.getPool().clear();
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
        client.close();
    }
}
