package rivulet.access;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * The tokens that let callers in, each with its caller's name.
 *
 * <p>A token is compared by its SHA-256, with all that there are, in a time that does not tell how much of it was right.
 * Who signs in on the page gets a cookie instead of the token itself, since a browser keeps cookies in the clear: {@code
 * <name>.<end, in seconds since 1970>.<HMAC-SHA-256 of both under the token>}. It needs no memory here, holds on each
 * node that knows the token, and ends with the token or with its time.
 */
public final class Tokens {
    /** How they are written. */
    public static final String FORM = "name:token, name:token …";
    /** How long a sign-in holds. */
    public static final Duration SIGNED_IN = Duration.ofDays(30);

    /** 64 bits at least, if it is random hexadecimal: out of reach for guesses over a network. */
    private static final int LEAST_LENGTH = 16;

    private static final Pattern ENTRY = Pattern.compile("([A-Za-z0-9_.@-]{1,64}):([\\x21-\\x7E]+)");
    private static final Pattern COOKIE = Pattern.compile("(.{1,64})\\.(\\d{1,12})\\.([A-Za-z0-9_-]{43})");

    private record Holder(String name, byte[] digest, byte[] key) {}

    private final List<Holder> holders;

    private Tokens(List<Holder> holders) {
        this.holders = holders;
    }

    /**
     * The tokens that a list names; none, if it is empty.
     *
     * @throws IllegalArgumentException if one cannot be used; the message says which and why, and holds no token
     */
    public static Tokens of(List<String> list) {
        List<Holder> holders = new ArrayList<>();
        Set<String> names = new HashSet<>();
        Set<String> tokens = new HashSet<>();
        for (String entry : list) {
            Matcher matcher = ENTRY.matcher(entry);
            if (!matcher.matches()) {
                throw new IllegalArgumentException(
                        "entry %d is not a name, a colon and a token: %s".formatted(holders.size() + 1, FORM));
            }
            String name = matcher.group(1);
            String token = matcher.group(2);
            if (token.length() < LEAST_LENGTH) {
                throw new IllegalArgumentException(
                        "the token of %s has %d characters, but needs %d or more, as `openssl rand -hex 16` makes"
                                .formatted(name, token.length(), LEAST_LENGTH));
            }
            if (!names.add(name)) {
                throw new IllegalArgumentException("the name " + name + " stands twice; give each token its own");
            }
            if (!tokens.add(token)) {
                throw new IllegalArgumentException("the token of " + name + " is another one's too; give each its own");
            }
            byte[] key = token.getBytes(StandardCharsets.UTF_8);
            holders.add(new Holder(name, sha256(key), key));
        }
        return new Tokens(List.copyOf(holders));
    }

    /** Whether there are any, so that a caller needs one. */
    public boolean required() {
        return !holders.isEmpty();
    }

    /** Whose token that is. */
    Optional<String> nameOf(String token) {
        return holderOf(token).map(Holder::name);
    }

    /**
     * A cookie's value for whoever has that token.
     *
     * @param seconds the time, since 1970
     */
    Optional<String> signIn(String token, LongSupplier seconds) {
        long end = seconds.getAsLong() + SIGNED_IN.toSeconds();
        return holderOf(token).map(holder -> holder.name + "." + end + "." + seal(holder, end));
    }

    /** Who got that cookie, if it still holds. */
    Optional<String> signedIn(String cookie, LongSupplier seconds) {
        Matcher matcher = COOKIE.matcher(cookie);
        if (!matcher.matches() || Long.parseLong(matcher.group(2)) < seconds.getAsLong()) {
            return Optional.empty();
        }
        long end = Long.parseLong(matcher.group(2));
        byte[] seal = matcher.group(3).getBytes(StandardCharsets.UTF_8);
        return holders.stream()
                .filter(holder -> holder.name.equals(matcher.group(1)))
                .filter(holder -> MessageDigest.isEqual(seal, seal(holder, end).getBytes(StandardCharsets.UTF_8)))
                .map(Holder::name)
                .findFirst();
    }

    private Optional<Holder> holderOf(String token) {
        byte[] digest = sha256(token.getBytes(StandardCharsets.UTF_8));
        Optional<Holder> found = Optional.empty();
        for (Holder holder : holders) {
            // Each of them, found or not.
            boolean same = MessageDigest.isEqual(digest, holder.digest);
            found = same ? Optional.of(holder) : found;
        }
        return found;
    }

    private static String seal(Holder holder, long end) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(holder.key, "HmacSHA256"));
            byte[] seal =
                    mac.doFinal(("rivulet sign-in\n" + holder.name + "\n" + end).getBytes(StandardCharsets.UTF_8));
            return Base64.getUrlEncoder().withoutPadding().encodeToString(seal);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java has HmacSHA256", e);
        }
    }

    private static byte[] sha256(byte[] bytes) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(bytes);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    /** Names alone. */
    @Override
    public String toString() {
        return holders.stream().map(Holder::name).toList().toString();
    }
}
