package rivulet.feed;

import java.io.IOException;
import okhttp3.Interceptor;
import okhttp3.Response;
import okhttp3.internal.connection.RealCall;
import okhttp3.internal.connection.RealConnection;
import okhttp3.internal.http.RealInterceptorChain;
import okhttp3.internal.http1.Http1ExchangeCodec;
import org.jspecify.annotations.Nullable;

/**
 * Lets nothing be asked on a connection from which OkHttp has read more than it was answered there: it would take what is
 * left for the next answer. What has come and was not read is {@link Attempt}'s to find.
 *
 * <p>OkHttp has no public way to look at what it has read. This is how it comes by it itself, as of OkHttp 5.5: {@code
 * RealCall.initExchange}. Safe on any thread.
 */
final class Leftovers implements Interceptor {
    @Override
    public Response intercept(Chain chain) throws IOException {
        if (chain.connection() instanceof RealConnection connection && hasAny(connection, chain)) {
            @Nullable Attempt attempt = chain.request().tag(Attempt.class);
            if (attempt != null) {
                attempt.stale();
            }
            // OkHttp closes the connection then.
            throw new IOException("the connection holds an answer that nobody has asked for");
        }
        return chain.proceed(chain.request());
    }

    private static boolean hasAny(RealConnection connection, Chain chain) throws IOException {
        return connection.newCodec$okhttp(((RealCall) chain.call()).getClient(), (RealInterceptorChain) chain)
                        instanceof Http1ExchangeCodec codec
                && !codec.getSocket().getSource().getBuffer().exhausted();
    }
}
