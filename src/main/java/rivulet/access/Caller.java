package rivulet.access;

import org.jspecify.annotations.Nullable;

/**
 * Who calls.
 *
 * @param name whose token was given; null where no token is
 * @param address where the call comes from: the connection's other end, or what a trusted proxy says of it
 */
public record Caller(@Nullable String name, String address) {
    /** The caller whose token has that name, wherever it called from. */
    public static Caller named(String name) {
        return new Caller(name, "");
    }

    /** Tells this caller from all others; no address is taken for a name. */
    public String id() {
        return name != null ? "name " + name : "address " + address;
    }

    /** For what is counted. One household or server has a whole IPv6 network to call from, so that counts as one. */
    String countedAs() {
        return name != null ? id() : "address " + Addresses.network(address);
    }
}
