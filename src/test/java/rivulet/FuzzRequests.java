package rivulet;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Makes requests of all sorts, from good ones to nonsense; the same ones for the same seed and the same known ids. */
final class FuzzRequests {
    /**
     * One request.
     *
     * @param wellFormed whether it is HTTP, so that an answer must come
     * @param headOnly whether the answer has no body
     */
    record Request(byte[] bytes, boolean wellFormed, boolean headOnly) {}

    private static final List<String> PATHS = List.of(
            "/sse/countdown",
            "/sse/fake-llm",
            "/sse/chat",
            "/sse/chat-normal",
            "/stream/What is SSE?",
            "/stream/%zz/a%0a/../b",
            "/generate",
            "/helloworld",
            "/streams",
            "/streams/ID",
            "/streams/ID",
            "/health",
            "/health/ready",
            "/metrics",
            "/models",
            "/",
            "/assets/app.js",
            "/assets/../../etc/passwd",
            "/simulator/v1/chat/completions",
            "/simulator/v1/responses",
            "/simulator/v1/models",
            "/nope");
    private static final List<String> FITTING = List.of(
            "GET /sse/countdown?from=2&interval=0ms",
            "GET /sse/fake-llm?text=abc&delay=0ms&format=ndjson",
            "GET /sse/chat?message=hi&model=sim-fast-3tokens",
            "GET /sse/chat-normal?message=hi&model=sim-fast-echo",
            "GET /stream/What%20is%20SSE?&model=sim-fast",
            "GET /helloworld?model=sim-fast",
            "GET /streams/ID?after=0",
            "GET /streams/ID?last_event_id=ID.1",
            "GET /streams/ID?last_event_id=ID.9999",
            "GET /streams/ID?last_event_id=ID.4",
            "DELETE /streams/ID",
            "POST /sse/chat",
            "POST /generate",
            "POST /streams",
            "POST /streams",
            "POST /streams?format=json",
            "POST /simulator/v1/chat/completions",
            "POST /simulator/v1/responses");
    private static final List<String> METHODS = List.of(
            "GET", "GET", "GET", "POST", "POST", "POST", "DELETE", "HEAD", "OPTIONS", "PUT", "PATCH", "TRACE", "FOO",
            "get");
    private static final List<String> NAMES = List.of(
            "message",
            "text",
            "from",
            "interval",
            "delay",
            "model",
            "format",
            "last_event_id",
            "after",
            "topic",
            "idempotency_key",
            "temperature",
            "max_output_tokens",
            "instructions",
            "_",
            "nope",
            "messages",
            "seed");
    private static final List<String> VALUES = List.of(
            "",
            "hi",
            "3",
            "-1",
            "0",
            "99999999999999999999",
            "1e309",
            "NaN",
            "0ms",
            "1ms",
            "-5ms",
            "1y",
            "json",
            "text",
            "ndjson",
            "status",
            "sim-fast",
            "sim-fast-echo",
            "sim-fast-cut-after-2",
            "sim-fast-bad-json",
            "sim-fast-429",
            "sim-fast-drip",
            "sim-fast-5tokens",
            "ID.0",
            "ID.1",
            "ID.999",
            "ID.-1",
            "ID.00",
            ".",
            "안녕",
            "\uD83D\uDE00",
            "\u0000",
            "a\r\nX: y",
            "<script>",
            "{}",
            "null",
            "true",
            "../..",
            "%",
            "%ff%fe",
            "\u202e",
            "'\"\\",
            "0x1p3");
    private static final List<String> BODIES = List.of(
            "{\"kind\":\"chat\",\"message\":\"hi\",\"model\":\"sim-fast\"}",
            "{\"kind\":\"countdown\",\"from\":3,\"interval\":\"0ms\"}",
            "{\"kind\":\"fake-llm\",\"text\":\"abc\",\"delay\":\"0ms\",\"background\":true}",
            "{\"kind\":\"structured\",\"message\":\"a\",\"model\":\"sim-fast\",\"fields\":[\"a\",\"b\"]}",
            "{\"kind\":\"structured\",\"message\":\"a\",\"model\":\"sim-fast\",\"schema\":{\"type\":\"object\",\"properties\":{\"n\":{\"type\":\"integer\",\"minimum\":1}},\"required\":[\"n\"]}}",
            "{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\"},{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:,a\"}}]}],\"model\":\"sim-fast\"}",
            "{\"message\":\"a\",\"model\":\"sim-fast-tools\",\"extra\":{\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}]}}",
            "{\"query\":\"hi\",\"model\":\"sim-fast-reasoning\",\"stop\":[\"x\"],\"temperature\":0.5,\"response_format\":{\"type\":\"json_object\"}}",
            "{\"model\":\"sim-fast\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"a\"}],\"stream_options\":{\"include_usage\":true}}",
            "{\"model\":\"sim-fast\",\"stream\":true,\"input\":\"a\"}",
            "[]",
            "null",
            "\"a\"",
            "",
            "{\"message\":\"" + "[".repeat(2000) + "\"}",
            "[".repeat(3000),
            "{\"a\":".repeat(1500));
    private static final List<String> HEADERS = List.of(
            "Accept: text/event-stream",
            "Accept: application/json",
            "Accept: application/x-ndjson",
            "Accept: ;;q=,",
            "Accept: */*",
            "Content-Type: application/json",
            "Content-Type: text/plain; charset=utf-16",
            "Content-Type: application/x-www-form-urlencoded",
            "Content-Type: ;",
            "Last-Event-ID: ID.1",
            "Last-Event-ID: ID.99",
            "Last-Event-ID: nonsense",
            "Last-Event-ID: \u00e4\u00ff",
            "Idempotency-Key: k1",
            "Idempotency-Key: \u00e9",
            "Origin: http://evil.example",
            "Origin: null",
            "Range: bytes=0-9,5-3",
            "If-None-Match: *",
            "Accept-Encoding: gzip, br;q=x",
            "Expect: 100-continue",
            "Expect: nonsense",
            "Connection: keep-alive, upgrade",
            "Upgrade: h2c",
            "HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA",
            "Upgrade: websocket",
            "X-Forwarded-For: 1.2.3.4",
            "X-Forwarded-For: ,,",
            "Forwarded: for=\"[::\"",
            "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "traceparent: zz",
            "tracestate: a=1",
            "Cookie: a=b; =; \"",
            "Authorization: Bearer x",
            "Authorization: \u00ff",
            "Content-Encoding: gzip",
            "Content-Language: \u0080",
            "X-Odd: a\tb",
            "Access-Control-Request-Method: GET",
            "Referer: http://[",
            "TE: trailers",
            "If-Modified-Since: yesterday",
            "Cache-Control: no-cache");

