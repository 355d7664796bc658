package rivulet.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.Socket;
import okhttp3.Response;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Responses in background mode: generated without a connection, streamed again from any event, cancelled by a call. */
@Timeout(60)
class BackgroundResponsesTest {
    private final SimulatorServer server = new SimulatorServer();

    @AfterEach
    void close() {
        server.close();
    }

    private static ObjectNode background(String model) {
        return SimulatorServer.responses(model, "What is SSE?").put("background", true);
    }

    private JsonNode get(String path, int status) throws IOException {
        try (Response response = server.get("/responses/" + path).execute()) {
            assertEquals(status, response.code());
            return SimulatorServer.MAPPER.readTree(response.body().string());
        }
    }

    private JsonNode cancel(String id, int status) throws IOException {
        try (Response response = server.call("/responses/" + id + "/cancel", "").execute()) {
            assertEquals(status, response.code());
            return SimulatorServer.MAPPER.readTree(response.body().string());
        }
    }

    private ArrayNode stream(String id, String more) throws IOException {
        ArrayNode events = SimulatorServer.MAPPER.createArrayNode();
        try (Response response =
                server.get("/responses/" + id + "?stream=true" + more).execute()) {
            assertEquals(200, response.code());
            for (String line : response.body().string().split("\n", -1)) {
                if (line.startsWith("data: {")) {
                    events.add(SimulatorServer.MAPPER.readTree(line.substring("data: ".length())));
                }
            }
        }
        return events;
    }

