package rivulet.access;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which pages may call. {@code EventSource} begins a generation by GET, and so does an image's address in a hostile page
 * that is open in the same browser: the answer is hidden from it, but would be paid for.
 */
public final class Origins {
    /** What {@code Sec-Fetch-Site} says of our own page's requests, and of those that a user made without a page. */
    private static final Set<String> OURS = Set.of("same-origin", "none");

    /** Not by {@link java.net.URI}: it knows no host with an underscore in its name, which browsers and DNS take. */
    private static final Pattern ORIGIN = Pattern.compile("(?<scheme>https?)://(?<host>.+?)(:(?<port>\\d{1,5}))?");

    private final List<String> allowed;

    /** @param allowed other origins, or {@code *} for any */
    public Origins(List<String> allowed) {
        this.allowed = List.copyOf(allowed);
    }

    /**
     * Refuses what another origin's page asks for. Another port of the same host is another program, so {@code
     * same-site} is another origin too. Browsers say {@code Sec-Fetch-Site} over TLS and to loopback only; elsewhere
     * {@code Origin} stands on all but plain GETs. A request with neither is not a browser's, or not told apart.
     */
    void check(Head head) {
        Optional<String> origin = head.header("Origin");
        if (allowed.contains("*") || origin.filter(allowed::contains).isPresent()) {
            return;
        }
        boolean ours = head.header("Sec-Fetch-Site")
                .map(OURS::contains)
                .orElseGet(() -> origin.map(from -> isAskedFor(from, head)).orElse(true));
        if (!ours) {
            throw Refusal.otherOrigin();
        }
    }

    /** Whether a page of that origin asks for its own server. A proxy may end TLS, so the scheme is not compared. */
    private static boolean isAskedFor(String origin, Head head) {
        Matcher parts = ORIGIN.matcher(origin);
        if (!parts.matches()) {
            return false;
        }
        int usual = parts.group("scheme").equals("https") ? 443 : 80;
        int from = parts.group("port") == null ? usual : Integer.parseInt(parts.group("port"));
        return parts.group("host").equalsIgnoreCase(head.host())
                && from == head.port().orElse(usual);
    }
}
