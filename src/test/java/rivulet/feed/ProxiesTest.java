package rivulet.feed;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.net.Proxy;
import java.net.URI;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import rivulet.access.Network;

/** Which hosts are reached without a proxy. */
@Timeout(value = 10, unit = TimeUnit.SECONDS)
class ProxiesTest {
    @ParameterizedTest
    @CsvSource({
        "::1, http://[::1]:11434/v1, DIRECT",
        "[::1], http://[::1]:11434/v1, DIRECT",
        "fd00::5, http://[fd00::6]/v1, HTTP",
        "127.0.0.1, http://127.0.0.1:11434/v1, DIRECT",
        ".example, http://a.example/v1, DIRECT",
        "*.example, http://a.example/v1, DIRECT",
        "example, http://example.org/v1, HTTP",
        "*, http://[::1]/v1, DIRECT",
        "10.0.0.0/8, http://10.255.0.1:8000/v1, DIRECT",
        "10.0.0.0/8, http://11.0.0.1/v1, HTTP",
        "10.9.8.7/8, http://10.1.2.3/v1, DIRECT",
        "172.16.0.0/12, http://172.31.255.255/v1, DIRECT",
        "172.16.0.0/12, http://172.32.0.0/v1, HTTP",
        "10.0.0.5/32, http://10.0.0.4/v1, HTTP",
        "0.0.0.0/0, http://10.0.0.4/v1, DIRECT",
        "0.0.0.0/0, http://[::1]/v1, HTTP",
        "0.0.0.0/0, http://a.example/v1, HTTP",
        "fd00::/8, http://[fdab::1]:8000/v1, DIRECT",
        "fd00::/8, http://[fe80::1]/v1, HTTP",
        "10.0.0.0/33, http://10.0.0.1/v1, HTTP",
        "10.0.0.0/, http://10.0.0.1/v1, HTTP",
        "10.0.0.0/99999999999, http://10.0.0.1/v1, HTTP",
        "a.example/8, http://10.0.0.1/v1, HTTP",
    })
    void aHostThatIsNamedIsReachedWithout(String named, URI upstream, Proxy.Type way) {
        Optional<Network> network = Network.parse(named);
        Proxies proxies = new Proxies(
                URI.create("http://127.0.0.1:3128"),
                null,
                List.of(named),
                host -> network.isPresent() && network.get().holds(host));
        assertEquals(way, proxies.select(upstream).get(0).type());
    }
}