    private String status(String id) {
        try {
            return get(id, 200).path("status").asText();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private String create(String model) throws IOException {
        JsonNode created = server.json(background(model));
        assertEquals("queued", created.path("status").asText());
        assertTrue(created.path("background").asBoolean());
        assertEquals(0, created.path("output").size());
        return created.path("id").asText();
    }

    @Test
    void aStreamBeginsQueued() throws IOException {
        ArrayNode events = server.events(background("sim-fast"));
        assertEquals("response.created", events.get(0).path("type").asText());
        assertEquals("response.queued", events.get(1).path("type").asText());
        assertEquals("queued", events.get(1).at("/response/status").asText());
        assertEquals("response.in_progress", events.get(2).path("type").asText());
        for (int i = 0; i < events.size(); i++) {
            assertEquals(i, events.get(i).path("sequence_number").asInt(-1));
        }
        assertTrue(events.get(0).at("/response/background").asBoolean());
    }

    @Test
    void itIsStreamedAgainFromBehindAnyEvent() throws IOException {
        ArrayNode all = server.events(background("sim-fast-reasoning"));
        String id = all.get(0).at("/response/id").asText();
        assertEquals(all, stream(id, ""));
        for (int after = 0; after < all.size(); after += after < 6 ? 1 : 17) {
            ArrayNode rest = SimulatorServer.MAPPER.createArrayNode();
            for (int i = after + 1; i < all.size(); i++) {
                rest.add(all.get(i));
            }
            assertEquals(rest, stream(id, "&starting_after=" + after));
        }
        assertEquals(0, stream(id, "&starting_after=99999").size());
    }

    @Test
    void whoLeavesDoesNotEndIt() throws IOException {
        String id = idThenLeave(background("sim-100tps-60tokens").put("stream", true));
        assertTrue(server.becomesLive(0));
        ArrayNode events = stream(id, "&starting_after=0");
        assertEquals(1, events.get(0).path("sequence_number").asInt());
        assertEquals(
                "response.completed", events.get(events.size() - 1).path("type").asText());
        assertEquals("completed", status(id));
    }

    private String idThenLeave(ObjectNode body) throws IOException {
        try (Socket socket = server.socket(body)) {
            StringBuilder said = new StringBuilder();
            while (!said.toString().matches("(?s).*\"id\":\"resp_\\w+\".*")) {
                said.append((char) socket.getInputStream().read());
            }
            return said.substring(said.indexOf("resp_"), said.length() - 1);
        }
    }

    @Test
    void aConnectionThatBreaksDoesNotEndIt() throws IOException {
        ObjectNode body = background("sim-fast-60tokens-end-after-5");
        ArrayNode first = server.events(body);
        String id = first.get(0).at("/response/id").asText();
        ArrayNode rest = stream(id, "&starting_after=" + (first.size() - 1));
        assertEquals(first.size(), rest.get(0).path("sequence_number").asInt());
        assertEquals(
                "response.completed", rest.get(rest.size() - 1).path("type").asText());
    }

    @Test
    void itIsQueuedThenInProgressThenCompleted() throws IOException {
        String id = create("sim-wait-300ms-50tps-20tokens");
        assertEquals("queued", status(id));
        assertTrue(SimulatorServer.becomesTrue(() -> status(id).equals("in_progress")));
        assertTrue(SimulatorServer.becomesTrue(() -> status(id).equals("completed")));
        JsonNode done = get(id, 200);
        assertEquals(20, done.at("/usage/output_tokens").asInt());
        assertFalse(done.at("/output/0/content/0/text").asText().isEmpty());
    }

    @Test
    void anErrorOfTheModelsOwnFailsIt() throws IOException {
        ArrayNode events = server.events(background("sim-fast-error-mid-stream"));
        String id = events.get(0).at("/response/id").asText();
        assertEquals("failed", status(id));
        assertEquals(events, stream(id, ""));
    }

    @Test
    void aCancelEndsItAndItsStreamsAndIsIdempotent() throws IOException {
        String id = create("sim-20tps-900tokens");
        assertEquals("cancelled", cancel(id, 200).path("status").asText());
        assertEquals("cancelled", cancel(id, 200).path("status").asText());
        assertEquals("cancelled", status(id));
        ObjectNode body = background("sim-20tps-900tokens").put("stream", true);
        try (Response response = server.post(body).execute()) {
            String head = "";
            while (!head.contains("delta\":\"")) {
                head += response.body().source().readUtf8LineStrict();
            }
            String streamed = head.replaceAll(".*?\"id\":\"(resp_\\w+)\".*", "$1");
            assertEquals("cancelled", cancel(streamed, 200).path("status").asText());
            assertFalse(response.body().string().contains("response.completed"));
            int said = stream(streamed, "").size();
            assertTrue(said < 900);
            assertEquals(0, stream(streamed, "&starting_after=" + (said - 1)).size(), "more than was said");
        }
    }

    @Test
    void whatIsCompleteStaysSo() throws IOException {
        String id = create("sim-fast");
        assertTrue(SimulatorServer.becomesTrue(() -> status(id).equals("completed")));
        assertEquals("completed", cancel(id, 200).path("status").asText());
    }

    @Test
    void equalRequestsAreTwoResponses() throws IOException {
        assertNotEquals(create("sim-fast"), create("sim-fast"));
    }

    @Test
    void whatCannotBeIsRefusedAsOpenAiDoes() throws IOException {
        assertEquals(
                "Response with id 'resp_1' not found.",
                get("resp_1", 404).at("/error/message").asText());
        assertEquals(
                "invalid_request_error", cancel("resp_1", 404).at("/error/type").asText());
        String id = create("sim-fast");
        assertEquals("stream", get(id + "?stream=true", 400).at("/error/param").asText());
        String streamed =
                server.events(background("sim-fast")).get(0).at("/response/id").asText();
        assertEquals(
                "starting_after",
                get(streamed + "?stream=true&starting_after=x", 400)
                        .at("/error/param")
                        .asText());
        try (Response response =
                server.post(background("sim-fast").put("store", false)).execute()) {
            assertEquals(400, response.code());
        }
        // What was not in background mode is not kept.
        String sync = server.json(SimulatorServer.responses("sim-fast", "x"))
                .path("id")
                .asText();
        assertEquals(
                "Response with id '" + sync + "' not found.",
                get(sync, 404).at("/error/message").asText());
    }
}
