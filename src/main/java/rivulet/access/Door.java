package rivulet.access;

import java.time.Duration;
import java.util.Optional;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Lets requests in, before anything is done for them: by the name they ask for, by the page they come from, and by the
 * token of whoever makes them. Safe on any thread.
 */
public final class Door {
    /** The cookie of those who signed in on the page. */
    public static final String COOKIE = "rivulet";

    private static final Pattern BEARER = Pattern.compile("Bearer +(\\S+) *", Pattern.CASE_INSENSITIVE);

    private final Hosts hosts;
    private final Origins origins;
    private final Tokens tokens;
    private final TrustedProxies proxies;
    private final Predicate<Head> forAll;
    private final Predicate<Head> signIn;
    private final LongSupplier seconds;
    private final Attempts attempts = new Attempts();

    /**
     * @param forAll what anyone may ask for, from any page: files and the state of health
     * @param signIn what those may ask for who have no token yet
     * @param seconds the time, since 1970
     */
    public Door(
            Hosts hosts,
            Origins origins,
            Tokens tokens,
            TrustedProxies proxies,
            Predicate<Head> forAll,
            Predicate<Head> signIn,
            LongSupplier seconds) {
        this.hosts = hosts;
        this.origins = origins;
        this.tokens = tokens;
        this.proxies = proxies;
        this.forAll = forAll;
        this.signIn = signIn;
        this.seconds = seconds;
    }

    /** Refuses a request for a name that is not this server's. */
    public void checkHost(Head head) {
        hosts.check(head);
    }

    /**
     * Who makes the request.
     *
     * @throws Refusal if it is not let in
     */
    public Caller enter(Head head) {
        try {
            return identify(head);
        } catch (Refusal refusal) {
            // Only what tells a guesser something is a guess: a page that may not call learns nothing of its token.
            if (refusal.code().equals(Refusal.TOKEN_UNKNOWN)) {
                attempts.wrong(proxies.origin(head));
            }
            throw refusal;
        }
    }

    /** Whether the request will be let in; its body is not worth reading otherwise. */
    public boolean admits(Head head) {
        try {
            hosts.check(head);
            identify(head);
            return true;
        } catch (Refusal refusal) {
            return false;
        }
    }

    /**
     * The cookie's value for whoever has the token.
     *
     * @throws Refusal if nobody has it
     */
    public String signIn(Head head, String token) {
        return tokens.signIn(token, seconds).orElseThrow(() -> {
            attempts.wrong(proxies.origin(head));
            return Refusal.tokenUnknown();
        });
    }

    /** How long a sign-in holds. */
    public Duration signedInFor() {
        return Tokens.SIGNED_IN;
    }

    /** Whether callers need a token. */
    public boolean tokensRequired() {
        return tokens.required();
    }

    /**
     * Refuses to let a caller end another one's stream.
     *
     * @param creator the name of who began it; empty if nobody had a name then
     */
    public void checkCreator(Caller caller, Optional<String> creator) {
        if (tokens.required()
                && creator.filter(name -> !name.equals(caller.name())).isPresent()) {
            throw Refusal.notTheCreator();
        }
    }

    private Caller identify(Head head) {
        boolean open = forAll.test(head);
        if (!open) {
            origins.check(head);
        }
        String address = proxies.origin(head);
        if (!tokens.required()) {
            return new Caller(null, address);
        }
        // A token that is given counts, right or wrong: one who believes to be someone is not taken for another.
        Optional<String> token = bearer(head);
        Optional<String> name = token.isPresent() ? tokens.nameOf(token.get()) : cookieName(head);
        if (name.isEmpty() && !open && (token.isPresent() || !signIn.test(head))) {
            throw token.isPresent() ? Refusal.tokenUnknown() : Refusal.tokenRequired();
        }
        return new Caller(name.orElse(null), address);
    }

    /** Other schemes are between the browser and a proxy. */
    private static Optional<String> bearer(Head head) {
        return head.header("Authorization")
                .map(BEARER::matcher)
                .filter(Matcher::matches)
                .map(matcher -> matcher.group(1));
    }

    private Optional<String> cookieName(Head head) {
        for (String line : head.headers("Cookie")) {
            for (String pair : line.split(";", -1)) {
                String[] parts = pair.strip().split("=", 2);
                if (parts.length == 2 && parts[0].equals(COOKIE)) {
                    Optional<String> name = tokens.signedIn(parts[1], seconds);
                    if (name.isPresent()) {
                        return name;
                    }
                }
            }
        }
        return Optional.empty();
    }
}
