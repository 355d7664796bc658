package rivulet;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;

/** Asks one question after the other while others do harm, and remembers how it was answered. */
final class HonestUser implements AutoCloseable {
    private static final Duration PAUSE = Duration.ofMillis(20);

    private final HttpRequest request;
    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final CompletableFuture<Void> asking;
    private final List<Long> millis = Collections.synchronizedList(new ArrayList<>());
    private final List<String> wrong = Collections.synchronizedList(new ArrayList<>());
    private volatile boolean over;

    /** Asks a server whose model echoes, with a token. */
    HonestUser(int port, String token) {
        request = HttpRequest.newBuilder(
                        URI.create("http://127.0.0.1:" + port + "/sse/chat?message=honest&format=ndjson"))
                .header("Authorization", "Bearer " + token)
                .timeout(Duration.ofSeconds(20))
                .build();
        asking = TestServer.meanwhile(() -> {
            while (!over) {
                ask();
                LockSupport.parkNanos(PAUSE.toNanos());
            }
            return null;
        });
    }

    private void ask() {
        long start = System.nanoTime();
        try {
            HttpResponse<String> answer = client.send(request, HttpResponse.BodyHandlers.ofString());
            if (!TestServer.text(TestServer.ndjson(answer.body())).equals("honest")) {
                wrong.add(answer.statusCode() + " " + answer.body());
            }
        } catch (Exception e) {
            wrong.add(String.valueOf(e));
        }
        millis.add(Duration.ofNanos(System.nanoTime() - start).toMillis());
    }

    /** What was not answered as it should be. */
    List<String> wrong() {
        return List.copyOf(wrong);
    }

    /** In words: how many answers, and how long they took. */
    String report() {
        List<Long> sorted = millis.stream().sorted().toList();
        return sorted.isEmpty()
                ? "no answer"
                : "%d of %d answered; median %d ms, slowest %d ms"
                        .formatted(
                                sorted.size() - wrong.size(),
                                sorted.size(),
                                sorted.get(sorted.size() / 2),
                                sorted.get(sorted.size() - 1));
    }

    int asked() {
        return millis.size();
    }

    @Override
    public void close() {
        over = true;
        asking.join();
    }
}
