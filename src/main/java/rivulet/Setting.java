package rivulet;

import java.util.Arrays;
import java.util.stream.Collectors;

/** Every setting: its name in the environment, its default as one would write it, and what it means. */
enum Setting {
    HOST("127.0.0.1", "address to listen on"),
    PORT("8080", "port to listen on; 0 takes any free one"),
    TLS_CERT("", "PEM file of the certificate and its chain: with it HTTPS is spoken, HTTP/2 and HTTP/1.1"),
    TLS_KEY("", "PEM file of the certificate's key, without a password"),
    OPENAI_API_KEY("", "key of the upstream; without one, and without a base URL, the built-in simulator answers"),
    OPENAI_BASE_URL("", "base URL of the upstream; default https://api.openai.com/v1 with OPENAI_API_KEY"),
    OPENAI_MODEL("", "model to ask for; default gpt-4o-mini at OpenAI and the simulator, else the upstream's first"),
    ARK_API_KEY("", "key of Volcengine Ark; alone, it makes Ark the upstream"),
    UPSTREAM_API("auto", "API to speak: auto, responses or chat; auto is responses at api.openai.com, else chat"),
    OPENAI_ORGANIZATION("", "sent as OpenAI-Organization"),
    OPENAI_PROJECT("", "sent as OpenAI-Project"),
    UPSTREAM_HEADERS("", "further headers for the upstream, as Name: value; Name: value"),
    UPSTREAMS("", "several upstreams instead of the one of OPENAI_…: a JSON list, or the file that holds it"),
    HTTP_PROXY("", "proxy for http upstreams, as http://host:port, without a user"),
    HTTPS_PROXY("", "proxy for https upstreams, as http://host:port, without a user"),
    NO_PROXY("", "hosts that are reached without a proxy, as localhost,.example,10.0.0.0/8"),
    BACKGROUND(
            "off",
            "on: OpenAI's Responses API generates in background mode, so that no cut and no dead node ends an answer"),
    STRUCTURED_OUTPUT("json_schema", "how a document is asked for: json_schema, json_object or instructions"),
    INSTRUCTIONS("", "instructions for the model, on every route; default: two sentences at most on /sse/chat"),
    SIMULATOR("auto", "serve /simulator/v1: auto (only when listening on a loopback address), on or off"),
    ACCESS_TOKENS("", "who may call: name:token, name:token; default: everyone who reaches the server"),
    OPEN("", "i-know: listen on a public address with a key, yet without ACCESS_TOKENS"),
    HOSTS("", "further names that the server answers under, as chat.example or *.example; *: any"),
    TRUSTED_PROXIES("", "addresses and networks of proxies whose X-Forwarded-For holds, as 10.0.0.5, fd00::/8"),
    MODELS("", "models that a caller may name, as gpt-4o-mini, gpt-5*; default: any"),
    CORS_ORIGINS("", "origins whose pages may call: a list like https://a.example,http://localhost:3000, or *"),
    RETENTION("10m", "how long an ended stream can be read"),
    DISCONNECT_GRACE("30s", "how long a generation goes on without a viewer; 0s: not at all, forever: to its end"),
    DRAIN_TIMEOUT("30s", "how long a stop waits for live streams"),
    HEARTBEAT("15s", "silence on a connection after which a heartbeat is sent"),
    SLOW_VIEWER_TIMEOUT("30s", "how long a viewer may take to read what it was sent"),
    REQUESTS_PER_MINUTE("0", "streams that a caller may begin a minute; 0: any number"),
    STREAMS_PER_CALLER("0", "streams that a caller may have live; 0: any number"),
    OUTPUT_TOKENS_PER_DAY("0", "tokens that models may answer a caller, from midnight to midnight UTC; 0: any number"),
    MAX_STREAMS("10000", "live streams at once; one more is refused with 503"),
    MAX_VIEWERS("20000", "connections that are shown a stream at once; one more is refused with 503"),
    MAX_CONNECTIONS_PER_ADDRESS("", "connections of one address; default: 1000, and any number from this machine"),
    HEAD_TIMEOUT("30s", "how long a request's head may take"),
    BODY_TIMEOUT("2m", "how long a request's body may take"),
    MAX_BODY_BYTES("8388608", "size of a request's body"),
    MAX_ANSWER_BYTES("4194304", "size of an answer in memory"),
    MAX_DOCUMENT_CHARS("20000000", "size of a structured answer, in characters"),
    MAX_DOCUMENT_DEPTH("1000", "how deep a structured answer may nest"),
    MAX_NUMBER_LENGTH("1000", "digits, and largest exponent, of one number in a structured answer"),
    MAX_LOG_BYTES("", "memory for the events of all streams, three quarters of the heap at most; default: a quarter"),
    MAX_EVENT_BYTES("16777216", "size of one event of the upstream"),
    CONNECT_TIMEOUT("10s", "time to connect to the upstream"),
    FIRST_EVENT_TIMEOUT("300s", "time from the request to the upstream's first event"),
    IDLE_TIMEOUT("120s", "silence between two events of the upstream"),
    STREAM_TIMEOUT("30m", "time that one stream may take"),
    REDIS_URL("", "Redis that several nodes share: redis:// or rediss://user:password@host:port; default: no sharing"),
    WARM_UP(
            "on",
            "on: answers itself for some seconds after the start, so that users find it fast; never at LOG_LEVEL debug"),
    LOG_LEVEL("info", "what is logged: error, warn, info or debug"),
    LOG_FORMAT(
            "logfmt",
            "access log on standard output, a line for each request and each generation: logfmt, json or off");

    private final String defaultText;
    private final String meaning;

    Setting(String defaultText, String meaning) {
        this.defaultText = defaultText;
        this.meaning = meaning;
    }

    /** The value that holds when none is given, as it would be written; empty if there is none. */
    String defaultText() {
        return defaultText;
    }

    /** What the setting does, in a line. */
    String meaning() {
        return meaning;
    }

    /** Whether the value must never be shown. */
    boolean secret() {
        return (name().endsWith("_KEY") && this != TLS_KEY)
                || this == UPSTREAM_HEADERS
                || this == REDIS_URL
                || this == ACCESS_TOKENS;
    }

    /** All settings as the lines of {@code --help}. */
    static String help() {
        return Arrays.stream(values())
                .map(s -> "  %-27s  %s%s"
                        .formatted(s.name(), s.meaning, s.defaultText.isEmpty() ? "" : " [" + s.defaultText + "]"))
                .collect(Collectors.joining("\n"));
    }
}
