package rivulet;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Brings each route to each status that it can give: these are the ones that {@code /openapi.json} lists, no more, no fewer. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class OpenApiStatusTest {
    private static final String NO_STREAM = "0123456789abcdef";
    private static final String TOKEN = "token-0123456789abcdef";
    private static final String WRONG_SIGN_IN = "POST /sign-in HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            + "Content-Length: 13\r\n\r\n{\"token\":\"a\"}";

    private final Map<String, Set<String>> seen = new TreeMap<>();

    /** Of each operation, the codes of the errors that it gave, each behind its status. */
    private final Map<String, Set<String>> codes = new TreeMap<>();

    private HttpResponse<String> see(String operation, HttpResponse<String> answer) {
        see(operation, answer.statusCode(), answer.body());
        return answer;
    }

    private void see(String operation, int status, String body) {
        seen.computeIfAbsent(operation, o -> new TreeSet<>()).add(String.valueOf(status));
        // Whether it is ready is a state, at 503 too.
        if (status >= 400 && !(status == 503 && operation.equals("GET /health/ready"))) {
            String code = TestServer.json(body).at("/error/code").asText();
            codes.computeIfAbsent(operation, o -> new TreeSet<>()).add(status + " " + code);
        }
    }

    @Test
    void theStatusesAreThoseThatAreGiven() {
        JsonNode document;
        try (TestServer plain =
                        TestServer.with("OPENAI_MODEL", "sim-fast", "MODELS", "sim-fast*", "MAX_BODY_BYTES", "1024");
                TestServer full = TestServer.with("OPENAI_MODEL", "sim-fast", "MAX_STREAMS", "1");
                TestServer late = TestServer.with("OPENAI_MODEL", "sim-stall", "FIRST_EVENT_TIMEOUT", "100ms");
                TestServer away = TestServer.with("REDIS_URL", "redis://127.0.0.1:1");
                TestServer guarded = TestServer.with("ACCESS_TOKENS", "ann:" + TOKEN + ",bob:" + TOKEN + "-bob");
                TestServer hasty = TestServer.with("BODY_TIMEOUT", "100ms")) {
            document = TestServer.json(plain.get("/openapi.json").body());
            full.post("/streams", "{\"kind\":\"countdown\",\"from\":3600}", "Accept", "application/json");
            for (String path : List.of("/sse/countdown?from=1&interval=1ms&", "/sse/fake-llm?text=a&delay=1ms&")) {
                get(plain, full, path);
            }
            for (String path : List.of("/sse/chat?", "/stream/{text}?", "/helloworld?")) {
                get(plain, full, path);
                upstream(plain, late, path);
            }
            upstream(plain, late, "/sse/chat-normal?");
            whole(plain, full);
            post(plain, full, late, "/sse/chat", "{\"message\":\"a\"");
            post(plain, full, late, "/generate", "{\"query\":\"a\"");
            post(plain, full, late, "/streams", "{\"kind\":\"chat\",\"message\":\"a\"");
            see("POST /streams", plain.post("/streams", "{\"kind\":\"countdown\"}", "Accept", "application/json"));
            streams(plain, away);
            files(plain);
            for (String path : List.of("/health", "/health/ready", "/models")) {
                see("GET " + path, plain.get(path));
            }
            HttpResponse<String> notReady = away.get("/health/ready");
            assertEquals("1", notReady.headers().firstValue("Retry-After").orElse(""));
            see("GET /health/ready", notReady);
            page(plain, guarded);
            for (String operation : OpenApiTest.operations(document).keySet()) {
                doors(plain, guarded, operation);
                slowBody(hasty, operation);
            }
            creator(guarded);
        }
        assertEquals(described(document), seen);
        codes.forEach((operation, given) -> {
            Set<String> undescribed = new TreeSet<>(given);
            undescribed.removeAll(describedCodes(document, operation));
            assertEquals(Set.of(), undescribed, operation);
        });
        assertEquals(openOperations(document), withoutToken());
    }

    private static Set<String> describedCodes(JsonNode document, String operation) {
        Set<String> described = new TreeSet<>();
        requireNonNull(OpenApiTest.operations(document).get(operation), operation)
                .path("responses")
                .properties()
                .forEach(response -> {
                    String reference = response.getValue().path("$ref").asText();
                    JsonNode body = reference.isEmpty() ? response.getValue() : document.at(reference.substring(1));
                    for (JsonNode listed : body.findValues("enum")) {
                        listed.forEach(code -> described.add(response.getKey() + " " + code.asText()));
                    }
                });
        return described;
    }

    /** Those that say for themselves what they need. */
    private static Set<String> openOperations(JsonNode document) {
        Set<String> open = new TreeSet<>();
        OpenApiTest.operations(document).forEach((operation, what) -> {
            if (what.has("security")) {
                open.add(operation);
            }
        });
        return open;
    }

    private Set<String> withoutToken() {
        Set<String> open = new TreeSet<>(seen.keySet());
        open.removeIf(operation -> codes.getOrDefault(operation, Set.of()).contains("401 token_required"));
        return open;
    }

    private static Map<String, Set<String>> described(JsonNode document) {
        Map<String, Set<String>> described = new TreeMap<>();
        OpenApiTest.operations(document).forEach((operation, what) -> {
            Set<String> statuses = new TreeSet<>();
            what.path("responses").fieldNames().forEachRemaining(statuses::add);
            statuses.remove("default");
            described.put(operation, statuses);
        });
        return described;
    }

    /** What is checked before any route sees a request: the host, the page that asks, and the token. */
    private void doors(TestServer plain, TestServer guarded, String operation) {
        String method = operation.replaceAll(" .*", "");
        String path = operation
                .replaceAll(".* ", "")
                .replace("{id}", NO_STREAM)
                .replace("{text}", "hi")
                .replaceAll("\\{.*}", "docs.js");
        String head = method + " " + path + " HTTP/1.1\r\nConnection: close\r\nContent-Length: 0\r\n";
        for (String more : List.of("Host: a.example", "Host: localhost\r\nOrigin: https://a.example")) {
            raw(plain, operation, head + more + "\r\n\r\n");
        }
        raw(guarded, operation, head + "Host: localhost\r\n\r\n");
        RawHttp.Answer answer;
        do {
            // Until they are too many: then that is what each further one is told.
            answer = raw(
                    guarded,
                    operation,
                    path.equals(SignIn.SIGN_IN) && method.equals("POST")
                            ? WRONG_SIGN_IN
                            : head + "Host: localhost\r\nAuthorization: Bearer wrong\r\n\r\n");
        } while (answer.status() == 401);
    }

    private RawHttp.Answer raw(TestServer server, String operation, String request) {
        RawHttp.Answer answer = RawHttp.send(server.port(), request);
        see(operation, answer.status(), answer.body());
        return answer;
    }

    private void slowBody(TestServer hasty, String operation) {
        if (operation.startsWith("POST ")) {
            raw(hasty, operation, operation + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{");
        }
    }

    private void creator(TestServer guarded) {
        String location = guarded.post(
                        "/streams",
                        "{\"kind\":\"countdown\",\"from\":3600}",
                        "Accept",
                        "application/json",
                        "Authorization",
                        "Bearer " + TOKEN)
                .headers()
                .firstValue("Location")
                .orElseThrow();
        HttpResponse<String> refused = guarded.delete(location, "Authorization", "Bearer " + TOKEN + "-bob");
        assertEquals(403, see("DELETE /streams/{id}", refused).statusCode());
    }

    private void page(TestServer plain, TestServer guarded) {
        see("GET /metrics", plain.get("/metrics"));
        see("GET /metrics", plain.get("/metrics", "X-Forwarded-For", "192.0.2.1"));
        see("GET /sign-in", plain.get("/sign-in"));
        String signIn = "POST /sign-in";
        see(signIn, plain.post("/sign-in", "{\"token\":\"a\"}"));
        see(signIn, guarded.post("/sign-in", "{\"token\":\"a\"}"));
        see(signIn, plain.post("/sign-in", "{}"));
        see(signIn, plain.post("/sign-in", "{\"token\":\"a\"}" + " ".repeat(5000)));
        see(signIn, plain.post("/sign-in", "{\"token\":\"a\"}", "Content-Type", "text/html"));
        see("POST /sign-out", plain.post("/sign-out", ""));
        String[] guess = {"Authorization", "Bearer wrong"};
        see("GET /sign-in", guarded.get("/sign-in", guess));
        see("POST /sign-out", guarded.post("/sign-out", "", guess));
    }

    private static String asked(String path) {
        return path.replace("{text}?", "hi?seed=1&");
    }

    private static String operation(String method, String path) {
        return method + " " + path.replaceAll("\\?.*", "");
    }

    private void get(TestServer plain, TestServer full, String path) {
        String operation = operation("GET", path);
        String asked = asked(path);
        HttpResponse<String> stream = see(operation, plain.get(asked));
        String id = stream.headers().firstValue("Stream-Id").orElseThrow();
        List<SseParser.SseEvent> events =
                SseParser.parse(plain.get("/streams/" + id).body());
        see(
                operation,
                plain.get(
                        asked + "last_event_id=" + events.get(events.size() - 1).id()));
        see(operation, plain.get(asked + "last_event_id=" + NO_STREAM + ".0"));
        see(operation, plain.get(asked + "nobody=1"));
        plain.get(asked + "idempotency_key=" + path.hashCode());
        see(operation, plain.get(asked + "format=ndjson&idempotency_key=" + path.hashCode()));
        see(operation, full.get(asked));
    }

    private void whole(TestServer plain, TestServer full) {
        String operation = "GET /sse/chat-normal";
        see(operation, plain.get("/sse/chat-normal"));
        see(operation, plain.get("/sse/chat-normal?nobody=1"));
        plain.get("/sse/chat-normal?message=a&idempotency_key=w");
        see(operation, plain.get("/sse/chat-normal?message=b&idempotency_key=w"));
        see(operation, full.get("/sse/chat-normal"));
    }

    private void upstream(TestServer plain, TestServer late, String path) {
        String operation = operation("GET", path);
        see(operation, plain.get(asked(path) + "model=sim-fast-429-retry-30s"));
        see(operation, plain.get(asked(path) + "model=sim-fast-401"));
        see(operation, plain.get(asked(path) + "model=other"));
        see(operation, late.get(asked(path)));
    }

    private void post(TestServer plain, TestServer full, TestServer late, String path, String open) {
        String operation = "POST " + path;
        see(operation, plain.post(path, open + "}"));
        see(operation, plain.post(path, open));
        see(operation, plain.post(path, open + "}", "Last-Event-ID", NO_STREAM + ".0"));
        plain.post(path, open + "}", "Idempotency-Key", path);
        see(operation, plain.post(path, open + ",\"seed\":1}", "Idempotency-Key", path));
        see(operation, plain.post(path, open + "}" + " ".repeat(2000)));
        see(operation, plain.post(path, open + "}", "Content-Type", "text/html"));
        see(operation, plain.post(path, open + ",\"model\":\"sim-fast-429-retry-30s\"}"));
        see(operation, plain.post(path, open + ",\"model\":\"sim-fast-401\"}"));
        see(operation, plain.post(path, open + ",\"model\":\"other\"}"));
        see(operation, full.post(path, open + "}"));
        see(operation, late.post(path, open + "}"));
    }

    private void streams(TestServer plain, TestServer away) {
        HttpResponse<String> stream = plain.get("/sse/fake-llm?text=a&delay=1ms&format=json");
        List<SseParser.SseEvent> events = SseParser.parse(stream.body());
        String last = events.get(events.size() - 1).id();
        String path = "/streams/" + last.replaceAll("\\..*", "");
        String operation = "GET /streams/{id}";
        see(operation, plain.get(path));
        see(operation, plain.get(path, "Last-Event-ID", last));
        see(operation, plain.get("/streams/short"));
        see(operation, plain.get("/streams/" + NO_STREAM));
        see(operation, away.get("/streams/" + NO_STREAM, "Accept", "application/json"));
        String cancel = "DELETE /streams/{id}";
        see(cancel, plain.delete(path));
        see(cancel, plain.delete("/streams/short"));
        see(cancel, plain.delete("/streams/" + NO_STREAM));
        see(cancel, away.delete("/streams/" + NO_STREAM));
    }

    private void files(TestServer plain) {
        for (Map.Entry<String, String> file : Map.of(
                        "/", "/",
                        "/assets/{path}", "/assets/app.js",
                        "/docs", "/docs",
                        "/docs/{file}", "/docs/docs.js",
                        "/openapi.json", "/openapi.json")
                .entrySet()) {
            String tag = see("GET " + file.getKey(), plain.get(file.getValue()))
                    .headers()
                    .firstValue("ETag")
                    .orElseThrow();
            see("GET " + file.getKey(), plain.get(file.getValue(), "If-None-Match", tag));
        }
        see("GET /assets/{path}", plain.get("/assets/nothing.js"));
        see("GET /docs/{file}", plain.get("/docs/nothing.js"));
    }
}
