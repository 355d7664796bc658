package rivulet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.Proxy;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import rivulet.feed.Proxies;
import rivulet.feed.Upstream;

/** Settings: where they come from, what they default to, and what is said of those that cannot be used. */
@Timeout(value = 20, unit = TimeUnit.SECONDS)
class ConfigTest {
    private static Config read(Map<String, String> environment, String... args) {
        return Config.read(List.of(args), environment);
    }

    @Test
    void withoutSettingsTheSimulatorAnswersOnLoopback() {
        Config config = read(Map.of());
        assertEquals("127.0.0.1", config.host());
        assertEquals(8080, config.port());
        assertEquals("simulator", config.upstream().label());
        assertEquals("gpt-4o-mini", config.upstream().model());
        assertEquals(Upstream.Api.CHAT, config.upstream().api());
        assertTrue(config.loopback() && config.simulatorPublic());
    }

    @Test
    void theCommandLineIsStrongerThanTheEnvironment() {
        assertEquals(1, read(Map.of("PORT", "2"), "--port", "1").port());
        assertEquals(1, read(Map.of(), "--port=1").port());
        assertEquals("::1", read(Map.of(), "--host", "::1").host());
        assertEquals("::1", read(Map.of(), "--host", "[::1]").host());
    }

    @Test
    void aKeyAloneMeansOpenAiAndItsResponses() {
        Upstream upstream = read(Map.of("OPENAI_API_KEY", "k")).upstream();
        assertEquals(URI.create("https://api.openai.com/v1"), upstream.baseUrl());
        assertEquals(Upstream.Api.RESPONSES, upstream.api());
        assertEquals("gpt-4o-mini", upstream.model());
    }

    @Test
    void anArkKeyAloneMeansArkAndItsChatCompletions() {
        Upstream upstream = read(Map.of("ARK_API_KEY", "k")).upstream();
        assertEquals(URI.create("https://ark.cn-beijing.volces.com/api/v3"), upstream.baseUrl());
        assertEquals(Upstream.Api.CHAT, upstream.api());
        assertEquals("k", upstream.apiKey());
        assertEquals("", upstream.model());
        assertEquals(
                "o",
                read(Map.of("ARK_API_KEY", "k", "OPENAI_API_KEY", "o"))
                        .upstream()
                        .apiKey());
    }

    @Test
    void aBaseUrlNeedsNoKey() {
        Upstream upstream =
                read(Map.of("OPENAI_BASE_URL", "http://localhost:11434/v1")).upstream();
        assertEquals("", upstream.apiKey());
        assertEquals(Upstream.Api.CHAT, upstream.api());
        assertEquals(
                "",
                read(Map.of("OPENAI_BASE_URL", "http://localhost:1/v1", "ARK_API_KEY", "k"))
                        .upstream()
                        .apiKey());
    }

    @Test
    void aPublicAddressHidesTheSimulator() {
        assertFalse(read(Map.of("HOST", "0.0.0.0")).simulatorPublic());
        assertTrue(read(Map.of("HOST", "0.0.0.0", "SIMULATOR", "on")).simulatorPublic());
        assertFalse(read(Map.of("SIMULATOR", "off")).simulatorPublic());
    }

    @Test
    void anEmptyValueIsNone() {
        assertEquals(8080, read(Map.of("PORT", "")).port());
        assertEquals("127.0.0.1", read(Map.of("HOST", "")).host());
        assertEquals("simulator", read(Map.of("OPENAI_API_KEY", "")).upstream().label());
    }

