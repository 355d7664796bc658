package rivulet.access;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Proxies whose word on where a request comes from is taken. */
public final class TrustedProxies {
    /** How one is written. */
    public static final String FORM = "a list of addresses and networks such as 10.0.0.5, 172.16.0.0/12, fd00::/8";

    private static final Pattern WITH_PORT = Pattern.compile("\\[([^\\]]+)\\](?::\\d+)?|([^:]+):\\d+");

    private final List<Network> networks;

    private TrustedProxies(List<Network> networks) {
        this.networks = networks;
    }

    /**
     * Those that a list names.
     *
     * @throws IllegalArgumentException for the first entry that names none; the message is that entry
     */
    public static TrustedProxies of(List<String> list) {
        return new TrustedProxies(list.stream()
                .map(entry -> Network.parse(entry).orElseThrow(() -> new IllegalArgumentException(entry)))
                .toList());
    }

    /** Whether that address is a trusted proxy's. */
    public boolean trusts(InetAddress address) {
        return networks.stream().anyMatch(network -> network.holds(address));
    }

    /**
     * Where a request comes from. {@code X-Forwarded-For} is read from its end, where the nearest proxy wrote: what
     * stands before the first address that no trusted proxy has may be the caller's own invention.
     */
    String origin(Head head) {
        String nearest = head.remote();
        if (networks.isEmpty() || !trusted(nearest)) {
            return nearest;
        }
        List<String> path = new ArrayList<>();
        head.headers("X-Forwarded-For").forEach(line -> path.addAll(List.of(line.split(",", -1))));
        for (int i = path.size() - 1; i >= 0; i--) {
            Optional<InetAddress> before =
                    Addresses.parse(withoutPort(path.get(i).strip()));
            if (before.isEmpty()) {
                return nearest;
            }
            nearest = before.get().getHostAddress();
            if (!trusts(before.get())) {
                return nearest;
            }
        }
        return nearest;
    }

    private boolean trusted(String address) {
        return Addresses.parse(address).filter(this::trusts).isPresent();
    }

    /** Some proxies write the port too. */
    private static String withoutPort(String text) {
        Matcher matcher = WITH_PORT.matcher(text);
        if (!matcher.matches()) {
            return text;
        }
        return matcher.group(1) != null ? matcher.group(1) : matcher.group(2);
    }
}
