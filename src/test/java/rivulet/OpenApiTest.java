package rivulet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import io.swagger.v3.parser.OpenAPIV3Parser;
import io.swagger.v3.parser.core.models.ParseOptions;
import io.swagger.v3.parser.core.models.SwaggerParseResult;
import java.io.IOException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import rivulet.access.Refusal;
import rivulet.feed.TraceContext;
import rivulet.log.ErrorCode;
import rivulet.log.Event;
import rivulet.log.FinishReason;
import rivulet.log.Kind;
import rivulet.wire.Format;

/** {@code /openapi.json} says what the routes do, no more and no less. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class OpenApiTest {
    @SuppressWarnings("NullAway.Init")
    private static TestServer server;

    @SuppressWarnings("NullAway.Init")
    private static JsonNode document;

    @BeforeAll
    static void start() {
        server = TestServer.with("OPENAI_MODEL", "sim-fast");
        document = TestServer.json(server.get("/openapi.json").body());
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @Test
    void toolsCanReadIt() {
        ParseOptions options = new ParseOptions();
        options.setResolve(true);
        SwaggerParseResult result = new OpenAPIV3Parser().readContents(document.toString(), null, options);
        assertEquals(List.of(), result.getMessages());
        assertTrue(document.path("openapi").asText().startsWith("3.1."));
        assertEquals(
                document.path("paths").size(), result.getOpenAPI().getPaths().size());
    }

    @Test
    void everyReferenceLeadsSomewhere() {
        for (JsonNode reference : document.findValues("$ref")) {
            assertTrue(
                    !document.at(reference.asText().substring(1)).isMissingNode(), "nothing at " + reference.asText());
        }
    }

    @Test
    void theRoutesAreThoseOfTheServer() {
        Set<String> described = new TreeSet<>();
        operations().keySet().forEach(described::add);
        assertEquals(served(), described);
    }

    private static Set<String> served() {
        Set<String> served = new TreeSet<>();
        server.app().routes().forEach(route -> {
            if (!route.contains("/simulator/") && !route.startsWith("HEAD ")) {
                served.add(route.replace("/stream/*", "/stream/{text}").replace("/assets/*", "/assets/{path}"));
            }
        });
        return served;
    }

    /** Asks each route with a name that nobody knows: the answer lists those that are known. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            /sse/countdown     | /sse/countdown?from=1&interval=1ms&
            /sse/fake-llm      | /sse/fake-llm?
            /sse/chat          | /sse/chat?
            /sse/chat-normal   | /sse/chat-normal?
            /stream/{text}     | /stream/hi?model=sim-fast&
            /helloworld        | /helloworld?
            /streams/{id}      | /streams/0123456789abcdef?
            """)
    void theParametersOfAGetAreThoseThatAreRead(String path, String asked) {
        assertParameters("GET " + path, known(server.get(asked + "nobody=1").body()));
    }

    @ParameterizedTest
    @CsvSource({"/sse/chat,ChatBody", "/generate,GenerateBody", "/streams,"})
    void theParametersOfAPostAreThoseThatAreRead(String path) {
        assertParameters(
                "POST " + path, known(server.post(path + "?nobody=1", "{}").body()));
    }

    /** A {@code ?} may belong to the prompt in the address, but not where such a parameter follows. */
    @Test
    void eachParameterBehindATextIsOne() {
        for (String name : parameters("GET /stream/{text}", "query")) {
            assertEquals(400, server.get("/stream/hi?" + name + "=1&nobody=1").statusCode(), name);
        }
    }

    private static void assertParameters(String operation, Set<String> known) {
        assertEquals(known, parameters(operation, "query"), operation);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            ChatBody         | /sse/chat | {"message":"a"
            GenerateBody     | /generate | {"query":"a"
            ChatStream       | /streams  | {"kind":"chat","message":"a"
            CountdownStream  | /streams  | {"kind":"countdown"
            FakeLlmStream    | /streams  | {"kind":"fake-llm"
            StructuredStream | /streams  | {"kind":"structured","message":"a","fields":["a"]
            Message          | /sse/chat | {"messages":[{"role":"user","content":"a"
            SignIn           | /sign-in  | {"token":"a"
            """)
    void theMembersOfABodyAreThoseThatAreRead(String schema, String path, String asked) {
        String close = asked.contains("[{") ? "}]}" : "}";
        assertEquals(known(server.post(path, asked + ",\"nobody\":1" + close).body()), members(schema), schema);
    }

    @Test
    void theWordsAreThoseOfTheCode() {
        assertEquals(words(Arrays.stream(Kind.values()).map(Kind::wireName)), words(component("schemas", "Kind")));
        assertEquals(
                words(Arrays.stream(Format.values()).map(Format::wireName)), words(component("schemas", "Format")));
        assertEquals(
                words(Arrays.stream(FinishReason.values()).map(FinishReason::wireName)),
                words(component("schemas", "FinishReason")));
        assertEquals(
                words(Arrays.stream(ErrorCode.values()).map(ErrorCode::wireName)),
                words(component("schemas", "FailureCode")));
    }

    /** Every refusal that the code can make has its code listed under its status, and every listed one can be made. */
    @Test
    void theCodesOfErrorsAreThoseOfTheCode() throws Exception {
        Set<String> made = new TreeSet<>();
        for (Method factory : RequestError.class.getDeclaredMethods()) {
            if (Modifier.isStatic(factory.getModifiers())
                    && factory.getReturnType() == RequestError.class
                    && !Set.of("ofFailure", "ofStatus", "ofRefusal").contains(factory.getName())) {
                made.add(line((RequestError) factory.invoke(null, arguments(factory))));
            }
        }
        made.addAll(refusals());
        // Bodies, which the server takes in before any route sees the request.
        made.addAll(Set.of("408 http_408", "503 http_503"));
        for (ErrorCode code : ErrorCode.values()) {
            made.add(line(RequestError.ofFailure(new Event.Failed(code, "why", null))));
        }
        Set<String> described = new TreeSet<>();
        operations()
                .values()
                .forEach(operation -> operation.path("responses").properties().forEach(response -> {
                    JsonNode body = resolve(response.getValue());
                    for (JsonNode codes : body.findValues("enum")) {
                        codes.forEach(code -> described.add(response.getKey() + " " + code.asText()));
                    }
                }));
        Set<String> anyStatus = new TreeSet<>();
        described.removeIf(line -> line.startsWith("default ") && anyStatus.add(line.substring(8)));
        assertEquals(Set.of(), minus(anyStatus, codes(made)), "described for any status, but never made");
        made.removeIf(line -> !described.contains(line) && anyStatus.contains(line.substring(4)));
        assertEquals(made, described);
    }

    private static Set<String> refusals() throws Exception {
        Set<String> made = new TreeSet<>();
        for (Method factory : Refusal.class.getDeclaredMethods()) {
            if (Modifier.isStatic(factory.getModifiers())
                    && factory.getReturnType() == Refusal.class
                    && !factory.getName().equals("later")) {
                factory.setAccessible(true);
                made.add(line(RequestError.ofRefusal((Refusal) factory.invoke(null, arguments(factory)))));
            }
        }
        // A caller's own limits, whose codes are the settings' names.
        for (Setting limit :
                List.of(Setting.REQUESTS_PER_MINUTE, Setting.STREAMS_PER_CALLER, Setting.OUTPUT_TOKENS_PER_DAY)) {
            made.add("429 " + limit.name().toLowerCase(java.util.Locale.ROOT));
        }
        return made;
    }

    private static Object[] arguments(Method factory) {
        Map<Class<?>, Object> any = Map.of(
                int.class,
                1,
                long.class,
                1L,
                String.class,
                "x",
                List.class,
                List.of("x"),
                java.time.Duration.class,
                java.time.Duration.ofSeconds(1));
        return Arrays.stream(factory.getParameterTypes()).map(any::get).toArray();
    }

    private static String line(RequestError error) {
        return error.status() + " " + error.code();
    }

    private static Set<String> codes(Set<String> lines) {
        return words(lines.stream().map(line -> line.substring(4)));
    }

    private static Set<String> minus(Set<String> all, Set<String> without) {
        Set<String> rest = new TreeSet<>(all);
        rest.removeAll(without);
        return rest;
    }

    @Test
    void theHeadersThatPagesMaySendAndReadAreDescribed() {
        HttpResponse<String> preflight;
        try (TestServer open = TestServer.with("CORS_ORIGINS", "*")) {
            preflight =
                    open.options("/sse/chat", "Origin", "https://a.example", "Access-Control-Request-Method", "POST");
            Set<String> read = words(Arrays.stream(open.get("/health", "Origin", "https://a.example")
                    .headers()
                    .firstValue("Access-Control-Expose-Headers")
                    .orElseThrow()
                    .split(", ", -1)));
            assertEquals(
                    read,
                    words(document.at("/components/headers").properties().stream()
                            .map(Map.Entry::getKey)));
        }
        Set<String> sent = words(Arrays.stream(preflight
                .headers()
                .firstValue("Access-Control-Allow-Headers")
                .orElseThrow()
                .split(", ", -1)));
        // Not parameters in OpenAPI's sense: the body's type, and what a security scheme says.
        sent.removeAll(Set.of("Content-Type", "Authorization"));
        Set<String> described = new TreeSet<>();
        operations().keySet().forEach(operation -> described.addAll(parameters(operation, "header")));
        // Those of programs that trace, not of pages.
        described.removeAll(Set.of(TraceContext.PARENT_HEADER, TraceContext.STATE_HEADER));
        assertEquals(sent, described);
    }

    /** What is really sent satisfies the schemas, whatever kind of stream it is. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            {"kind":"chat","message":"a"}
            {"kind":"chat","message":"a","model":"sim-fast-tools"}
            {"kind":"chat","message":"a","model":"sim-fast-refusal"}
            {"kind":"chat","message":"a","model":"sim-fast-reasoning-length"}
            {"kind":"chat","message":"a","model":"sim-fast-cut-after-2"}
            {"kind":"countdown","from":2,"interval":"1ms"}
            {"kind":"fake-llm","text":"a\\nb","delay":"1ms"}
            {"kind":"structured","message":"a","fields":["a","b"]}
            """)
    void whatIsSentIsWhatIsDescribed(String asked) {
        assertSatisfies("NewStream", asked);
        HttpResponse<String> streamed = server.post("/streams", asked);
        Set<String> unused = assertEventsSatisfy(streamed.body());
        String id = streamed.headers().firstValue("Stream-Id").orElseThrow();
        server.get("/streams/" + id + "?format=ndjson").body().lines().forEach(line -> assertSatisfies("Line", line));
        assertSatisfies(
                "State",
                server.get("/streams/" + id, "Accept", "application/json").body());
    }

    private static Set<String> assertEventsSatisfy(String body) {
        Set<String> names = new TreeSet<>();
        JsonNode schemas = component("schemas", "Events").path("x-events");
        for (SseParser.SseEvent event : SseParser.parse(body)) {
            JsonNode schema = schemas.path(event.name().equals("message") ? "" : event.name());
            assertTrue(schema.isObject(), "nothing is said of " + event.name());
            assertSatisfies(schema.path("$ref").asText().replaceAll(".*/", ""), event.data());
            names.add(event.name());
        }
        return names;
    }

    /** A live stream that is longer than its memory. */
    @Test
    void aSnapshotIsWhatIsDescribed() throws IOException {
        Random random = new Random(1);
        int pieces = 9000;
        try (RawUpstream upstream = new RawUpstream((request, connection) -> {
                    connection.sendStreamHead();
                    for (int i = 0; i < pieces; i++) {
                        connection.send("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\""
                                + Noise.text(random, 180) + "\"}}]}\n\n");
                    }
                    connection.awaitPeerClose();
                });
                TestServer small = TestServer.before(
                        upstream, "OPENAI_MODEL", "m", "UPSTREAM_API", "chat", "MAX_LOG_BYTES", "1048576")) {
            String path = small.post("/streams", "{\"kind\":\"chat\",\"message\":\"a\"}", "Accept", "application/json")
                    .headers()
                    .firstValue("Location")
                    .orElseThrow();
            TestServer.await("all but the rest", () -> {
                String state = small.get(path, "Accept", "application/json").body();
                return TestServer.json(state).path("index").asInt() == pieces;
            });
            CompletableFuture<String> events = small.getAsync(path);
            CompletableFuture<String> json = small.getAsync(path + "?format=ndjson");
            // Once it has ended it is gone for who comes then.
            TestServer.await("two viewers", () -> small.viewers() == 2);
            small.delete(path);
            assertTrue(assertEventsSatisfy(events.join()).contains("snapshot"));
            String lines = json.join();
            assertTrue(lines.contains("\"event\":\"snapshot\""), lines);
            lines.lines().forEach(line -> assertSatisfies("Line", line));
        }
    }

    @Test
    void theServersOwnAnswersAreDescribed() {
        JsonNode health = TestServer.json(server.get("/health").body());
        assertEquals(members("Health"), names(health));
        assertEquals(
                names(component("schemas", "Health").at("/properties/upstream/properties")),
                names(health.path("upstream")));
        assertSatisfies("SignedIn", server.get("/sign-in").body());
        assertSatisfies("Health", server.get("/health").body());
        assertSatisfies("Ready", server.get("/health/ready").body());
        assertSatisfies("Models", server.get("/models").body());
        assertSatisfies("Whole", server.get("/sse/chat-normal").body());
        assertSatisfies("Error", server.get("/nowhere").body());
    }

    private static void assertSatisfies(String schema, String json) {
        ObjectNode whole = document.path("components").deepCopy();
        ObjectNode root = TestServer.JSON.createObjectNode();
        root.put("$ref", "#/components/schemas/" + schema).set("components", whole);
        Schema compiled = SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
                .getSchema(root);
        assertEquals(List.of(), List.copyOf(compiled.validate(TestServer.json(json))), () -> schema + " of " + json);
    }

    /** Each operation by its method and path. */
    private static Map<String, JsonNode> operations() {
        return operations(document);
    }

    /** Each operation of a description by its method and path. */
    static Map<String, JsonNode> operations(JsonNode document) {
        Map<String, JsonNode> operations = new TreeMap<>();
        document.path("paths")
                .properties()
                .forEach(path -> path.getValue().properties().forEach(method -> {
                    if (!method.getKey().equals("parameters")) {
                        operations.put(
                                method.getKey().toUpperCase(java.util.Locale.ROOT) + " " + path.getKey(),
                                method.getValue());
                    }
                }));
        return operations;
    }

    private static Set<String> parameters(String operation, String in) {
        Set<String> names = new TreeSet<>();
        java.util.Objects.requireNonNull(operations().get(operation), operation)
                .path("parameters")
                .forEach(parameter -> {
                    JsonNode resolved = resolve(parameter);
                    if (resolved.path("in").asText().equals(in)) {
                        names.add(resolved.path("name").asText());
                    }
                });
        return names;
    }

    private static Set<String> names(JsonNode object) {
        Set<String> names = new TreeSet<>();
        object.fieldNames().forEachRemaining(names::add);
        return names;
    }

    private static Set<String> members(String schema) {
        List<JsonNode> open = new ArrayList<>(List.of(component("schemas", schema)));
        Set<String> names = new TreeSet<>();
        while (!open.isEmpty()) {
            JsonNode next = resolve(open.remove(0));
            next.path("properties").fieldNames().forEachRemaining(names::add);
            next.path("allOf").forEach(open::add);
        }
        return names;
    }

    private static Set<String> known(String refusal) {
        Matcher list = Pattern.compile("known are: ([^.]*)\\.").matcher(refusal);
        assertTrue(list.find(), refusal);
        return words(Arrays.stream(list.group(1).split(", ", -1)));
    }

    private static Set<String> words(java.util.stream.Stream<String> words) {
        return words.collect(java.util.stream.Collectors.toCollection(TreeSet::new));
    }

    private static Set<String> words(JsonNode schema) {
        Set<String> words = new TreeSet<>();
        schema.path("enum").forEach(word -> words.add(word.asText()));
        return words;
    }

    private static JsonNode component(String kind, String name) {
        JsonNode component = document.at("/components/" + kind + "/" + name);
        assertTrue(component.isObject(), "there is no " + kind + " " + name);
        return component;
    }

    private static JsonNode resolve(JsonNode node) {
        return node.has("$ref") ? document.at(node.path("$ref").asText().substring(1)) : node;
    }
}
