package rivulet.access;

import java.net.InetAddress;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * The names under which this server answers. A hostile page may have its own name point to this machine (DNS
 * rebinding): the browser then takes both for one origin, and only the name in {@code Host} tells them apart.
 */
public final class Hosts {
    /** How one is written. */
    public static final String FORM =
            "a list of names without ports such as chat.example, *.example, 192.168.1.5, or *";

    private static final String NAME = "(\\*\\.)?[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?";

    private final Set<String> names = new HashSet<>();
    private final boolean any;
    private final boolean anyAddress;

    /**
     * @param listening the address that the server listens on; where that is all of them, callers reach it by addresses
     *     that it does not know. An address cannot be made to point elsewhere, so each will do then.
     * @param given further names, {@code *.} and a name for all below it, or {@code *}
     * @throws IllegalArgumentException for the first that is no name; the message is that one
     */
    public Hosts(String listening, List<String> given) {
        for (String name : given) {
            if (!name.equals("*")
                    && !name.matches(NAME)
                    && Addresses.parse(name).isEmpty()) {
                throw new IllegalArgumentException(name);
            }
            names.add(plain(name));
        }
        names.add("localhost");
        names.add(plain(listening));
        any = names.contains("*");
        anyAddress = Addresses.parse(listening)
                .filter(InetAddress::isAnyLocalAddress)
                .isPresent();
    }

    /** Refuses a request for another name. */
    void check(Head head) {
        String host = head.host();
        // Mostly it is written as it is known.
        if (!any && !names.contains(host) && !allows(plain(host))) {
            throw Refusal.otherHost();
        }
    }

    private boolean allows(String host) {
        if (names.contains(host)
                || Addresses.parse(host)
                        .filter(address -> anyAddress || address.isLoopbackAddress())
                        .isPresent()) {
            return true;
        }
        for (int dot = host.indexOf('.'); dot >= 0; dot = host.indexOf('.', dot + 1)) {
            if (names.contains("*" + host.substring(dot))) {
                return true;
            }
        }
        return false;
    }

    /** In one of the many forms in which a name, or an address, can be written. */
    private static String plain(String host) {
        String lower = host.toLowerCase(Locale.ROOT);
        String name = lower.endsWith(".") ? lower.substring(0, lower.length() - 1) : lower;
        return Addresses.parse(name).map(InetAddress::getHostAddress).orElse(name);
    }
}
