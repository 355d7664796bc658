package rivulet.log;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.Optional;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.JedisClientConfig;
import redis.clients.jedis.SslOptions;
import redis.clients.jedis.SslVerifyMode;
import redis.clients.jedis.util.JedisURIHelper;

/** Where Redis is, and the password for it, which is never shown. */
public final class RedisAddress {
    /** How such an address is written. */
    public static final String FORM = "an address such as redis://localhost:6379 or rediss://user:password@host:6380/0";

    private static final int DEFAULT_PORT = 6379;

    private final URI uri;

    private RedisAddress(URI uri) {
        this.uri = uri;
    }

    /** The address written so, if it is one. */
    public static Optional<RedisAddress> parse(String text) {
        try {
            URI uri = new URI(text);
            boolean redis = "redis".equals(uri.getScheme()) || "rediss".equals(uri.getScheme());
            return redis
                            && uri.getHost() != null
                            && uri.getPort() <= 65_535
                            && uri.getPath().matches("(/\\d{0,4})?")
                    ? Optional.of(new RedisAddress(uri))
                    : Optional.empty();
        } catch (URISyntaxException e) {
            return Optional.empty();
        }
    }

    HostAndPort hostAndPort() {
        return new HostAndPort(uri.getHost(), uri.getPort() < 0 ? DEFAULT_PORT : uri.getPort());
    }

    /**
     * How to connect.
     *
     * @param timeoutMillis for a connection to be made, and for an answer
     * @param blockingMillis for an answer that is asked to wait
     */
    JedisClientConfig clientConfig(int timeoutMillis, int blockingMillis) {
        DefaultJedisClientConfig.Builder config = DefaultJedisClientConfig.builder()
                .timeoutMillis(timeoutMillis)
                .blockingSocketTimeoutMillis(blockingMillis)
                .user(JedisURIHelper.getUser(uri))
                .password(JedisURIHelper.getPassword(uri))
                .database(JedisURIHelper.getDBIndex(uri))
                .clientName("rivulet");
        if ("rediss".equals(uri.getScheme())) {
            // In full: else any valid certificate would do, whatever host it is for.
            config.sslOptions(
                    SslOptions.builder().sslVerifyMode(SslVerifyMode.FULL).build());
        }
        return config.build();
    }

    @Override
    public String toString() {
        return uri.getScheme() + "://" + hostAndPort();
    }
}
