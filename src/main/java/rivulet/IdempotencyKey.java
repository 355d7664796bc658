package rivulet;

import io.javalin.http.Context;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;

/**
 * A caller's own name for one request: sent again, it means the same stream and no second generation.
 *
 * @param key the name, with the caller that it is known to, since two may choose the same
 * @param fingerprint of the request: another one may not use the name
 */
record IdempotencyKey(String key, String fingerprint) {
    /** The parameter for {@code EventSource}, which sends no headers. */
    static final String PARAMETER = "idempotency_key";

    private static final String HEADER = "Idempotency-Key";
    private static final String FORM = "[\\x21-\\x7E]{1,255}";

    /**
     * The name that a request gives itself, if it does: by the header of a POST, by the parameter of a GET.
     *
     * @param fields the body, or the query, which together with the path makes the request
     */
    static Optional<IdempotencyKey> of(Context ctx, Fields fields) {
        Optional<String> given = fields.inBody() ? Optional.ofNullable(ctx.header(HEADER)) : fields.string(PARAMETER);
        return given.filter(key -> !key.isEmpty()).map(key -> {
            if (!key.matches(FORM)) {
                throw RequestError.badRequest(
                        "An idempotency key is 1 to 255 visible ASCII characters, best of all a random UUID.");
            }
            String request = Address.of(ctx).path() + "\n" + fields.canonical(PARAMETER);
            return new IdempotencyKey(Entrance.caller(ctx).id() + " " + key, hash(request));
        });
    }

    private static String hash(String text) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
