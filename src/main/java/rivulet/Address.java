package rivulet;

import io.javalin.http.Context;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import org.eclipse.jetty.http.HttpVersion;
import org.jspecify.annotations.Nullable;

/**
 * A request's path and query as they were sent, percent-encoded or not. What is not should be ASCII (RFC 3986), but pages
 * and curl send UTF-8; that Jetty reads so in HTTP/1.1, while in HTTP/2 it takes each byte for a character.
 */
record Address(String path, @Nullable String query) {
    static Address of(Context ctx) {
        boolean bytes = HttpVersion.HTTP_2.is(ctx.req().getProtocol());
        String path = ctx.req().getRequestURI();
        String query = ctx.req().getQueryString();
        return bytes ? new Address(text(path), query == null ? null : text(query)) : new Address(path, query);
    }

    private static String text(String bytes) {
        try {
            ByteBuffer utf8 = StandardCharsets.ISO_8859_1.newEncoder().encode(CharBuffer.wrap(bytes));
            return StandardCharsets.UTF_8.newDecoder().decode(utf8).toString();
        } catch (CharacterCodingException e) {
            // A request of HTTP/1.1 that has upgraded its connection: it is answered in HTTP/2, but was read as itself.
            return bytes;
        }
    }
}
