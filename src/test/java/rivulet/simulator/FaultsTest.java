package rivulet.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import okhttp3.Response;
import okio.Buffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What scripted names do wrong, on both APIs. */
@Timeout(60)
class FaultsTest {
    private final SimulatorServer server = new SimulatorServer();

    @AfterEach
    void close() {
        server.close();
    }

    /** The same question to both APIs. */
    private static List<ObjectNode> both(String model, boolean stream) {
        return List.of(
                SimulatorServer.chat(model, "hi").put("stream", stream),
                SimulatorServer.responses(model, "hi").put("stream", stream));
    }

    private static int deltas(String body) {
        return body.split("\"delta\":(\\{\"content\":\"[^\"]|\")", -1).length - 1;
    }

    @Test
    void statusesAreOpenAis() throws IOException {
        String[][] expected = {
            {"400", "400", "invalid_request_error", "null"},
            {"401", "401", "invalid_request_error", "invalid_api_key"},
            {"403", "403", "request_forbidden", "unsupported_country_region_territory"},
            {"404", "404", "invalid_request_error", "model_not_found"},
            {"429", "429", "requests", "rate_limit_exceeded"},
            {"quota", "429", "insufficient_quota", "insufficient_quota"},
            {"500", "500", "server_error", "null"},
            {"503", "503", "server_error", "null"},
        };
        for (String[] row : expected) {
            for (ObjectNode body : both("sim-fast-" + row[0], true)) {
                try (Response response = server.post(body).execute()) {
                    assertEquals(row[1], String.valueOf(response.code()));
                    JsonNode error = SimulatorServer.MAPPER
                            .readTree(response.body().string())
                            .path("error");
                    assertEquals(row[2], error.path("type").asText());
                    assertEquals(row[3], error.path("code").asText());
                }
            }
        }
    }

    @Test
    void messageOf401HoldsTheEndsOfTheKey() throws IOException {
        try (Response response =
                server.post(SimulatorServer.chat("sim-fast-401", "hi")).execute()) {
            String message = response.body().string();
            assertTrue(
                    message.contains("Incorrect API key provided: sk-abcde*****************wxyz. You can find"),
                    message);
        }
    }

    @Test
    void tooManyRequestsSaysWhenToComeBack() throws IOException {
        try (Response response =
                server.post(SimulatorServer.chat("sim-429-fast", "hi")).execute()) {
            assertEquals("1", response.header("Retry-After"));
        }
        try (Response response =
                server.post(SimulatorServer.chat("sim-429-retry-30s", "hi")).execute()) {
            assertEquals("30", response.header("Retry-After"));
        }
        try (Response response =
                server.post(SimulatorServer.chat("sim-quota", "hi")).execute()) {
            assertEquals(null, response.header("Retry-After"));
        }
    }

    @Test
    void pagesOfHtmlAreNoJson() throws IOException {
        for (ObjectNode body : both("sim-fast-502-html", true)) {
            try (Response response = server.post(body).execute()) {
                assertEquals(502, response.code());
                assertEquals("text/html", response.header("Content-Type"));
                assertTrue(response.body().string().contains("502 Bad Gateway"));
            }
        }
        for (ObjectNode body : both("sim-fast-not-sse", true)) {
            try (Response response = server.post(body).execute()) {
                assertEquals(200, response.code());
                assertEquals("text/html", response.header("Content-Type"));
                assertTrue(response.body().string().startsWith("<html>"));
            }
        }
    }

    @Test
    void cutBreaksTheConnectionAfterItsDeltas() throws IOException {
        for (ObjectNode body : both("sim-fast-cut-after-10", true)) {
            try (Response response = server.post(body).execute()) {
                Buffer read = new Buffer();
                // A clean end would be -1.
                assertThrows(IOException.class, () -> {
                    while (response.body().source().read(read, 8192) >= 0) {}
                });
                assertEquals(10, deltas(read.readUtf8()));
            }
        }
    }

    @Test
    void endIsCleanButLacksTheTerminalMarker() throws IOException {
        for (ObjectNode body : both("sim-fast-end-after-10", true)) {
            String text = server.text(body);
            assertEquals(10, deltas(text), text);
            assertFalse(text.contains("[DONE]") || text.contains("finish_reason\":\"") || text.contains(".completed"));
        }
    }

