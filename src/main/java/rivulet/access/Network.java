package rivulet.access;

import java.net.InetAddress;
import java.util.Arrays;
import java.util.Optional;

/** One network: those addresses that begin with the same bits. */
public final class Network {
    private final byte[] address;
    private final int bits;

    private Network(byte[] address, int bits) {
        this.address = address;
        this.bits = bits;
    }

    /** The network written so, as {@code 172.16.0.0/12} or {@code fd00::/8}; of an address alone, that one; empty if it is none. */
    public static Optional<Network> parse(String text) {
        String[] parts = text.split("/", 2);
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

    /** Whether a host is one of its addresses; no name is looked up. */
    public boolean holds(String host) {
        return Addresses.parse(host).filter(this::holds).isPresent();
    }

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
