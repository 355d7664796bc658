package rivulet.feed;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import okhttp3.Call;
import okhttp3.Callback;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import rivulet.log.ErrorCode;

/**
 * Cancels answers in background mode, {@code POST /responses/{id}/cancel}: else they would be generated to their end, and
 * paid for, with nobody to read them. To cancel one twice changes nothing. Safe on any thread; waits for nothing.
 */
final class AnswerCanceller {
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final Duration PAUSE = Duration.ofMillis(500);
    private static final int TRIES = 3;

    private static final Logger LOG = LoggerFactory.getLogger(AnswerCanceller.class);

    private final OkHttpClient client;
    private final ScheduledExecutorService timer;
    private final Function<String, Request> request;
    private final AtomicInteger pending = new AtomicInteger();

    /** @param request the request that cancels the answer of an id */
    AnswerCanceller(OkHttpClient client, ScheduledExecutorService timer, Function<String, Request> request) {
        // Again on another connection: of those that lie idle the upstream may have closed all.
        this.client = client.newBuilder()
                .callTimeout(PATIENCE)
                .retryOnConnectionFailure(true)
                .build();
        this.timer = timer;
        this.request = request;
    }

    /** How many answers are to be cancelled and are not yet. */
    int pending() {
        return pending.get();
    }

    /** Cancels the answer with that id. */
    void cancel(String id) {
        pending.incrementAndGet();
        ask(id, 1);
    }

    private void ask(String id, int attempt) {
        client.newCall(request.apply(id)).enqueue(new Callback() {
            @Override
            public void onFailure(Call call, IOException e) {
                againOrOver(id, attempt, true, e.getClass().getSimpleName());
            }

            @Override
            public void onResponse(Call call, Response response) {
                int status = response.code();
                response.close();
                if (response.isSuccessful()) {
                    pending.decrementAndGet();
                } else {
                    // What is unknown to the upstream, or over, is refused for good.
                    againOrOver(id, attempt, Retries.mayHelp(status, ErrorCode.UPSTREAM_ERROR), "status " + status);
                }
            }
        });
    }

    private void againOrOver(String id, int attempt, boolean mayHelp, String why) {
        if (mayHelp && attempt < TRIES && !timer.isShutdown()) {
            timer.schedule(() -> ask(id, attempt + 1), PAUSE.toMillis() * attempt, TimeUnit.MILLISECONDS);
        } else {
            pending.decrementAndGet();
            LOG.warn("the upstream's answer {} may go on: it cannot be cancelled ({})", id, why);
        }
    }
}
