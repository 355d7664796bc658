package rivulet.access;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The names under which a server answers. */
@Timeout(value = 20, unit = TimeUnit.SECONDS)
class HostsTest {
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            # HOST      | HOSTS                  | asked for            | answers
            127.0.0.1   | ''                     | localhost            | true
            127.0.0.1   | ''                     | LOCALHOST.           | true
            127.0.0.1   | ''                     | 127.0.0.1            | true
            127.0.0.1   | ''                     | 127.1.2.3            | true
            127.0.0.1   | ''                     | [::1]                | true
            127.0.0.1   | ''                     | [0:0:0:0:0:0:0:1]    | true
            127.0.0.1   | ''                     | 192.168.1.5          | false
            127.0.0.1   | ''                     | evil.example         | false
            127.0.0.1   | ''                     | localhost.evil       | false
            127.0.0.1   | ''                     | 127.0.0.1.evil       | false
            127.0.0.1   | ''                     | 2130706433           | false
            127.0.0.1   | ''                     | ''                   | false
            0.0.0.0     | ''                     | 192.168.1.5          | true
            0.0.0.0     | ''                     | [2001:db8::5]        | true
            0.0.0.0     | ''                     | evil.example         | false
            ::          | chat.example           | 10.0.0.7             | true
            192.168.1.5 | ''                     | 192.168.1.5          | true
            192.168.1.5 | ''                     | 192.168.1.6          | false
            box.local   | ''                     | Box.Local            | true
            127.0.0.1   | chat.example           | chat.example         | true
            127.0.0.1   | chat.example           | a.chat.example       | false
            127.0.0.1   | *.chat.example         | a.b.chat.example     | true
            127.0.0.1   | *.chat.example         | chat.example         | false
            127.0.0.1   | *.chat.example         | evilchat.example     | false
            127.0.0.1   | a.example,b.example    | b.example            | true
            127.0.0.1   | *                      | anything.example     | true
            """)
    void answersUnderItsOwnNamesAlone(String listening, String given, String asked, boolean answers) {
        Hosts hosts = new Hosts(
                listening,
                Arrays.stream(given.split(",", -1)).filter(n -> !n.isEmpty()).toList());
        TestHead head = TestHead.with().at(asked);
        if (answers) {
            hosts.check(head);
        } else {
            assertEquals(
                    421, assertThrows(Refusal.class, () -> hosts.check(head)).status());
        }
    }

    @Test
    void whatIsNoNameIsRefused() {
        for (String wrong : List.of("https://a.example", "a.example:8080", "a*.example", "a b", "-")) {
            assertThrows(IllegalArgumentException.class, () -> new Hosts("127.0.0.1", List.of(wrong)), wrong);
        }
    }
}
