package rivulet;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import redis.embedded.RedisServer;

/** A real Redis server, a process of its own on a free port, that keeps nothing when it stops. */
public final class RedisProcess implements AutoCloseable {
    private static final int TRIES = 5;
    private static final Duration PAUSE = Duration.ofMillis(100);

    private final int port;
    private RedisServer server;

    public RedisProcess() {
        port = freePort();
        server = start(port);
    }

    public String url() {
        return "redis://127.0.0.1:" + port;
    }

    public int port() {
        return port;
    }

    /** Ends the process; what it held is gone. */
    public void stop() {
        try {
            server.stop();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Starts it again, on the same port. */
    public void restart() {
        server = start(port);
    }

    @Override
    public void close() {
        stop();
    }

    /**
     * Tried a few times: the program is unpacked first, and cannot be run while a process that another thread begins in
     * that moment holds its file, too.
     */
    private static synchronized RedisServer start(int port) {
        for (int left = TRIES; ; left--) {
            try {
                RedisServer server = RedisServer.newRedisServer()
                        .port(port)
                        .bind("127.0.0.1")
                        .setting("save \"\"")
                        .setting("appendonly no")
                        .build();
                server.start();
                return server;
            } catch (IOException e) {
                if (left == 1) {
                    throw new UncheckedIOException(e);
                }
                LockSupport.parkNanos(PAUSE.toNanos());
            }
        }
    }

    private static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
