package rivulet.feed;

import java.io.IOException;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Which upstreams are reached through which proxy, as curl reads its environment. Where nothing is set, the JVM's own
 * properties hold.
 */
public final class Proxies extends ProxySelector {
    private static final Pattern IPV4 = Pattern.compile("((25[0-5]|2[0-4]\\d|1?\\d?\\d)(\\.(?!$)|$)){4}");

    private final @Nullable URI forHttp;
    private final @Nullable URI forHttps;
    private final List<String> direct;

    /**
     * @param forHttp the proxy for {@code http} upstreams, null: none
     * @param forHttps the proxy for {@code https} upstreams, null: none
     * @param direct hosts that are reached without one: names, endings of names such as {@code .example}, networks such as
     *     {@code 10.0.0.0/8}, or {@code *}
     */
    public Proxies(@Nullable URI forHttp, @Nullable URI forHttps, List<String> direct) {
        this.forHttp = forHttp;
        this.forHttps = forHttps;
        this.direct = direct;
    }

    @Override
    public List<Proxy> select(URI uri) {
        @Nullable URI proxy = "https".equals(uri.getScheme()) ? forHttps : forHttp;
        if (proxy == null) {
            return ProxySelector.getDefault().select(uri);
        }
        if (isDirect(bare(String.valueOf(uri.getHost()).toLowerCase(Locale.ROOT)))) {
            return List.of(Proxy.NO_PROXY);
        }
        int port = proxy.getPort() < 0 ? 80 : proxy.getPort();
        return List.of(new Proxy(Proxy.Type.HTTP, InetSocketAddress.createUnresolved(proxy.getHost(), port)));
    }

    @Override
    public void connectFailed(URI uri, SocketAddress address, IOException failure) {
        // The call fails of it, and says so.
    }

    /** An IPv6 address stands in brackets in a URI, and nearly always without them in a list of hosts. */
    private static String bare(String host) {
        return host.startsWith("[") && host.endsWith("]") ? host.substring(1, host.length() - 1) : host;
    }

    private boolean isDirect(String host) {
        return direct.stream()
                .map(name -> name.startsWith("*.") ? name.substring(1) : bare(name))
                .anyMatch(name -> name.equals("*")
                        || host.equals(name)
                        || host.endsWith(name.startsWith(".") ? name : "." + name)
                        || isIn(name, host));
    }

    /** Whether a network holds a host; no name is looked up, as curl looks up none. */
    private static boolean isIn(String network, String host) {
        String[] parts = network.split("/", 2);
        if (parts.length < 2 || !parts[1].matches("\\d{1,3}")) {
            return false;
        }
        byte[] of = address(parts[0]);
        byte[] is = address(host);
        int rest = of.length * Byte.SIZE - Integer.parseInt(parts[1]);
        return is.length > 0
                && is.length == of.length
                && rest >= 0
                && new BigInteger(1, is).xor(new BigInteger(1, of)).bitLength() <= rest;
    }

    /** An address's bytes; none of what is a name. */
    private static byte[] address(String text) {
        if (!IPV4.matcher(text).matches() && text.indexOf(':') < 0) {
            return new byte[0];
        }
        try {
            return InetAddress.getByName(text).getAddress();
        } catch (UnknownHostException e) {
            return new byte[0];
        }
    }
}
