package rivulet.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import okhttp3.Call;
import okhttp3.Callback;
import okhttp3.Response;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Pace, leaving, and many at once. */
@Timeout(60)
class SimulatedStreamTest {
    private final SimulatorServer server = new SimulatorServer();
    private final BlockingQueue<String> bodies = new LinkedBlockingQueue<>();

    @AfterEach
    void close() {
        server.close();
    }

    private final Callback queueing = new Callback() {
        @Override
        public void onFailure(Call call, IOException e) {
            bodies.add("failed: " + e);
        }

        @Override
        public void onResponse(Call call, Response response) {
            try (response) {
                bodies.add(response.body().string());
            } catch (IOException e) {
                bodies.add("cut: " + e);
            }
        }
    };

    private static ObjectNode stream(String model) {
        return SimulatorServer.chat(model, "hi").put("stream", true);
    }

    private Duration took(ObjectNode body) throws IOException {
        long start = System.nanoTime();
        server.text(body);
        return Duration.ofNanos(System.nanoTime() - start);
    }

    @Test
    void keepsItsPace() throws IOException {
        Duration took = took(stream("sim-100tps-51tokens-wait-250ms"));
        assertTrue(took.compareTo(Duration.ofMillis(750)) >= 0, took.toString());
        assertTrue(took.compareTo(Duration.ofSeconds(10)) < 0, took.toString());
    }

    @Test
    void anAnswerInOnePieceTakesAsLong() throws IOException {
        Duration took = took(SimulatorServer.chat("sim-100tps-50tokens-wait-250ms", "hi"));
        assertTrue(took.compareTo(Duration.ofMillis(750)) >= 0, took.toString());
    }

    @Test
    void fastIsFast() throws IOException {
        took(stream("sim-fast"));
        Duration took = took(stream("sim-fast-500tokens"));
        assertTrue(took.compareTo(Duration.ofSeconds(10)) < 0, took.toString());
    }

    @Test
    void leavingBeforeTheHeadIsNoticed() {
        for (ObjectNode body : new ObjectNode[] {
            stream("sim-wait-1m"), SimulatorServer.chat("sim-wait-1m", "hi"), stream("sim-wait-1m-429")
        }) {
            Call call = server.post(body);
            call.enqueue(queueing);
            assertTrue(server.becomesLive(1));
            call.cancel();
            assertTrue(server.becomesLive(0));
        }
    }

    @Test
    void leavingAStalledStreamIsNoticed() throws IOException {
        Call call = server.post(stream("sim-fast-stall"));
        try (Response response = call.execute()) {
            assertEquals(200, response.code());
            assertEquals(1, server.simulator.live());
        }
        assertTrue(server.becomesLive(0));
    }

    @Test
    void leavingInMidStreamIsNoticed() throws IOException {
        Call call = server.post(stream("sim-20tps-9999tokens"));
        try (Response response = call.execute()) {
            response.body().source().readUtf8Line();
            assertEquals(1, server.simulator.live());
            call.cancel();
        }
        assertTrue(server.becomesLive(0));
    }

    @Test
    void leavingWhileAWriteIsBlockedIsNoticed() throws Exception {
        try (Socket socket = server.socket(stream("sim-fast-99999tokens"))) {
            assertNotNull(socket.getInputStream().readNBytes(1));
            // More than the buffers on the way take: the writer waits for its write, and no thread with it.
            assertEquals(
                    "ok",
                    server.text(SimulatorServer.chat("sim-fast-echo", "ok"))
                            .replaceAll(".*\"content\":\"(\\w+)\".*", "$1"));
            assertTrue(server.becomesLive(1));
        }
        assertTrue(server.becomesLive(0));
    }

    @Test
    void liveCountsFallBackAfterEveryEnd() throws IOException {
        for (String model : new String[] {"sim-fast", "sim-fast-429", "sim-fast-end-after-1", "sim-fast-not-sse"}) {
            server.post(stream(model)).execute().close();
            assertTrue(server.becomesLive(0), model);
        }
    }

    @Test
    void theConnectionIsUsedAgainAfterALook() throws IOException {
        try (Socket socket = server.socket(stream("sim-wait-250ms-1tokens"))) {
            // Sent ahead: the look for the peer finds it, and must hand it on to the connection.
            byte[] next = "GET /simulator/v1/models/next HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
                    .getBytes(StandardCharsets.US_ASCII);
            socket.getOutputStream().write(next);
            String both = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertTrue(both.contains("[DONE]") && both.contains("{\"id\":\"next\",\"object\":\"model\""), both);
        }
    }

    @Test
    void twoHundredAtOnceAllComplete() throws InterruptedException {
        for (int i = 0; i < 200; i++) {
            server.post(i % 2 == 0 ? stream("sim-wait-1s-50tps") : responses("sim-wait-1s-50tps"))
                    .enqueue(queueing);
        }
        for (int i = 0; i < 200; i++) {
            String body = bodies.poll(30, TimeUnit.SECONDS);
            assertNotNull(body);
            assertTrue(body.contains("data: [DONE]") || body.contains("event: response.completed"), body);
        }
        assertTrue(server.becomesLive(0));
    }

    @Test
    void modelsAreListed() throws IOException {
        try (Response response = server.get("/models").execute()) {
            String list = response.body().string();
            assertTrue(
                    list.startsWith("{\"object\":\"list\",\"data\":[{\"id\":\"gpt-4o-mini\",\"object\":\"model\""),
                    list);
            assertTrue(list.contains("\"sim-50tps\""), list);
        }
        for (String id : new String[] {"gpt-4o-mini", "sim-fast-echo", "openai/gpt-4o"}) {
            try (Response response = server.get("/models/" + id).execute()) {
                assertEquals(200, response.code());
                assertEquals(
                        id,
                        SimulatorServer.MAPPER
                                .readTree(response.body().string())
                                .path("id")
                                .asText());
            }
        }
        try (Response response = server.get("/models/sim-faster").execute()) {
            assertEquals(404, response.code());
        }
    }

    private static ObjectNode responses(String model) {
        return SimulatorServer.responses(model, "hi").put("stream", true);
    }
}
