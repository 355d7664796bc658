package rivulet;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import rivulet.access.Network;
import rivulet.feed.JsonFields;
import rivulet.feed.Proxies;
import rivulet.feed.Upstream;
import rivulet.log.RedisAddress;
import rivulet.telemetry.LineFormat;

/**
 * Every setting, read once at the start: from the command line, then the environment, then {@code .env} in the working
 * directory, then the defaults of {@link Setting}. The only reader of the environment.
 *
 * @param tls what the server proves itself with; empty: it speaks without TLS
 * @param redis what several nodes share; empty: streams are in this node's memory alone
 * @param disconnectGrace how long a generation goes on without a viewer; empty: to its end
 * @param background whether upstreams that can are asked to generate though nobody is connected
 * @param instructions what the user set; null if nothing, so that each route's own default holds
 */
record Config(
        String host,
        int port,
        Optional<TlsFiles> tls,
        List<Upstream> upstreams,
        Proxies proxies,
        boolean background,
        @Nullable String instructions,
        boolean simulatorPublic,
        List<String> corsOrigins,
        Duration retention,
        Optional<Duration> disconnectGrace,
        Duration drainTimeout,
        Duration heartbeat,
        Duration slowViewerTimeout,
        int maxStreams,
        int maxBodyBytes,
        int maxAnswerBytes,
        long maxLogBytes,
        Upstream.Limits limits,
        JsonFields.Limits documentLimits,
        Optional<RedisAddress> redis,
        AccessConfig access,
        boolean warmUp,
        String logLevel,
        LineFormat logFormat) {

    /** The PEM files of a certificate with its chain, and of its key. */
    record TlsFiles(Path certificate, Path key) {}

    /** The upstream that is asked first. */
    Upstream upstream() {
        return upstreams.get(0);
    }

    private static final String FOREVER = "forever";

    /** Whether only this machine can reach a server that listens on the host. */
    boolean loopback() {
        return ListenAddress.isLoopback(host);
    }

    /**
     * The settings in force.
     *
     * @param args the command line: {@code --port N} and {@code --host H}
     * @throws SettingError for the first setting that cannot be used
     */
    static Config read(List<String> args, Map<String, String> environment) {
        Map<Setting, String> given = new EnumMap<>(Setting.class);
        DotEnv file = DotEnv.read(Path.of(".env"));
        Function<String, @Nullable String> variables =
                name -> environment.containsKey(name) ? environment.get(name) : file.get(name);
        for (Setting setting : Setting.values()) {
            String value = variables.apply(setting.name());
            // curl and others know the proxies by names in lower case too.
            if (value == null && setting.name().endsWith("_PROXY")) {
                value = variables.apply(setting.name().toLowerCase(Locale.ROOT));
            }
            if (value != null) {
                given.put(setting, value);
            }
        }
        given.putAll(commandLine(args));
        return new Reader(given, new SettingValues(given), variables).config();
    }

    /** The defaults, but for these settings; whatever the environment says. */
    static Config of(Map<Setting, String> given) {
        return new Reader(given, new SettingValues(given), name -> null).config();
    }

    private static Map<Setting, String> commandLine(List<String> args) {
        Map<Setting, String> given = new EnumMap<>(Setting.class);
        for (int i = 0; i < args.size(); i++) {
            String[] option = args.get(i).split("=", 2);
            Setting setting = switch (option[0]) {
                case "--port" -> Setting.PORT;
                case "--host" -> Setting.HOST;
                default ->
                    throw new SettingError("unknown option " + option[0]
                            + "; known are --port, --host and --help, all else is set in the environment");
            };
            if (option.length == 1 && i + 1 == args.size()) {
                throw new SettingError(option[0] + " needs a value, as in " + option[0] + " " + setting.defaultText());
            }
            given.put(setting, option.length == 2 ? option[1] : args.get(++i));
        }
        return given;
    }

    /** Reads the values given as what each setting must be. */
    private record Reader(
            Map<Setting, String> given, SettingValues values, Function<String, @Nullable String> variables) {
        private Config config() {
            // In brackets as in an address.
            String host = values.text(Setting.HOST).replaceAll("^\\[|]$", "");
            ListenAddress.requireKnown(host);
            boolean loopback = ListenAddress.isLoopback(host);
            List<Upstream> upstreams = upstreams();
            AccessConfig access = AccessConfig.read(values);
            access.requireGuarded(values, loopback, upstreams.stream().anyMatch(Upstream::keyed));
            return new Config(
                    host,
                    values.number(Setting.PORT, 0, 65_535),
                    tls(),
                    upstreams,
                    proxies(),
                    values.choice(Setting.BACKGROUND, "off", "on").equals("on"),
                    given.get(Setting.INSTRUCTIONS),
                    values.choice(Setting.SIMULATOR, "auto", "on", "off").equals("auto")
                            ? loopback
                            : values.text(Setting.SIMULATOR).equalsIgnoreCase("on"),
                    origins(),
                    values.duration(Setting.RETENTION),
                    values.text(Setting.DISCONNECT_GRACE).equals(FOREVER)
                            ? Optional.empty()
                            : Optional.of(
                                    values.duration(Setting.DISCONNECT_GRACE, Durations.FORM + ", or " + FOREVER)),
                    values.duration(Setting.DRAIN_TIMEOUT),
                    values.positive(Setting.HEARTBEAT),
                    values.positive(Setting.SLOW_VIEWER_TIMEOUT),
                    values.number(Setting.MAX_STREAMS, 1, 1_000_000),
                    values.number(Setting.MAX_BODY_BYTES, 1024, 1 << 30),
                    values.number(Setting.MAX_ANSWER_BYTES, 1024, 1 << 30),
                    maxLogBytes(),
                    limits(),
                    documentLimits(),
                    redis(),
                    access,
                    values.choice(Setting.WARM_UP, "on", "off").equals("on"),
                    values.choice(Setting.LOG_LEVEL, "error", "warn", "info", "debug"),
                    LineFormat.valueOf(values.choice(Setting.LOG_FORMAT, "logfmt", "json", "off")
                            .toUpperCase(Locale.ROOT)));
        }

        private Optional<TlsFiles> tls() {
            String certificate = values.text(Setting.TLS_CERT);
            String key = values.text(Setting.TLS_KEY);
            if (certificate.isEmpty() != key.isEmpty()) {
                throw new SettingError("TLS takes two files, TLS_CERT and TLS_KEY, but only %s is set"
                        .formatted(key.isEmpty() ? Setting.TLS_CERT : Setting.TLS_KEY));
            }
            return certificate.isEmpty()
                    ? Optional.empty()
                    : Optional.of(new TlsFiles(Path.of(certificate), Path.of(key)));
        }

        private Upstream.Limits limits() {
            return new Upstream.Limits(
                    values.positive(Setting.CONNECT_TIMEOUT),
                    values.positive(Setting.FIRST_EVENT_TIMEOUT),
                    values.positive(Setting.IDLE_TIMEOUT),
                    values.positive(Setting.STREAM_TIMEOUT),
                    values.number(Setting.MAX_EVENT_BYTES, 1024, 1 << 30));
        }

        private JsonFields.Limits documentLimits() {
            return new JsonFields.Limits(
                    values.number(Setting.MAX_DOCUMENT_DEPTH, 1, 1000),
                    values.number(Setting.MAX_DOCUMENT_CHARS, 1, 1 << 30),
                    values.number(Setting.MAX_NUMBER_LENGTH, 1, 1000),
                    JsonFields.Limits.DEFAULTS.maxNameLength());
        }

        private List<Upstream> upstreams() {
            String api = values.choice(Setting.UPSTREAM_API, "auto", "responses", "chat");
            String structured = values.choice(Setting.STRUCTURED_OUTPUT, UpstreamSettings.STRUCTURED);
            return new UpstreamSettings(values::text, variables)
                    .read(structured, api.equals("auto") ? null : Upstream.Api.valueOf(api.toUpperCase(Locale.ROOT)));
        }

        private Proxies proxies() {
            List<String> direct = values.list(Setting.NO_PROXY).stream()
                    .map(host -> host.toLowerCase(Locale.ROOT))
                    .toList();
            List<Network> networks = direct.stream()
                    .filter(host -> host.contains("/"))
                    .flatMap(host -> Network.parse(host).stream())
                    .toList();
            return new Proxies(
                    proxy(Setting.HTTP_PROXY),
                    proxy(Setting.HTTPS_PROXY),
                    direct,
                    host -> networks.stream().anyMatch(network -> network.holds(host)));
        }

        private @Nullable URI proxy(Setting setting) {
            String text = values.text(setting);
            if (text.isEmpty()) {
                return null;
            }
            try {
                URI uri = new URI(text.contains("://") ? text : "http://" + text);
                if (uri.getHost() != null
                        && uri.getPort() > 0
                        && uri.getPort() <= 65_535
                        && "http".equals(uri.getScheme())
                        && uri.getUserInfo() == null) {
                    return uri;
                }
            } catch (URISyntaxException e) {
                // Told below, in the same words.
            }
            throw SettingError.invalid(
                    setting.name(), text, "http://host:port, without a user" + SettingError.hostRule(text));
        }

        private long maxLogBytes() {
            long quarter = Runtime.getRuntime().maxMemory() / 4;
            return values.text(Setting.MAX_LOG_BYTES).isEmpty()
                    ? quarter
                    // The rest is for all else: of logs that fill the heap the whole server would fail.
                    : Math.min(values.number(Setting.MAX_LOG_BYTES, 1L << 20, 1L << 40), 3 * quarter);
        }

        private Optional<RedisAddress> redis() {
            String url = values.text(Setting.REDIS_URL);
            Optional<RedisAddress> address = RedisAddress.parse(url);
            if (!url.isEmpty() && address.isEmpty()) {
                // Not shown as the others are: it may hold a password.
                throw new SettingError(
                        Setting.REDIS_URL + " must be " + RedisAddress.FORM + SettingError.hostRule(url));
            }
            return address;
        }

        private List<String> origins() {
            List<String> origins = values.list(Setting.CORS_ORIGINS);
            for (String origin : origins) {
                if (!origin.equals("*") && !origin.equals("null") && !isOrigin(origin)) {
                    throw SettingError.invalid(
                            Setting.CORS_ORIGINS.name(),
                            origin,
                            "a list of origins such as https://a.example or http://localhost:3000, or *");
                }
            }
            return origins;
        }

        /** As browsers write one: http and https in small letters, without the usual port. Another would never be met. */
        private static boolean isOrigin(String text) {
            return text.matches("[a-z][a-z0-9+.-]*://[^/?#@\\s]+")
                    && !text.matches("https?://.*[A-Z].*|https://.*:443|http://.*:80");
        }
    }
}
