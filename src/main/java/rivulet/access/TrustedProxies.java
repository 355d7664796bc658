package rivulet.access;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Proxies whose word on where a request comes from is taken. */
public final class TrustedProxies {
    /** How one is written. */
    public static final String FORM = "a list of addresses and networks such as 10.0.0.5, 172.16.0.0/12, fd00::/8";

    private static final Pattern WITH_PORT = Pattern.compile("\\[([^\\]]+)\\](?::\\d+)?|([^:]+):\\d+");

    /** One network: those addresses that begin with the same bits. */
    private record Network(byte[] address, int bits) {
        boolean holds(InetAddress other) {
            byte[] bytes = other.getAddress();
            if (bytes.length != address.length) {
                return false;
            }
            int whole = bits / 8;
            int mask = 0xff00 >> bits % 8 & 0xff;
            return Arrays.equals(bytes, 0, whole, address, 0, whole)
                    && (mask == 0 || (bytes[whole] & mask) == (address[whole] & mask));
        }
    }

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
                .map(entry -> network(entry).orElseThrow(() -> new IllegalArgumentException(entry)))
                .toList());
    }

    private static Optional<Network> network(String entry) {
        String[] parts = entry.split("/", 2);
        return Addresses.parse(parts[0]).flatMap(address -> {
            int all = address.getAddress().length * 8;
            if (parts.length == 1) {
                return Optional.of(new Network(address.getAddress(), all));
            }
            return Optional.of(parts[1])
                    .filter(bits -> bits.matches("\\d{1,3}") && Integer.parseInt(bits) <= all)
                    .map(bits -> new Network(address.getAddress(), Integer.parseInt(bits)));
        });
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
