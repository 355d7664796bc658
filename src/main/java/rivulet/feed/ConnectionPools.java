package rivulet.feed;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import okhttp3.OkHttpClient;

/**
 * One HTTP client with several pools of connections. OkHttp looks at all connections of a pool for each call, those that
 * are in use as well: of thousands, that takes most of a processor. So a pool is for so many calls, and each call goes to
 * the first that has room: where there are few, they share one pool, as they would otherwise. Safe on any thread.
 */
final class ConnectionPools {
    /**
     * Calls at once in one pool. Over HTTP/2 they may have one connection, and begin before it is known how many it takes;
     * some servers break off all where there are more. It is no fewer where RFC 9113, section 6.5.2 is followed.
     */
    private static final int CALLS = 100;
    /** Connections that wait to be used again, in all of the first pools; and how many in each of the others. */
    private static final int IDLE_CONNECTIONS = 256;

    private static final int FEW_IDLE_CONNECTIONS = 8;
    /** How long they wait, which is more than people take to answer an answer. */
    private static final Duration IDLE = Duration.ofMinutes(1);

    private final OkHttpClient base;
    private final Pool first;

    @GuardedBy("this")
    private final List<Pool> pools = new ArrayList<>();

    /** Some of the calls, and the connections that they have. */
    static final class Pool {
        private final OkHttpClient client;
        private final Semaphore room = new Semaphore(CALLS);

        private Pool(OkHttpClient client) {
            this.client = client;
        }

        /** Makes the call. */
        OkHttpClient client() {
            return client;
        }

        /** The call is over, and has let go of its connection. */
        void leave() {
            room.release();
        }
    }

    /** @param base all of the client but its pool */
    ConnectionPools(OkHttpClient base) {
        this.base = base;
        synchronized (this) {
            first = add();
        }
    }

    /** Makes calls that are few and short: they are not counted. */
    OkHttpClient first() {
        return first.client;
    }

    /** A place for a call, which is to {@link Pool#leave} when it is over. */
    synchronized Pool enter() {
        for (Pool pool : pools) {
            if (pool.room.tryAcquire()) {
                return pool;
            }
        }
        Pool pool = add();
        pool.room.acquireUninterruptibly();
        return pool;
    }

    /** How many calls have a place. */
    synchronized int calls() {
        return pools.stream()
                .mapToInt(pool -> CALLS - pool.room.availablePermits())
                .sum();
    }

    /** Closes the connections that are not in use. */
    synchronized void evictAll() {
        pools.forEach(pool -> pool.client.connectionPool().evictAll());
    }

    @GuardedBy("this")
    private Pool add() {
        int idle = Math.max(FEW_IDLE_CONNECTIONS, IDLE_CONNECTIONS - pools.size() * CALLS);
        Pool pool = new Pool(base.newBuilder()
                .connectionPool(IdleConnections.pool(idle, IDLE))
                .build());
        pools.add(pool);
        return pool;
    }
}
