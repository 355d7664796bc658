package rivulet.access;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Where a request comes from: nobody can say so but the connection, and those who are trusted. */
@Timeout(value = 20, unit = TimeUnit.SECONDS)
class TrustedProxiesTest {
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            # trusted            | remote      | X-Forwarded-For, a line each  | comes from
            ''                   | 10.0.0.1    | 1.2.3.4                       | 10.0.0.1
            10.0.0.0/8           | 11.0.0.1    | 1.2.3.4                       | 11.0.0.1
            10.0.0.0/8           | 10.0.0.1    | ''                            | 10.0.0.1
            10.0.0.0/8           | 10.0.0.1    | 1.2.3.4                       | 1.2.3.4
            10.0.0.0/8           | 10.0.0.1    | 9.9.9.9, 1.2.3.4              | 1.2.3.4
            10.0.0.0/8           | 10.0.0.1    | 9.9.9.9, 1.2.3.4, 10.2.3.4    | 1.2.3.4
            10.0.0.0/8           | 10.0.0.1    | 9.9.9.9;1.2.3.4,10.7.7.7      | 1.2.3.4
            10.0.0.0/8           | 10.0.0.1    | 10.3.3.3                      | 10.3.3.3
            10.0.0.0/8           | 10.0.0.1    | 9.9.9.9, nonsense, 10.2.2.2   | 10.2.2.2
            10.0.0.0/8           | 10.0.0.1    | evil.example                  | 10.0.0.1
            10.0.0.0/8           | 10.0.0.1    | 1.2.3.4:5678                  | 1.2.3.4
            127.0.0.1            | 127.0.0.1   | [2001:db8::7]:99              | 2001:db8:0:0:0:0:0:7
            ::1,fd00::/8         | fd12::1     | 2001:db8::7                   | 2001:db8:0:0:0:0:0:7
            ::1,fd00::/8         | fe80::1     | 2001:db8::7                   | fe80::1
            192.168.1.128/25     | 192.168.1.127 | 1.2.3.4                     | 192.168.1.127
            192.168.1.128/25     | 192.168.1.200 | 1.2.3.4                     | 1.2.3.4
            0.0.0.0/0            | 8.8.8.8     | 1.2.3.4                       | 1.2.3.4
            """)
    void theNearestWhoIsNotTrustedIsTheCaller(String trusted, String remote, String forwarded, String from) {
        TrustedProxies proxies = TrustedProxies.of(
                Arrays.stream(trusted.split(",", -1)).filter(n -> !n.isEmpty()).toList());
        String[] lines = Arrays.stream(forwarded.split(";", -1))
                .filter(line -> !line.isEmpty())
                .map(line -> "X-Forwarded-For: " + line)
                .toArray(String[]::new);
        assertEquals(from, proxies.origin(TestHead.with(lines).from(remote)));
    }

    @Test
    void whatIsNoNetworkIsRefused() {
        for (String wrong : List.of("proxy.example", "10.0.0.0/33", "10.0.0/8", "::/129", "10.0.0.1/", "")) {
            assertThrows(IllegalArgumentException.class, () -> TrustedProxies.of(List.of(wrong)), wrong);
        }
    }

    @Test
    void oneSiteOfIpv6CountsAsOne() {
        assertEquals(counted("2001:db8:1:2::3"), counted("2001:db8:1:2:ffff::4"));
        assertNotEquals(counted("2001:db8:1:2::3"), counted("2001:db8:1:3::3"));
        assertNotEquals(counted("10.0.0.1"), counted("10.0.0.2"));
        assertNotEquals(new Caller(null, "2001:db8::1").id(), new Caller(null, "2001:db8::2").id());
        assertNotEquals(new Caller("address 1.2.3.4", "::1").id(), new Caller(null, "1.2.3.4").id());
    }

    private static String counted(String address) {
        return new Caller(null, address).countedAs();
    }
}
