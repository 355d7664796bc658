package rivulet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.flipkart.zjsonpatch.JsonPatch;
import java.io.IOException;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import rivulet.SseParser.SseEvent;

/** Live streams that together are longer than their memory: they are folded, and no viewer misses or repeats anything. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class FoldTest {
    private static final int PIECES = 11_000;
    /** With so many letters the pieces alone take a little more than the least MAX_LOG_BYTES. */
    private static final int LONG = 120;

    private static final Random RANDOM = new Random(1);

    private static final List<String> WORDS = IntStream.rangeClosed(1, PIECES)
            .mapToObj(i -> "wörd " + i + Noise.text(RANDOM, LONG) + "\n")
            .toList();

    /** A title and a long summary. */
    private static final List<String> DOCUMENT = Stream.of(
                    Stream.of("{\"title\":\"", "Né", "\",\"summary\":\""),
                    IntStream.rangeClosed(1, PIECES).mapToObj(i -> "é" + i + Noise.text(RANDOM, LONG)),
                    Stream.of("\"}"))
            .flatMap(pieces -> pieces)
            .toList();

    private static final List<String> SHORT_WORDS =
            IntStream.rangeClosed(1, PIECES).mapToObj(i -> "wörd " + i + "\n").toList();

    private final CountDownLatch rest = new CountDownLatch(1);
    private RawUpstream upstream;
    private TestServer server;

    @BeforeEach
    void start() {
        // Says nearly all at once, and the rest when it is told to.
        upstream = new RawUpstream((request, connection) -> {
            boolean structured = request.body().contains("json_schema");
            List<String> words = request.body().contains("shortly") ? SHORT_WORDS : WORDS;
            List<String> pieces = structured ? DOCUMENT : words;
            connection.sendStreamHead();
            StringBuilder most = new StringBuilder();
            for (String piece : pieces.subList(0, pieces.size() - 1)) {
                most.append(delta(piece));
            }
            connection.send(most.toString());
            await(rest);
            connection.send(
                    delta(pieces.get(pieces.size() - 1))
                            + "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n");
        });
        server = TestServer.before(upstream, "OPENAI_MODEL", "m", "UPSTREAM_API", "chat", "MAX_LOG_BYTES", "1048576");
    }

    @AfterEach
    void stop() throws IOException {
        rest.countDown();
        server.close();
        upstream.close();
    }

    private static String delta(String piece) throws IOException {
        return "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":" + TestServer.JSON.writeValueAsString(piece)
                + "}}]}\n\n";
    }

    private static String text(int from) {
        return String.join("", WORDS.subList(from, PIECES));
    }

    private static void await(CountDownLatch latch) throws IOException {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }

    /** Begins a stream in the background, and waits until nearly all of it has been said. */
    private String begin(String body, int events) {
        String location = server.post("/streams", body, "Accept", "application/json")
                .headers()
                .firstValue("Location")
                .orElseThrow();
        TestServer.await("all but the end", () -> state(location).path("index").asInt() == events);
        return location;
    }

    private String beginChat() {
        return begin("{\"kind\":\"chat\",\"message\":\"hi\"}", PIECES - 1);
    }

    /** Not before they have come: one that ends goes at once, for want of memory. */
    private void sayTheRestBefore(int viewers) {
        TestServer.await("the viewers", () -> server.viewers() == viewers);
        rest.countDown();
    }

    private JsonNode state(String location) {
        return TestServer.json(
                server.get(location, "Accept", "application/json").body());
    }

    private static String id(String location, int index) {
        return location.substring("/streams/".length()) + "." + index;
    }

    /** What a page shows that knows snapshots; checks that nothing is skipped without one. */
    private static String shown(List<SseEvent> events, String text, int after) {
        StringBuilder shown = new StringBuilder(text);
        int position = after;
        for (SseEvent event : events) {
            int index = PlainViewer.index(event);
            if (event.name().equals("snapshot")) {
                shown.setLength(0);
                shown.append(TestServer.json(event.data()).path("text").asText());
                assertEquals(index, TestServer.json(event.data()).path("index").asInt());
                assertTrue(index > position);
            } else {
                assertEquals(position + 1, index);
                shown.append(TestServer.json(event.data()).path("delta").asText());
            }
            position = index;
        }
        return shown.toString();
    }

    private static long snapshots(List<SseEvent> events) {
        return events.stream().filter(event -> event.name().equals("snapshot")).count();
    }

    @Test
    void aViewerFarBehindIsGivenOneSnapshotAndThenWhatFollows() {
        String location = beginChat();
        CompletableFuture<String> whole = server.getAsync(location);
        CompletableFuture<String> half = server.getAsync(location, "Last-Event-ID", id(location, 2000));
        CompletableFuture<String> near = server.getAsync(location, "Last-Event-ID", id(location, PIECES - 3));
        sayTheRestBefore(3);
        List<SseEvent> events = SseParser.parse(whole.join());
        assertEquals(
                List.of("start", "snapshot"),
                List.of(events.get(0).name(), events.get(1).name()));
        assertEquals(
                "live", TestServer.json(events.get(1).data()).path("status").asText());
        assertEquals(text(0), shown(events, "", -1));
        assertEquals(1, snapshots(events));
        assertEquals("done", events.get(events.size() - 1).name());
        assertTrue(half.join().startsWith("event: snapshot\nretry: "), "retry stands in the first block");
        assertEquals(
                1, half.join().lines().filter(line -> line.startsWith("retry:")).count());
        assertEquals(text(0), shown(SseParser.parse(half.join()), "stale", 2000));
        assertEquals(0, snapshots(SseParser.parse(near.join())), "the newest events are there one by one");
        assertEquals(text(PIECES - 3), shown(SseParser.parse(near.join()), "", PIECES - 3));
    }

    @Test
    void aViewerThatWatchesFromTheBeginningMissesNothing() {
        CompletableFuture<String> json = server.postAsync("/streams", "{\"kind\":\"chat\",\"message\":\"hi\"}");
        CompletableFuture<String> text = server.postAsync("/sse/chat", "{\"message\":\"hi\"}");
        sayTheRestBefore(2);
        assertEquals(text(0), shown(SseParser.parse(json.join()), "", -1));
        assertEquals(text(0) + "[DONE]", SseParser.messages(text.join()));
    }

    @Test
    void linesOfJsonLeapByASnapshotToo() {
        String location = beginChat();
        CompletableFuture<String> lines = server.getAsync(location + "?after=5&format=ndjson");
        sayTheRestBefore(1);
        List<JsonNode> events = TestServer.ndjson(lines.join());
        JsonNode snapshot = events.get(0);
        assertEquals("snapshot", snapshot.path("event").asText());
        assertEquals(snapshot.path("index").asInt(), snapshot.path("n").asInt());
        assertEquals(snapshot.path("n").asInt() + 1, events.get(1).path("n").asInt());
        assertEquals(text(0), snapshot.path("text").asText() + TestServer.text(events.subList(1, events.size())));
    }

    @Test
    void plainTextIsExactlyWhatIsMissing() {
        String location = beginChat();
        List<Integer> positions = List.of(0, 1, 777, 4000, PIECES - 2, PIECES - 1);
        List<CompletableFuture<String>> texts = positions.stream()
                .map(after -> server.getAsync(location + "?format=text&after=" + after))
                .toList();
        List<CompletableFuture<String>> marked = positions.stream()
                .map(after -> server.getAsync("/sse/chat", "Last-Event-ID", id(location, after)))
                .toList();
        sayTheRestBefore(2 * positions.size());
        for (int i = 0; i < positions.size(); i++) {
            assertEquals(text(positions.get(i)), SseParser.messages(texts.get(i).join()));
            assertEquals(
                    text(positions.get(i)) + "[DONE]",
                    SseParser.messages(marked.get(i).join()));
        }
    }

    @Test
    void aDocumentIsWholeInEachFormat() {
        List<String> pieces = DOCUMENT;
        String document = String.join("", pieces);
        String location =
                begin("{\"kind\":\"structured\",\"message\":\"hi\",\"fields\":[\"title\",\"summary\"]}", pieces.size());
        CompletableFuture<String> json = server.getAsync(location + "?after=3");
        CompletableFuture<String> envelopes = server.getAsync(location + "?format=status&after=3");
        CompletableFuture<String> patches = server.getAsync(location + "?format=patch&after=" + (PIECES - 10));
        sayTheRestBefore(3);
        List<SseEvent> events = SseParser.parse(json.join());
        assertEquals("snapshot", events.get(0).name());
        JsonNode shown = TestServer.json(events.get(0).data()).path("document");
        StringBuilder summary = new StringBuilder(shown.path("summary").asText());
        String title = shown.path("title").asText();
        for (SseEvent event : events) {
            if (event.name().equals("field")) {
                summary.append(TestServer.json(event.data()).path("delta").asText());
            }
        }
        JsonNode expected = TestServer.json(document);
        assertEquals("Né", title);
        assertEquals(expected.path("summary").asText(), summary.toString());
        // The title has come by index 3.
        assertEquals(
                expected.path("summary").asText(),
                SseParser.parse(envelopes.join()).stream()
                        .map(event -> TestServer.json(event.data())
                                .path("data")
                                .path("summary")
                                .asText())
                        .collect(Collectors.joining()));
        List<SseEvent> operations = SseParser.parse(patches.join()).stream()
                .filter(event -> event.name().equals("message"))
                .toList();
        JsonNode last = TestServer.json(operations.get(operations.size() - 1).data());
        JsonNode patched = JsonPatch.apply(last, TestServer.json("{\"title\":\"Né\",\"summary\":\"old\"}"));
        assertEquals(expected, patched);
    }

    @Test
    void aNewStreamBeginsThoughLiveOnesSaidMoreThanThereIsMemoryFor() {
        for (int i = 0; i < 3; i++) {
            String unused = begin("{\"kind\":\"chat\",\"message\":\"shortly\"}", PIECES - 1);
        }
        assertEquals(3, server.liveStreams());
        assertEquals(
                "abc[DONE]",
                SseParser.messages(
                        server.get("/sse/fake-llm?text=abc&delay=0ms").body()));
    }
}