    private final Random random;
    private final List<String> ids;

    /** @param ids of streams that there are or were, a list that may change but stays as long */
    FuzzRequests(long seed, List<String> ids) {
        this.random = new Random(seed);
        this.ids = ids;
    }

    Request next() {
        byte[] plain = request();
        boolean headOnly = new String(plain, 0, 5, StandardCharsets.ISO_8859_1).equals("HEAD ");
        return switch (random.nextInt(10)) {
            case 0 -> new Request(mutated(plain), false, headOnly);
            case 1 -> new Request(random.nextInt(4) > 0 ? mutated(mutated(plain)) : garbage(), false, headOnly);
            default -> new Request(plain, true, headOnly);
        };
    }

    private byte[] request() {
        // What fits together gets further than what is only drawn together.
        String[] fitting = pick(FITTING).split(" ", 2);
        boolean fits = random.nextBoolean();
        String method = fits ? fitting[0] : pick(METHODS);
        String target = fits ? withId(fitting[1]) : target();
        StringBuilder head = new StringBuilder(method + " " + target + " HTTP/1.1\r\nHost: 127.0.0.1\r\n");
        for (int i = random.nextInt(4); i > 0; i--) {
            head.append(withId(pick(HEADERS))).append("\r\n");
        }
        if (target.equals("/streams") && random.nextBoolean()) {
            head.append("Accept: application/json\r\n");
        }
        byte[] body = method.equals("POST") || random.nextInt(4) == 0 ? body() : new byte[0];
        if (random.nextInt(4) == 0) {
            return join(head.append("Transfer-Encoding: chunked\r\n\r\n"), chunked(body));
        }
        return join(head.append("Content-Length: ").append(body.length).append("\r\n\r\n"), body);
    }

