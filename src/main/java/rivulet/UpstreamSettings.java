package rivulet;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import rivulet.feed.Upstream;

/** Which upstreams the settings mean: one by {@code OPENAI_…}, or several by {@code UPSTREAMS}. */
final class UpstreamSettings {
    /** The values of {@link Setting#STRUCTURED_OUTPUT}. */
    static final String[] STRUCTURED = {"json_schema", "json_object", "instructions"};

    private static final Set<String> MEMBERS =
            Set.of("name", "base_url", "key", "api", "model", "models", "structured_output", "headers");
    private static final String LIST_FORM =
            "a JSON list, or the name of a file that holds one, of {\"name\",\"base_url\",\"key\",\"api\",\"models\"}";
    private static final String URL_FORM = "an address such as https://api.openai.com/v1 or http://localhost:11434/v1";

    private final Function<Setting, String> settings;
    private final Function<String, @Nullable String> environment;

    /**
     * @param settings each setting's text, empty if it was not given
     * @param environment any variable's text: the keys are named by the variables that hold them
     */
    UpstreamSettings(Function<Setting, String> settings, Function<String, @Nullable String> environment) {
        this.settings = settings;
        this.environment = environment;
    }

    /**
     * The upstreams, the one to ask first before the others; at least one.
     *
     * @param structured how documents are asked for, where an upstream says nothing else
     * @param api the API to speak, where an upstream says nothing else; null: what suits it
     */
    List<Upstream> read(String structured, Upstream.@Nullable Api api) {
        String list = settings.apply(Setting.UPSTREAMS);
        if (list.isEmpty()) {
            return List.of(single(structured, api));
        }
        List<Upstream> upstreams = new ArrayList<>();
        JsonNode json = json(list);
        if (!json.isArray() || json.isEmpty()) {
            throw unreadable();
        }
        json.forEach(item -> upstreams.add(one(item, structured, api)));
        requireNamesOfTheirOwn(upstreams);
        return upstreams;
    }

    /** An answer in background mode is asked for again at the upstream of its name. */
    private static void requireNamesOfTheirOwn(List<Upstream> upstreams) {
        Set<String> names = new HashSet<>();
        for (Upstream upstream : upstreams) {
            if (!names.add(upstream.name())) {
                throw new SettingError("UPSTREAMS has two named " + SettingError.shown(upstream.name())
                        + "; give each a \"name\" of its own");
            }
        }
    }

    private Upstream single(String structured, Upstream.@Nullable Api api) {
        String openAiKey = header(Setting.OPENAI_API_KEY);
        String arkKey = header(Setting.ARK_API_KEY);
        String given = settings.apply(Setting.OPENAI_BASE_URL);
        @Nullable URI givenUrl = given.isEmpty() ? null : url(Setting.OPENAI_BASE_URL.name(), given);
        // A key is sent to whom it belongs.
        boolean ark = !arkKey.isEmpty()
                && (givenUrl == null ? openAiKey.isEmpty() : Upstream.sameHost(givenUrl, Upstream.ARK));
        @Nullable
        URI url = givenUrl != null ? givenUrl : ark ? Upstream.ARK : openAiKey.isEmpty() ? null : Upstream.OPENAI;
        return Upstream.of(
                url == null ? "simulator" : String.valueOf(url.getHost()),
                url,
                ark ? arkKey : openAiKey,
                api,
                settings.apply(Setting.OPENAI_MODEL),
                List.of(),
                structured(Setting.STRUCTURED_OUTPUT.name(), structured),
                headers());
    }

    private Map<String, String> headers() {
        Map<String, String> headers = new LinkedHashMap<>();
        putUnlessEmpty(headers, "OpenAI-Organization", header(Setting.OPENAI_ORGANIZATION));
        putUnlessEmpty(headers, "OpenAI-Project", header(Setting.OPENAI_PROJECT));
        for (String line : settings.apply(Setting.UPSTREAM_HEADERS).split(";", -1)) {
            String[] header = line.split(":", 2);
            if (!line.isBlank()) {
                if (header.length == 1 || !isHeader(header[0].strip(), header[1].strip())) {
                    // Not its value, which may be a secret.
                    throw new SettingError("UPSTREAM_HEADERS must read Name: value; Name: value");
                }
                headers.put(header[0].strip(), header[1].strip());
            }
        }
        return headers;
    }

