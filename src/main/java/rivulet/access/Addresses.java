package rivulet.access;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.Optional;
import java.util.regex.Pattern;

/** IP addresses as they are written. No name is ever looked up: that would ask the DNS whatever a stranger wrote. */
final class Addresses {
    private static final String OCTET = "(\\d{1,2}|[01]\\d\\d|2[0-4]\\d|25[0-5])";
    private static final Pattern V4 = Pattern.compile(OCTET + "(\\." + OCTET + "){3}");
    /** With another beginning, or without a colon, Java takes what is no address for a name. */
    private static final Pattern V6 = Pattern.compile("(?=[^.])[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*");
    /** What one site is given of IPv6, RFC 6177: within it a caller takes whatever address it likes. */
    private static final int V6_SITE_BYTES = 8;

    private Addresses() {}

    /** The address written so, also in brackets or with a zone, if it is one. */
    static Optional<InetAddress> parse(String text) {
        String bare = text.strip();
        if (bare.startsWith("[") && bare.endsWith("]")) {
            bare = bare.substring(1, bare.length() - 1);
        }
        int zone = bare.indexOf('%');
        bare = zone < 0 ? bare : bare.substring(0, zone);
        if (!V4.matcher(bare).matches() && !V6.matcher(bare).matches()) {
            return Optional.empty();
        }
        try {
            return Optional.of(InetAddress.getByName(bare));
        } catch (UnknownHostException e) {
            return Optional.empty();
        }
    }

    /** The address itself, or the network that one IPv6 site has. */
    static String network(String address) {
        return parse(address)
                .filter(Inet6Address.class::isInstance)
                .map(v6 -> Arrays.toString(Arrays.copyOf(v6.getAddress(), V6_SITE_BYTES)))
                .orElse(address);
    }
}
