package rivulet.feed;

import java.io.IOException;
import java.util.regex.Pattern;
import okhttp3.Interceptor;
import okhttp3.Protocol;
import okhttp3.RequestBody;
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
 * <p>Nor behind a long question that was refused, perhaps by its head alone: some servers leave the rest unread, and close
 * the connection a moment later, when it may be another question's. Nor behind an answer in HTTP/1.0 that does not say that
 * its connection is kept: that one ends it (RFC 9112, section 9.3), though perhaps a moment later.
 *
 * <p>OkHttp has no public way to look at what it has read. This is how it comes by it itself, as of OkHttp 5.5: {@code
 * RealCall.initExchange}; and so does it give a connection up: {@code CallServerInterceptor}. Safe on any thread.
 */
final class Leftovers implements Interceptor {
    /** What is shorter is read with its head, or soon after. */
    private static final int LONG_BYTES = 64 * 1024;

    private static final Pattern KEPT = Pattern.compile("(?i)\\bkeep-alive\\b");

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
        Response response = chain.proceed(chain.request());
        boolean refusedLong = !response.isSuccessful() && isLong(chain.request().body());
        if ((refusedLong || endsItsConnection(response))
                && chain.connection() instanceof RealConnection connection
                && connection.protocol() != Protocol.HTTP_2) {
            connection.noNewExchanges();
        }
        return response;
    }

    /** By its version: where a header says so, OkHttp sees to it. */
    private static boolean endsItsConnection(Response response) {
        return response.protocol() == Protocol.HTTP_1_0
                && response.headers("Connection").stream()
                        .noneMatch(said -> KEPT.matcher(said).find());
    }

    private static boolean isLong(@Nullable RequestBody body) throws IOException {
        return body != null && body.contentLength() > LONG_BYTES;
    }

    private static boolean hasAny(RealConnection connection, Chain chain) throws IOException {
        return connection.newCodec$okhttp(((RealCall) chain.call()).getClient(), (RealInterceptorChain) chain)
                        instanceof Http1ExchangeCodec codec
                && !codec.getSocket().getSource().getBuffer().exhausted();
    }
}
