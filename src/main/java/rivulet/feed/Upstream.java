package rivulet.feed;

import java.net.URI;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import okhttp3.HttpUrl;
import org.jspecify.annotations.Nullable;

/**
 * Where answers come from.
 *
 * @param name for people and for the log
 * @param baseUrl under which the API's paths lie; null for the built-in simulator, whose port is known once it listens
 * @param apiKey sent as a bearer token; empty for a server that wants none
 * @param api the API that the upstream speaks
 * @param model asked for where the request names none; empty: the upstream's first
 * @param models those it is asked for, each a name or a beginning followed by {@code *}; empty: any
 * @param structured how it is asked for a document
 * @param headers sent with each request
 */
public record Upstream(
        String name,
        @Nullable URI baseUrl,
        String apiKey,
        Api api,
        String model,
        List<String> models,
        StructuredOutput structured,
        Map<String, String> headers) {
    /** OpenAI itself. */
    public static final URI OPENAI = URI.create("https://api.openai.com/v1");
    /** Volcengine Ark. */
    public static final URI ARK = URI.create("https://ark.cn-beijing.volces.com/api/v3");

    private static final String OPENAI_DEFAULT_MODEL = "gpt-4o-mini";

    /** OpenAI's two APIs. */
    public enum Api {
        /** {@code /responses}. */
        RESPONSES,
        /** {@code /chat/completions}. */
        CHAT;

        /** The API's name in a setting. */
        public String wireName() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** How an upstream is asked for a document. */
    public enum StructuredOutput {
        /** By the schema itself, which it is bound to keep. */
        JSON_SCHEMA,
        /** By asking for some JSON, and for the schema in words. */
        JSON_OBJECT,
        /** In words alone. */
        INSTRUCTIONS
    }

    /**
     * How long and how large.
     *
     * @param connect to connect
     * @param firstEvent from the request to the first event
     * @param idle between two events; comments do not count, since some providers send them for minutes
     * @param stream in all
     * @param maxEventBytes one event
     */
    public record Limits(Duration connect, Duration firstEvent, Duration idle, Duration stream, int maxEventBytes) {}

    /**
     * An upstream, its gaps filled: OpenAI itself is asked by Responses, all others by Chat Completions, which nearly
     * every one of them speaks; OpenAI and the simulator have a usual model.
     *
     * @param api null: what suits the base URL
     */
    public static Upstream of(
            String name,
            @Nullable URI baseUrl,
            String apiKey,
            @Nullable Api api,
            String model,
            List<String> models,
            StructuredOutput structured,
            Map<String, String> headers) {
        boolean openAi = isOpenAi(baseUrl);
        Api spoken = api != null ? api : openAi ? Api.RESPONSES : Api.CHAT;
        String usual = openAi || baseUrl == null ? OPENAI_DEFAULT_MODEL : "";
        String named = models.stream().filter(m -> !m.endsWith("*")).findFirst().orElse(usual);
        return new Upstream(
                name,
                baseUrl,
                apiKey,
                spoken,
                model.isEmpty() ? named : model,
                List.copyOf(models),
                structured,
                Map.copyOf(headers));
    }

    /** Whether this is OpenAI itself, rather than one of the many that speak its language. */
    public boolean isOpenAi() {
        return isOpenAi(baseUrl);
    }

    /** Whether an address is OpenAI's, in whichever region: {@code eu.api.openai.com}. */
    private static boolean isOpenAi(@Nullable URI url) {
        return url != null
                && (sameHost(url, OPENAI)
                        || url.getHost().toLowerCase(Locale.ROOT).endsWith("." + OPENAI.getHost()));
    }

    /** Whether it is spoken to inside TLS. */
    public boolean tls() {
        return baseUrl != null && "https".equalsIgnoreCase(baseUrl.getScheme());
    }

    /** Whether somebody pays for what is asked: a key is sent, or a header or a query, which may hold one. */
    public boolean keyed() {
        return baseUrl != null && (!apiKey.isEmpty() || !headers.isEmpty() || baseUrl.getRawQuery() != null);
    }

    /** What may hold a key beside the key: the headers, and the query's parameters, by their names. */
    Map<String, String> sentBeside() {
        Map<String, String> beside = new HashMap<>(headers);
        HttpUrl url = baseUrl == null ? null : HttpUrl.get(baseUrl);
        if (url != null) {
            for (int i = 0; i < url.querySize(); i++) {
                String value = url.queryParameterValue(i);
                beside.put(url.queryParameterName(i), value == null ? "" : value);
            }
        }
        return beside;
    }

    /** Whether the upstream is asked for that model. */
    public boolean offers(String wanted) {
        return isNamed(wanted, models);
    }

    /** Whether a list names a model: by its name, or by a beginning followed by {@code *}; an empty one names any. */
    public static boolean isNamed(String model, List<String> list) {
        return list.isEmpty()
                || list.stream()
                        .anyMatch(m ->
                                m.endsWith("*") ? model.startsWith(m.substring(0, m.length() - 1)) : model.equals(m));
    }

    /** In a word or an address, for people: never holds the key. */
    public String label() {
        if (baseUrl == null) {
            return "simulator";
        }
        // Not the authority: it may hold a password.
        String port = baseUrl.getPort() < 0 ? "" : ":" + baseUrl.getPort();
        return baseUrl.getScheme() + "://" + baseUrl.getHost() + port;
    }

    /** Whether two addresses are of one host. */
    public static boolean sameHost(URI url, URI known) {
        return known.getHost().equalsIgnoreCase(url.getHost());
    }

    /** Hides the key and the headers, since records print all they hold. */
    @Override
    public String toString() {
        return "Upstream[" + name + ", " + label() + ", " + api + "]";
    }
}
