package rivulet.feed;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.net.ProtocolException;
import java.net.Proxy;
import java.net.ProxySelector;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import okhttp3.ConnectionSpec;
import okhttp3.Dispatcher;
import okhttp3.Interceptor;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import okhttp3.sse.EventSource;

/** The HTTP client for all upstreams: sends nothing twice, and waits as long as it is told to. */
public final class UpstreamClient {
    private static final List<ConnectionSpec> WITH_TLS = List.of(ConnectionSpec.MODERN_TLS, ConnectionSpec.CLEARTEXT);
    /** How long an HTTP/2 connection may leave a ping unanswered. */
    private static final Duration PING_INTERVAL = Duration.ofSeconds(15);
    /** The transfer codings of a body that OkHttp reads; some servers name them twice. */
    private static final Pattern KNOWN_CODINGS = Pattern.compile("(?i)((chunked|identity)\\s*(,\\s*|$))*");

    private final OkHttpClient client;
    private final ConnectionPools pools;
    private final Executor threads;
    private final ReadTurns turns;
    private final ReadLoops loops;

    /**
     * @param connect how long connecting may take
     * @param threads runs the calls, one thread each until the head of its response is there; some, for as long as the
     *     answer takes
     * @param readers runs the loops that read the answers, one for each processor, without an end
     * @param turns told how all these threads read
     * @param tls whether an upstream speaks it: without, no trust store is read, which takes a tenth of a second
     */
    public UpstreamClient(
            Duration connect,
            ProxySelector proxies,
            ExecutorService threads,
            Executor readers,
            ReadTurns turns,
            boolean tls) {
        this.threads = threads;
        this.turns = turns;
        this.loops = new ReadLoops(readers, turns);
        // It runs the calls that are no questions.
        Dispatcher dispatcher = new Dispatcher(threads);
        // The defaults are 64 and 5: a sixth would wait, silently, for one of the others to end.
        dispatcher.setMaxRequests(Integer.MAX_VALUE);
        dispatcher.setMaxRequestsPerHost(Integer.MAX_VALUE);
        client = new OkHttpClient.Builder()
                .dispatcher(dispatcher)
                .proxySelector(proxies)
                .socketFactory(new UpstreamSockets(turns))
                .connectionSpecs(tls ? WITH_TLS : List.of(ConnectionSpec.CLEARTEXT))
                // It refuses more than an int of them: 24 days.
                .connectTimeout(Math.min(connect.toMillis(), Integer.MAX_VALUE), TimeUnit.MILLISECONDS)
                // Silence is measured between events, not bytes: comments must not count. See Watch.
                .readTimeout(Duration.ZERO)
                .writeTimeout(Duration.ZERO)
                // A dead connection that many share is closed by no limit of one of them: all would ask it again.
                .pingInterval(PING_INTERVAL)
                // Each of these would send a question twice, and be billed twice.
                .retryOnConnectionFailure(false)
                .followRedirects(false)
                .followSslRedirects(false)
                .eventListenerFactory(Attempt.listeners())
                .addNetworkInterceptor(new Leftovers())
                .addNetworkInterceptor(UpstreamClient::inKnownCoding)
                .build();
        pools = new ConnectionPools(client);
    }

    private UpstreamClient(OkHttpClient client, Executor threads, ReadTurns turns, ReadLoops loops) {
        this.client = client;
        this.pools = new ConnectionPools(client);
        this.threads = threads;
        this.turns = turns;
        this.loops = loops;
    }

    /**
     * In any other transfer coding (RFC 9112, section 7) OkHttp takes what comes for the body itself, and waits for the
     * connection's end, which may never come. None was asked for.
     */
    private static Response inKnownCoding(Interceptor.Chain chain) throws IOException {
        Response response = chain.proceed(chain.request());
        for (String codings : response.headers("Transfer-Encoding")) {
            if (!codings.equals("chunked") && !KNOWN_CODINGS.matcher(codings).matches()) {
                // OkHttp closes the connection then.
                throw new ProtocolException("status " + response.code() + " with Transfer-Encoding: " + codings
                        + ", which nobody asked for");
            }
        }
        return response;
    }

    /** The same client past all proxies: for an upstream in this very process. */
    public UpstreamClient direct() {
        return new UpstreamClient(client.newBuilder().proxy(Proxy.NO_PROXY).build(), threads, turns, loops);
    }

    /** Lets go of all connections. */
    public void close() {
        client.dispatcher().cancelAll();
        loops.closeAll();
        pools.evictAll();
    }

    /** Makes the calls that are not questions. */
    OkHttpClient http() {
        return pools.first();
    }

    /** How many questions have a connection, or wait for one. */
    int questions() {
        return pools.calls();
    }

    /** Asks a question. Nothing is called back on this thread. */
    EventSource open(Request request, StreamListener listener, int maxEventBytes) {
        ConnectionPools.Pool pool = pools.enter();
        requireNonNull(request.tag(Attempt.class)).whenOver(pool::leave);
        AnswerSource source = new AnswerSource(pool.client(), request, listener, maxEventBytes, turns, loops::next);
        source.open(threads);
        return source;
    }
}