    private Upstream one(JsonNode item, String structured, Upstream.@Nullable Api usual) {
        requireKnown(item);
        String name = "UPSTREAMS: " + item.path("name").asText("");
        String url = item.path("base_url").asText("");
        String variable = item.path("key").asText("");
        String key = variable.isEmpty() ? "" : environment.apply(variable);
        if (key == null) {
            // Not what it names: some put the key itself there.
            throw new SettingError(name + " has a \"key\" that is the name of no variable that is set");
        }
        requireValue(variable, key.strip());
        Map<String, String> headers = new LinkedHashMap<>();
        item.path("headers")
                .properties()
                .forEach(h -> headers.put(h.getKey(), h.getValue().asText()));
        headers.forEach((header, value) -> {
            if (!isHeader(header, value)) {
                throw new SettingError(name + " has a header that HTTP cannot carry; its name and value must be ASCII");
            }
        });
        List<String> models = new ArrayList<>();
        item.path("models").forEach(model -> models.add(model.asText()));
        return Upstream.of(
                // Not the query: it may be a key.
                item.path("name").asText(url.replaceFirst("[?].*", "")),
                url.equals("simulator") ? null : url(name + " base_url", url),
                key.strip(),
                api(name, item.path("api").asText("auto"), usual),
                item.path("model").asText(""),
                models,
                structured(
                        name + " structured_output",
                        item.path("structured_output").asText(structured)),
                headers);
    }

    private static SettingError unreadable() {
        // Without the text: its headers may hold secrets.
        return new SettingError("UPSTREAMS must be " + LIST_FORM);
    }

    private static void requireKnown(JsonNode item) {
        if (!item.isObject()) {
            throw unreadable();
        }
        item.properties().forEach(member -> {
            if (!MEMBERS.contains(member.getKey())) {
                throw new SettingError("UPSTREAMS has an unknown member " + member.getKey() + "; known are "
                        + String.join(", ", MEMBERS.stream().sorted().toList()));
            }
            // Passed over, it would mean something else: "models" that are no list would be any model.
            if (!member.getValue().isNull() && !isOfItsKind(member.getKey(), member.getValue())) {
                throw new SettingError("UPSTREAMS has a \"" + member.getKey()
                        + "\" of another kind: models must be a list of texts, headers an object, all else a text");
            }
        });
    }

    private static boolean isOfItsKind(String member, JsonNode value) {
        return switch (member) {
            case "models" -> value.isArray() && value.valueStream().allMatch(JsonNode::isTextual);
            case "headers" -> value.isObject();
            default -> value.isTextual();
        };
    }

    private static Upstream.@Nullable Api api(String name, String text, Upstream.@Nullable Api usual) {
        return switch (text) {
            case "auto" -> usual;
            case "chat", "responses" -> Upstream.Api.valueOf(text.toUpperCase(Locale.ROOT));
            default -> throw SettingError.invalid(name + " api", text, "one of auto, responses, chat");
        };
    }

    private static Upstream.StructuredOutput structured(String name, String text) {
        if (!List.of(STRUCTURED).contains(text)) {
            throw SettingError.invalid(name, text, "one of " + String.join(", ", STRUCTURED));
        }
        return Upstream.StructuredOutput.valueOf(text.toUpperCase(Locale.ROOT));
    }

    private static JsonNode json(String listOrFile) {
        try {
            return StrictJson.reader()
                    .build()
                    .readTree(listOrFile.matches("(?s)[\\[{].*") ? listOrFile : Files.readString(Path.of(listOrFile)));
        } catch (JsonProcessingException e) {
            throw unreadable();
        } catch (IOException e) {
            throw new SettingError(
                    "UPSTREAMS names the file " + listOrFile + ", which cannot be read; it must be " + LIST_FORM);
        }
    }

    /** What a setting says that is sent in a header. */
    private String header(Setting setting) {
        String value = settings.apply(setting);
        requireValue(setting.name(), value);
        return value;
    }

    private static void requireValue(String name, String value) {
        if (!isValue(value)) {
            // Not the value, which may be a secret.
            throw new SettingError(name + " has a line end or another character that no header can carry;"
                    + " it must be one line of ASCII");
        }
    }

    /** RFC 9110, section 5: OkHttp would refuse anything else at each request. */
    private static boolean isHeader(String name, String value) {
        return name.matches("[!#$%&'*+.^_`|~0-9A-Za-z-]+") && isValue(value);
    }

    private static boolean isValue(String value) {
        return value.matches("[\\x20-\\x7E\\t]*");
    }

    private static void putUnlessEmpty(Map<String, String> headers, String name, String value) {
        if (!value.isEmpty()) {
            headers.put(name, value);
        }
    }

    private static URI url(String name, String text) {
        try {
            URI uri = new URI(text);
            if (uri.getHost() != null
                    // A zone, as in fe80::1%25eth0, is for no address of HTTP (RFC 9844).
                    && !uri.getHost().contains("%")
                    && uri.getPort() != 0
                    && uri.getPort() <= 65_535
                    && uri.getUserInfo() == null
                    && ("http".equals(uri.getScheme()) || "https".equals(uri.getScheme()))) {
                return uri;
            }
        } catch (URISyntaxException e) {
            // Told below, in the same words.
        }
        String userRule = text.matches("[a-z]+://[^/?#]*@.*") ? ", without a user" : "";
        throw SettingError.invalid(name, text, URL_FORM + userRule + SettingError.hostRule(text));
    }
}