    private String target() {
        StringBuilder target = new StringBuilder(withId(pick(PATHS)).replace(" ", "%20"));
        for (int i = random.nextInt(5); i > 0; i--) {
            target.append(target.indexOf("?") < 0 ? '?' : '&')
                    .append(pick(NAMES))
                    .append('=');
            String value = withId(pick(VALUES));
            target.append(random.nextInt(6) == 0 ? visible(value) : URLEncoder.encode(value, StandardCharsets.UTF_8));
        }
        // Whatever else is said, the answer shall not take long.
        return target + (target.indexOf("model=") < 0 && random.nextInt(3) > 0 ? sep(target) + "model=sim-fast" : "");
    }

    private static String sep(StringBuilder target) {
        return target.indexOf("?") < 0 ? "?" : "&";
    }

    /** As a careless client writes it: what would end the line is left out, all else stands unencoded. */
    private static String visible(String value) {
        return value.replaceAll("[\\s\\x00]", "").replaceAll("[^\\x21-\\x7E]", "\u00e4");
    }

    private byte[] body() {
        byte[] body = withId(pick(BODIES)).getBytes(StandardCharsets.UTF_8);
        for (int i = Math.max(0, random.nextInt(6) - 2); i > 0; i--) {
            body = mutated(body);
        }
        return body;
    }

    private byte[] chunked(byte[] body) {
        StringBuilder chunks = new StringBuilder();
        int at = 0;
        while (at < body.length) {
            int size = Math.min(body.length - at, 1 + random.nextInt(200));
            chunks.append(Integer.toHexString(size)).append("\r\n");
            chunks.append(new String(body, at, size, StandardCharsets.ISO_8859_1))
                    .append("\r\n");
            at += size;
        }
        return chunks.append("0\r\n\r\n").toString().getBytes(StandardCharsets.ISO_8859_1);
    }

    /** Some bytes changed, taken out, doubled, or put in; or the end cut off. */
    private byte[] mutated(byte[] bytes) {
        if (bytes.length == 0) {
            return garbage();
        }
        List<Byte> changed = new ArrayList<>(bytes.length);
        for (byte b : bytes) {
            changed.add(b);
        }
        for (int i = random.nextInt(4); i >= 0 && !changed.isEmpty(); i--) {
            int at = random.nextInt(changed.size());
            switch (random.nextInt(5)) {
                case 0 -> changed.set(at, (byte) random.nextInt(256));
                case 1 -> changed.remove(at);
                case 2 -> changed.addAll(at, List.copyOf(changed.subList(at, Math.min(changed.size(), at + 40))));
                case 3 -> changed.add(at, (byte) "\"{}[],:\\\r\n %\0".charAt(random.nextInt(13)));
                default -> {
                    if (random.nextInt(4) == 0) {
                        changed.subList(at, changed.size()).clear();
                    }
                }
            }
        }
        byte[] result = new byte[changed.size()];
        for (int i = 0; i < result.length; i++) {
            result[i] = changed.get(i);
        }
        return result;
    }

    private byte[] garbage() {
        byte[] bytes = new byte[1 + random.nextInt(300)];
        random.nextBytes(bytes);
        return random.nextInt(3) > 0 ? bytes : join(new StringBuilder("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), bytes);
    }

    private String withId(String text) {
        return text.replaceAll("(?<!Event-)ID", ids.get(random.nextInt(ids.size())));
    }

    private String pick(List<String> list) {
        return list.get(random.nextInt(list.size()));
    }

    private static byte[] join(StringBuilder head, byte[] body) {
        byte[] first = head.toString().getBytes(StandardCharsets.ISO_8859_1);
        byte[] all = new byte[first.length + body.length];
        System.arraycopy(first, 0, all, 0, first.length);
        System.arraycopy(body, 0, all, first.length, body.length);
        return all;
    }
}
