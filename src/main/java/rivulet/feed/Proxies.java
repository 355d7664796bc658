package rivulet.feed;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Which upstreams are reached through which proxy, as curl reads its environment. Where nothing is set, the JVM's own
 * properties hold.
 */
public final class Proxies extends ProxySelector {
    private final @Nullable URI forHttp;
    private final @Nullable URI forHttps;
    private final List<String> direct;
    private final Predicate<String> directAddresses;

    /**
     * @param forHttp the proxy for {@code http} upstreams, null: none
     * @param forHttps the proxy for {@code https} upstreams, null: none
     * @param direct hosts that are reached without one: names, endings of names such as {@code .example}, or {@code *}
     * @param directAddresses whether a host is an address that is reached without one, though none of these names it
     */
    public Proxies(
            @Nullable URI forHttp, @Nullable URI forHttps, List<String> direct, Predicate<String> directAddresses) {
        this.forHttp = forHttp;
        this.forHttps = forHttps;
        this.direct = direct;
        this.directAddresses = directAddresses;
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
        return List.of(
                new Proxy(Proxy.Type.HTTP, InetSocketAddress.createUnresolved(proxy.getHost(), proxy.getPort())));
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
        return directAddresses.test(host)
                || direct.stream()
                        .map(name -> name.startsWith("*.") ? name.substring(1) : bare(name))
                        .anyMatch(name -> name.equals("*")
                                || host.equals(name)
                                || host.endsWith(name.startsWith(".") ? name : "." + name));
    }
}
