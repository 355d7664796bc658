package rivulet;

import io.javalin.http.Context;
import jakarta.servlet.http.HttpServletResponse;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.zip.GZIPOutputStream;

/** One file as it is sent: plain or gzipped, and not again to those who have it. */
record StaticFile(byte[] plain, byte[] gzipped, String type, String etag) {
    static final int HASH_CHARS = 16;
    /** For what may change with the next build: it is looked at again each time. */
    static final String ASK_AGAIN = "no-cache";

    private static final Map<String, String> TYPES = Map.of(
            "html", "text/html; charset=utf-8",
            "css", "text/css; charset=utf-8",
            "js", "text/javascript; charset=utf-8",
            "json", "application/json",
            "svg", "image/svg+xml; charset=utf-8");

    static StaticFile of(String name, byte[] content) {
        String type = TYPES.getOrDefault(
                name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT), "application/octet-stream");
        // Weak: the plain and the gzipped form are one and the same file.
        return new StaticFile(content, gzip(content), type, "W/\"" + hash(sha256().digest(content)) + "\"");
    }

    void answer(Context ctx, String caching) {
        ctx.header("Cache-Control", caching);
        ctx.header("ETag", etag);
        // Beside what Cors may have said.
        ctx.res().addHeader("Vary", "Accept-Encoding");
        String known = Optional.ofNullable(ctx.header("If-None-Match")).orElse("");
        if (known.contains(etag)) {
            ctx.status(304);
            withoutBody(ctx.res());
            return;
        }
        boolean gzip = Requests.weight(ctx, "Accept-Encoding", "gzip") > 0;
        byte[] body = gzip ? gzipped : plain;
        if (gzip) {
            ctx.header("Content-Encoding", "gzip");
        }
        LongBody.send(body, ctx.contentType(type).res());
    }

    /** A type and a length here would stand for those of what the client keeps (RFC 9110, sections 8.6 and 15.4.5). */
    private static void withoutBody(HttpServletResponse response) {
        // Javalin's own, of a text.
        response.setContentType(null);
        try {
            // Jetty would put in the length of nothing at the end.
            response.flushBuffer();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static String hash(byte[] digest) {
        return HexFormat.of().formatHex(digest).substring(0, HASH_CHARS);
    }

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    private static byte[] gzip(byte[] content) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(bytes)) {
            gzip.write(content);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }
}
