package rivulet.feed;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import java.util.function.Supplier;
import okhttp3.Call;
import okhttp3.Callback;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/** The models that the upstream offers, asked for when somebody wants to know, and remembered for a while. */
final class ModelList {
    private static final Duration REMEMBERED = Duration.ofMinutes(1);
    /** A list is a small answer: an upstream that takes longer has none. */
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    /** Catalogues of hundreds of models, each with its prices, take hundreds of kilobytes. */
    private static final int MOST_BYTES = 16 << 20;

    private final OkHttpClient client;
    private final Supplier<Request> request;
    private final Predicate<String> offered;
    private final LongSupplier nanoTime;

    @GuardedBy("this")
    private @Nullable CompletableFuture<List<String>> asked;

    @GuardedBy("this")
    private long askedNanos;

    /**
     * @param request asks for the list
     * @param offered whether a model in it is to be asked for at all
     */
    ModelList(OkHttpClient client, Supplier<Request> request, Predicate<String> offered, LongSupplier nanoTime) {
        this.offered = offered;
        this.client = client.newBuilder()
                .callTimeout(PATIENCE)
                // Asked twice it costs nothing; a connection that was kept may have been closed by the upstream.
                .retryOnConnectionFailure(true)
                .build();
        this.request = request;
        this.nanoTime = nanoTime;
    }

    /** The upstream was reached, and tells of no models. */
    static final class NoList extends IOException {
        private static final long serialVersionUID = 1L;

        private final transient UpstreamReply reply;

        private NoList(UpstreamReply reply) {
            super("asked for them, it answered " + reply.status());
            this.reply = reply;
        }

        /** What it answered. */
        UpstreamReply reply() {
            return reply;
        }

        /** Whether it would have answered a question so, too: it refuses the key, is busy, or does not work. */
        boolean isNoAnswerAtAll() {
            return switch (reply.status()) {
                case 401, 402, 403, 407, 408, 429 -> true;
                default -> reply.status() >= 500;
            };
        }
    }

    /** The models' ids, in the upstream's order; completes with an {@link IOException} where they cannot be had. */
    CompletableFuture<List<String>> ids() {
        CompletableFuture<List<String>> future;
        synchronized (this) {
            boolean fresh = nanoTime.getAsLong() - askedNanos < REMEMBERED.toNanos();
            if (asked != null && fresh && !isOfNoUse(asked)) {
                return asked;
            }
            future = new CompletableFuture<>();
            asked = future;
            askedNanos = nanoTime.getAsLong();
        }
        client.newCall(request.get()).enqueue(new Answer(future));
        return future;
    }

    /** Whether it is to be asked again: it failed, or told of none, as a server that is still loading one. */
    private static boolean isOfNoUse(CompletableFuture<List<String>> asked) {
        return asked.isCompletedExceptionally() || List.of().equals(asked.getNow(null));
    }

    private final class Answer implements Callback {
        private final CompletableFuture<List<String>> future;

        private Answer(CompletableFuture<List<String>> future) {
            this.future = future;
        }

        @Override
        public void onFailure(Call call, IOException e) {
            future.completeExceptionally(e);
        }

        @Override
        public void onResponse(Call call, Response response) {
            try (response) {
                UpstreamReply reply = UpstreamReply.read(response, MOST_BYTES);
                if (response.isSuccessful() && reply.json() != null) {
                    future.complete(ids(reply.json()));
                } else {
                    future.completeExceptionally(new NoList(reply));
                }
            } catch (RuntimeException e) {
                future.completeExceptionally(e);
            }
        }

        private List<String> ids(JsonNode list) {
            List<String> ids = new ArrayList<>();
            for (JsonNode model : list.isArray() ? list : list.path("data")) {
                String id = model.path("id").asText("");
                if (!id.isEmpty() && offered.test(id)) {
                    ids.add(id);
                }
            }
            return List.copyOf(ids);
        }
    }
}