    @Test
    void stallSendsTheHeadAndNothingElse() throws IOException {
        for (ObjectNode body : both("sim-fast-stall", true)) {
            try (Socket socket = server.socket(body)) {
                BufferedReader reader = reader(socket);
                assertEquals("HTTP/1.1 200 OK", reader.readLine());
                while (!reader.readLine().isEmpty()) {}
                assertFalse(reader.ready());
                assertTrue(server.becomesLive(1));
            }
            assertTrue(server.becomesLive(0));
        }
    }

    @Test
    void stallAfterSendsItsDeltasFirst() throws IOException {
        try (Socket socket = server.socket(
                SimulatorServer.chat("sim-fast-stall-after-2", "hi").put("stream", true))) {
            BufferedReader reader = reader(socket);
            String line = reader.readLine();
            while (!line.contains("\" is\"")) {
                line = reader.readLine();
            }
            socket.setSoTimeout(300);
            assertThrows(java.net.SocketTimeoutException.class, () -> {
                while (reader.readLine().isEmpty()) {}
            });
        }
        assertTrue(server.becomesLive(0));
    }

    @Test
    void badJsonIsOneEventAndTheRestFollows() throws IOException {
        for (ObjectNode body : both("sim-fast-bad-json", true)) {
            int bad = 0;
            for (String line : server.text(body).split("\n", -1)) {
                if (line.startsWith("data: ") && !line.contains("[DONE]")) {
                    try {
                        SimulatorServer.MAPPER.readTree(line.substring(6));
                    } catch (IOException malformed) {
                        bad++;
                    }
                }
            }
            assertEquals(1, bad);
            assertTrue(server.text(body).matches("(?s).*([DONE]|response.completed).*"));
        }
    }

    @Test
    void errorMidStreamHasEachApisForm() throws IOException {
        List<ObjectNode> bodies = both("sim-fast-error-mid-stream", true);
        String chat = server.text(bodies.get(0));
        assertEquals(3, deltas(chat));
        assertTrue(chat.matches("(?s).*\n\ndata: \\{\"error\":\\{\"message\":[^\n]*\n\n"), chat);
        String responses = server.text(bodies.get(1));
        assertEquals(3, deltas(responses));
        assertTrue(
                responses.matches(
                        "(?s).*\n\nevent: error\ndata: \\{\"type\":\"error\",\"sequence_number\":7,\"error\":[^\n]*\n\nevent: response.failed\n[^\n]*\"status\":\"failed\"[^\n]*\n\n"),
                responses);
    }

    @Test
    void faultsOfAnAnswerInOnePieceBreakItInTheMiddle() throws IOException {
        for (ObjectNode body : both("sim-fast-cut-after-1", false)) {
            assertThrows(IOException.class, () -> server.text(body));
        }
        for (ObjectNode body : both("sim-fast-bad-json", false)) {
            assertThrows(IOException.class, () -> server.json(body));
        }
        for (ObjectNode body : both("sim-fast-error-mid-stream", false)) {
            try (Response response = server.post(body).execute()) {
                assertEquals(500, response.code());
            }
        }
    }

    @Test
    void dripWritesEachByteByItself() throws IOException {
        try (Socket socket = server.socket(
                SimulatorServer.chat("sim-fast-drip-1tokens", "안녕").put("stream", true))) {
            BufferedReader reader = reader(socket);
            while (!reader.readLine().isEmpty()) {}
            assertEquals("1", reader.readLine());
            assertEquals("d", reader.readLine());
            assertEquals("1", reader.readLine());
        }
        ObjectNode plain = SimulatorServer.chat("sim-fast", "안녕").put("stream", true);
        String same = server.text(plain).replaceAll("chatcmpl-[0-9a-f]+|sim-fast(-drip)?", "");
        String dripped = server.text(SimulatorServer.chat("sim-fast-drip", "안녕").put("stream", true));
        assertEquals(same, dripped.replaceAll("chatcmpl-[0-9a-f]+|sim-fast(-drip)?", ""));
    }

    @Test
    void commentsStandBetweenEvents() throws IOException {
        for (ObjectNode body : both("sim-fast-comments", true)) {
            String text = server.text(body);
            assertTrue(text.startsWith(": SIMULATOR PROCESSING\n\n"), text);
            assertTrue(text.contains("\n\n:\n\n"), text);
        }
    }

    private static BufferedReader reader(Socket socket) throws IOException {
        return new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
    }
}
