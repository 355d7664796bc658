package rivulet.feed;

import java.net.URI;
import java.time.Duration;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Where answers come from.
 *
 * @param baseUrl under which the API's paths lie; null for the built-in simulator, whose port is known once it listens
 * @param apiKey sent as a bearer token; empty for a server that wants none
 * @param model asked for where the request names none; empty: the upstream's first
 * @param api the API that the upstream speaks
 */
public record Upstream(@Nullable URI baseUrl, String apiKey, String model, Api api) {
    private static final URI OPENAI = URI.create("https://api.openai.com/v1");
    private static final URI ARK = URI.create("https://ark.cn-beijing.volces.com/api/v3");
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

    /** The upstream that the settings mean; each text is empty if it was not given. */
    public static Upstream choose(
            String openAiKey, String arkKey, @Nullable URI givenUrl, String givenModel, @Nullable Api givenApi) {
        boolean ark = openAiKey.isEmpty() && !arkKey.isEmpty() && (givenUrl == null || sameHost(givenUrl, ARK));
        URI url = givenUrl != null ? givenUrl : ark ? ARK : openAiKey.isEmpty() ? null : OPENAI;
        boolean openAi = url != null && sameHost(url, OPENAI);
        Api api = givenApi != null ? givenApi : openAi ? Api.RESPONSES : Api.CHAT;
        String model = givenModel.isEmpty() && (openAi || url == null) ? OPENAI_DEFAULT_MODEL : givenModel;
        return new Upstream(url, ark ? arkKey : openAiKey, model, api);
    }

    /** Whether this is OpenAI itself, rather than one of the many that speak its language. */
    public boolean isOpenAi() {
        return baseUrl != null && sameHost(baseUrl, OPENAI);
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

    private static boolean sameHost(URI url, URI known) {
        return known.getHost().equalsIgnoreCase(url.getHost());
    }

    /** Hides the key, since records print all they hold. */
    @Override
    public String toString() {
        return "Upstream[" + label() + ", " + api + "]";
    }
}