    @Test
    void aTimeThatIsTooLongToBeCountedIsACentury() {
        assertEquals(100, read(Map.of("HEARTBEAT", "999999999h")).heartbeat().toDays() / 365);
        assertEquals(Duration.ofDays(3650), read(Map.of("HEARTBEAT", "87600h")).heartbeat());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            PORT                | http                | PORT is "http", but must be a whole number from 0 to 65535
            PORT                | 70000               | PORT is "70000", but must be a whole number from 0 to 65535
            RETENTION           | 5                   | RETENTION is "5", but must be a duration such as 250ms, 1s or 2m
            DISCONNECT_GRACE    | never               | DISCONNECT_GRACE is "never", but must be a duration such as 250ms, 1s or 2m, or forever
            HEARTBEAT           | 0s                  | HEARTBEAT is "0s", but must be a duration such as 250ms, 1s or 2m, longer than nothing
            BACKGROUND          | yes                 | BACKGROUND is "yes", but must be one of off, on
            UPSTREAM_API        | rest                | UPSTREAM_API is "rest", but must be one of auto, responses, chat
            OPENAI_BASE_URL     | localhost:11434     | OPENAI_BASE_URL is "localhost:11434", but must be an address such as https://api.openai.com/v1 or http://localhost:11434/v1
            ACCESS_TOKENS       | ann:short           | ACCESS_TOKENS: the token of ann has 5 characters, but needs 16 or more, as `openssl rand -hex 16` makes
            OPEN                | yes                 | OPEN is "yes", but must be one of i-know
            HOSTS               | a.example:80        | HOSTS is "a.example:80", but must be a list of names without ports such as chat.example, *.example, 192.168.1.5, or *
            TRUSTED_PROXIES     | proxy               | TRUSTED_PROXIES is "proxy", but must be a list of addresses and networks such as 10.0.0.5, 172.16.0.0/12, fd00::/8
            REQUESTS_PER_MINUTE | many                | REQUESTS_PER_MINUTE is "many", but must be a whole number from 0 to 1000000
            HEAD_TIMEOUT        | 0s                  | HEAD_TIMEOUT is "0s", but must be a duration such as 250ms, 1s or 2m, longer than nothing
            HOST                | nope.invalid        | HOST is "nope.invalid", but must be an address or name of this machine, as 127.0.0.1, or 0.0.0.0 for all of them
            HTTP_PROXY          | foo                 | HTTP_PROXY is "foo", but must be http://host:port, without a user
            HTTP_PROXY          | u:secret@h:1        | HTTP_PROXY is "…@h:1", but must be http://host:port, without a user
            HTTPS_PROXY         | http://u:s@cret@h:1 | HTTPS_PROXY is "http://…@h:1", but must be http://host:port, without a user
            OPENAI_BASE_URL     | u:secret@h.example  | OPENAI_BASE_URL is "…@h.example", but must be an address such as https://api.openai.com/v1 or http://localhost:11434/v1
            OPENAI_BASE_URL     | http://h:65536/v1   | OPENAI_BASE_URL is "http://h:65536/v1", but must be an address such as https://api.openai.com/v1 or http://localhost:11434/v1
            OPENAI_BASE_URL     | http://h:0/v1       | OPENAI_BASE_URL is "http://h:0/v1", but must be an address such as https://api.openai.com/v1 or http://localhost:11434/v1
            OPENAI_BASE_URL     | http://[fe80::1%25lo]/v1 | OPENAI_BASE_URL is "http://[fe80::1%25lo]/v1", but must be an address such as https://api.openai.com/v1 or http://localhost:11434/v1
            OPENAI_BASE_URL     | https://u:secret@h/v1 | OPENAI_BASE_URL is "https://…@h/v1", but must be an address such as https://api.openai.com/v1 or http://localhost:11434/v1, without a user
            OPENAI_BASE_URL     | https://h:0/v1?k=secret | OPENAI_BASE_URL is "https://h:0/v1?…", but must be an address such as https://api.openai.com/v1 or http://localhost:11434/v1
            UPSTREAMS           | [{"base_url":"http://h/v1?k=secret"},{"base_url":"http://h/v1?k=secret"}] | UPSTREAMS has two named http://h/v1; give each a "name" of its own
            REDIS_URL           | redis://h:65536     | REDIS_URL must be an address such as redis://localhost:6379 or rediss://user:password@host:6380/0
            UPSTREAMS           | [{"name":"a","base_url":"http://h","key":"sk-secret"}] | UPSTREAMS: a has a "key" that is the name of no variable that is set
            MODELS              | ,                   | MODELS is ",", but must be a list with something in it, or empty
            ACCESS_TOKENS       | , ,                 | ACCESS_TOKENS is ", ,", but must be a list with something in it, or empty
            CORS_ORIGINS        | https://a.example:443 | CORS_ORIGINS is "https://a.example:443", but must be a list of origins such as https://a.example or http://localhost:3000, or *
            CORS_ORIGINS        | https://A.example   | CORS_ORIGINS is "https://A.example", but must be a list of origins such as https://a.example or http://localhost:3000, or *
            OPENAI_BASE_URL     | http://my_llm:1/v1  | OPENAI_BASE_URL is "http://my_llm:1/v1", but must be an address such as https://api.openai.com/v1 or http://localhost:11434/v1, whose host has no underscore
            CORS_ORIGINS        | https://a.example/x | CORS_ORIGINS is "https://a.example/x", but must be a list of origins such as https://a.example or http://localhost:3000, or *
            """)
    void aWrongValueIsNamedInOneLine(String name, String value, String message) {
        SettingError error = assertThrows(SettingError.class, () -> read(Map.of(name, value)));
        assertEquals(message, error.getMessage());
    }

    @Test
    void aPublicAddressWithAKeyNeedsTokensOrAWord() {
        Map<String, String> exposed = Map.of("HOST", "0.0.0.0", "OPENAI_API_KEY", "sk-secret");
        String said = String.valueOf(
                assertThrows(SettingError.class, () -> read(exposed)).getMessage());
        assertTrue(said.contains("ACCESS_TOKENS=") && said.contains("OPEN=i-know"), said);
        assertEquals(1, said.lines().count());
        assertFalse(said.contains("sk-secret"));
        for (Map<String, String> also : List.of(
                Map.of("HOST", "192.168.1.5", "ARK_API_KEY", "k"),
                Map.of("HOST", "::", "OPENAI_BASE_URL", "http://a.example/v1", "UPSTREAM_HEADERS", "api-key: k"),
                Map.of("HOST", "::", "OPENAI_BASE_URL", "http://a.example/v1?key=k"),
                Map.of(
                        "HOST",
                        "0.0.0.0",
                        "K",
                        "k",
                        "UPSTREAMS",
                        "[{\"base_url\":\"http://a.example/v1\"},{\"base_url\":\"http://b.example/v1\",\"key\":\"K\"}]"))) {
            assertThrows(SettingError.class, () -> read(also), also.toString());
        }
        for (Map<String, String> fine : List.of(
                Map.of("HOST", "0.0.0.0"),
                Map.of("HOST", "0.0.0.0", "OPENAI_BASE_URL", "http://localhost:11434/v1"),
                Map.of("HOST", "0.0.0.0", "OPENAI_API_KEY", "k", "OPEN", "i-know"),
                Map.of("HOST", "0.0.0.0", "OPENAI_API_KEY", "k", "ACCESS_TOKENS", "ann:0123456789abcdef"),
                Map.of("HOST", "::1", "OPENAI_API_KEY", "k"),
                Map.of("HOST", "localhost", "OPENAI_API_KEY", "k"))) {
            read(fine);
        }
    }

    @Test
    void noTokenIsPrinted() {
        Config config = read(Map.of("ACCESS_TOKENS", "ann:0123456789abcdef"));
        assertFalse(config.toString().contains("0123456789"), config.toString());
        assertTrue(Setting.ACCESS_TOKENS.secret());
        for (String wrong :
                List.of("ann:0123456789", "0123456789abcdef", "ann:0123456789abcdef,ann:0123456789abcdefg")) {
            SettingError error = assertThrows(SettingError.class, () -> read(Map.of("ACCESS_TOKENS", wrong)));
            assertFalse(String.valueOf(error.getMessage()).contains("0123456789"), error.getMessage());
        }
    }

    @Test
    void anUnknownOptionIsNamed() {
        assertTrue(String.valueOf(assertThrows(SettingError.class, () -> read(Map.of(), "--prot", "1"))
                        .getMessage())
                .contains("--port, --host and --help"));
        assertTrue(String.valueOf(assertThrows(SettingError.class, () -> read(Map.of(), "--port"))
                        .getMessage())
                .contains("needs a value"));
    }

    @Test
    void noSecretIsPrinted() {
        String key = "sk-very-secret-0123456789";
        Config config = read(Map.of("OPENAI_API_KEY", key));
        assertFalse(config.toString().contains(key), config.toString());
        assertFalse(config.upstream().label().contains(key));
    }

    @Test
    void whatNoHeaderCanCarryIsRefusedUnquoted() {
        String one = "[{\"name\":\"a\",\"base_url\":\"http://a.example/v1\",%s}]";
        for (Map<String, String> wrong : List.of(
                Map.of("OPENAI_API_KEY", "sk-sécret"),
                Map.of("OPENAI_API_KEY", "sk-s\necret"),
                Map.of("ARK_API_KEY", "sk-sécret"),
                Map.of("OPENAI_ORGANIZATION", "sk-sécret"),
                Map.of("OPENAI_PROJECT", "sk-sécret"),
                Map.of("UPSTREAMS", one.formatted("\"key\":\"A_KEY\""), "A_KEY", "sk-sécret"),
                Map.of("UPSTREAMS", one.formatted("\"headers\":{\"api-key\":\"sk-sécret\"}")))) {
            String said = String.valueOf(assertThrows(SettingError.class, () -> read(wrong), wrong.toString())
                    .getMessage());
            assertTrue(
                    said.contains("ASCII")
                            && !said.contains("cret")
                            && said.lines().count() == 1,
                    said);
        }
        assertEquals("k", read(Map.of("OPENAI_API_KEY", "k\n")).upstream().apiKey());
    }

    @Test
    void aNetworkIsReachedWithoutAProxy() {
        Map<String, String> settings =
                Map.of("HTTP_PROXY", "http://p.example:3128", "NO_PROXY", "a.example,10.0.0.0/8");
        Proxies proxies = read(settings).proxies();
        assertEquals(List.of(Proxy.NO_PROXY), proxies.select(URI.create("http://10.1.2.3/v1")));
        assertEquals(
                Proxy.Type.HTTP,
                proxies.select(URI.create("http://11.1.2.3/v1")).get(0).type());
    }

    @Test
    void theLogsLeaveAQuarterOfTheHeap() {
        long heap = Runtime.getRuntime().maxMemory();
        assertEquals(heap / 4, read(Map.of()).maxLogBytes());
        for (long bytes : List.of(heap / 2, 1L << 20)) {
            assertEquals(
                    bytes, read(Map.of("MAX_LOG_BYTES", Long.toString(bytes))).maxLogBytes());
        }
        assertEquals(
                heap / 4 * 3,
                read(Map.of("MAX_LOG_BYTES", Long.toString(1L << 40))).maxLogBytes());
    }

    @Test
    void anUpstreamThatIsNotWrittenAsOneIsRefusedUnquoted() {
        String member = "{\"name\":\"a\",\"base_url\":\"http://a.example/v1\",\"headers\":{\"api-key\":\"secret\"}%s}";
        for (String wrong : List.of(
                member.formatted(""),
                "\n" + member.formatted(""),
                "[[" + member.formatted("") + "]]",
                "[\"secret\"]",
                "[" + member.formatted(",\"models\":\"gpt-4o\"") + "]",
                "[" + member.formatted(",\"models\":[1]") + "]",
                "[" + member.formatted(",\"models\":[\"a\"],\"models\":[\"b\"]") + "]",
                "[" + member.formatted("") + "] [" + member.formatted("") + "]",
                "[" + member.formatted(",\"api\":{\"secret\":1}") + "]",
                "[{\"name\":\"a\",\"base_url\":\"http://a.example/v1\",\"headers\":\"api-key: secret\"}]")) {
            SettingError error = assertThrows(SettingError.class, () -> read(Map.of("UPSTREAMS", wrong)), wrong);
            String said = String.valueOf(error.getMessage());
            assertTrue(said.startsWith("UPSTREAMS ") && !said.contains("secret"), said);
        }
    }

    @Test
    void eachUpstreamHasANameOfItsOwn() {
        String two =
                "[{\"name\":\"a\",\"base_url\":\"http://a.example/v1\"},{\"name\":\"a\",\"base_url\":\"simulator\"}]";
        SettingError error = assertThrows(SettingError.class, () -> read(Map.of("UPSTREAMS", two)));
        assertEquals("UPSTREAMS has two named a; give each a \"name\" of its own", error.getMessage());
    }

    @Test
    void thePasswordOfRedisIsNeverPrinted() {
        String address = "rediss://user:very-secret@redis.example:6380/1";
        Config config = read(Map.of("REDIS_URL", address));
        assertEquals("rediss://redis.example:6380", config.redis().orElseThrow().toString());
        assertFalse(config.toString().contains("very-secret"), config.toString());
        assertTrue(Setting.REDIS_URL.secret());
        for (String wrong :
                List.of("http://:very-secret@h", "redis://:very-secret@h/x", "redis:very-secret", "rédis://x")) {
            SettingError error = assertThrows(SettingError.class, () -> read(Map.of("REDIS_URL", wrong)), wrong);
            assertFalse(String.valueOf(error.getMessage()).contains("very-secret"), error.getMessage());
        }
        assertTrue(read(Map.of("REDIS_URL", "")).redis().isEmpty());
    }

    @Test
    void helpNamesEverySetting() {
        for (Setting setting : Setting.values()) {
            assertTrue(Setting.help().contains("  " + setting.name()), setting.name());
        }
    }
}
