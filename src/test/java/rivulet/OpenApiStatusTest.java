package rivulet;

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

    private final Map<String, Set<String>> seen = new TreeMap<>();

    private HttpResponse<String> see(String operation, HttpResponse<String> answer) {
        seen.computeIfAbsent(operation, o -> new TreeSet<>()).add(String.valueOf(answer.statusCode()));
        return answer;
    }

    @Test
    void theStatusesAreThoseThatAreGiven() {
        JsonNode document;
        try (TestServer plain = TestServer.with("OPENAI_MODEL", "sim-fast", "MAX_BODY_BYTES", "1024");
                TestServer full = TestServer.with("OPENAI_MODEL", "sim-fast", "MAX_STREAMS", "1");
                TestServer late = TestServer.with("OPENAI_MODEL", "sim-stall", "FIRST_EVENT_TIMEOUT", "100ms");
                TestServer away = TestServer.with("REDIS_URL", "redis://127.0.0.1:1")) {
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
            see("GET /health/ready", away.get("/health/ready"));
        }
        assertEquals(described(document), seen);
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
