package rivulet.feed;

import java.io.IOException;
import java.net.ProtocolException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.DoubleSupplier;
import java.util.function.Supplier;
import okhttp3.Request;
import okhttp3.sse.EventSource;
import org.jspecify.annotations.Nullable;
import rivulet.log.ErrorCode;

/** An upstream that speaks one of OpenAI's APIs: makes feeds of the answers to questions. */
public final class OpenAiUpstream {
    private final Upstream upstream;
    private final Upstream.Limits limits;
    private final ScheduledExecutorService timer;
    private final DoubleSupplier random;
    private final Scrubber scrubber;
    private final Dialect dialect;
    private final UpstreamClient client;
    private final ModelList models;
    private final boolean background;
    private final UpstreamRequests requests;
    private final AnswerCanceller canceller;
    private final LongAdder retries = new LongAdder();

    /**
     * @param baseUrl under which the API's paths lie, asked for at each request
     * @param client makes the calls: see {@link UpstreamClient}
     * @param timer watches the limits
     * @param random draws from 0 to 1
     * @param background whether answers are asked for in background mode, where the upstream speaks Responses
     */
    public OpenAiUpstream(
            Upstream upstream,
            Supplier<String> baseUrl,
            Upstream.Limits limits,
            UpstreamClient client,
            ScheduledExecutorService timer,
            DoubleSupplier random,
            boolean background) {
        this.upstream = upstream;
        this.background = background && upstream.api() == Upstream.Api.RESPONSES;
        this.limits = limits;
        this.timer = timer;
        this.random = random;
        this.scrubber = new Scrubber(upstream.apiKey(), upstream.sentBeside());
        this.dialect =
                upstream.api() == Upstream.Api.RESPONSES ? new Responses() : new ChatCompletions(upstream.isOpenAi());
        this.requests = new UpstreamRequests(upstream, baseUrl, dialect, this.background);
        this.client = client;
        this.models = new ModelList(client.http(), requests::models, upstream::offers, System::nanoTime);
        this.canceller = new AnswerCanceller(client.http(), timer, requests::cancel);
    }

    /** The answer to a question, as a feed. */
    public Feed feed(ChatRequest request) {
        return sink -> {
            BackgroundAnswer answer = requests.inBackground(request)
                    ? new BackgroundAnswer(upstream.name(), sink, canceller::cancel)
                    : null;
            Exchange exchange = new Exchange(this, request, answer, sink, new Retries(random));
            exchange.start();
            return exchange;
        };
    }

    /** The rest of an answer in background mode behind that event, -1: all of it; empty if it cannot be read here. */
    Optional<Feed> resume(String response, int sequence) {
        if (!background || !BackgroundAnswer.usable(response)) {
            return Optional.empty();
        }
        return Optional.of(sink -> {
            BackgroundAnswer answer =
                    new BackgroundAnswer(upstream.name(), response, sequence, sink, canceller::cancel);
            Exchange exchange = new Exchange(this, null, answer, sink, new Retries(random));
            exchange.resume();
            return exchange;
        });
    }

    String name() {
        return upstream.name();
    }

    /** How many answers are still to be cancelled. */
    int cancelling() {
        return canceller.pending();
    }

    /** The model that will be asked, if that is known yet. */
    public @Nullable String modelOf(ChatRequest request) {
        if (request.model() != null) {
            return request.model();
        }
        return upstream.model().isEmpty() ? null : upstream.model();
    }

    /** The ids of the models that the upstream offers; fails with an {@code IOException} where they cannot be had. */
    public CompletableFuture<List<String>> models() {
        return models.ids();
    }

    /** How often a question was asked again, all questions together. */
    public long retries() {
        return retries.sum();
    }

    /** Lets go of the connections. */
    public void close() {
        client.close();
    }

    void countRetry() {
        retries.increment();
    }

    boolean offers(String model) {
        return upstream.offers(model);
    }

    /** The models it is asked for, as they were written; empty: any. */
    List<String> patterns() {
        return upstream.models();
    }

    Upstream.Limits limits() {
        return limits;
    }

    ScheduledExecutorService timer() {
        return timer;
    }

    Scrubber scrubber() {
        return scrubber;
    }

    UpstreamRequests requests() {
        return requests;
    }

    Dialect dialect() {
        return dialect;
    }

    EventSource open(Request request, StreamListener listener) {
        return client.open(request, listener, limits.maxEventBytes());
    }

    /**
     * The model to ask; fails with an {@link IllegalArgumentException}, whose message tells what to do, where none is
     * named and the upstream tells of none; with an {@link IOException} where it cannot be asked.
     */
    CompletableFuture<String> findModel(ChatRequest question) {
        String known = modelOf(question);
        if (known != null) {
            return CompletableFuture.completedFuture(known);
        }
        return models.ids().handle((ids, failure) -> {
            boolean noList = failure instanceof ModelList.NoList none && !none.isNoAnswerAtAll();
            if (failure instanceof IOException && !noList) {
                throw new CompletionException(failure);
            }
            if (failure != null || ids.isEmpty()) {
                // A wrong address or key looks like a server that has no list.
                String why = failure instanceof ModelList.NoList
                        ? " (" + failure.getMessage() + ": check OPENAI_BASE_URL and the key)"
                        : "";
                throw new IllegalArgumentException(
                        "No model is named, and the upstream " + upstream.label() + " tells of none" + why
                                + "; give \"model\", or set OPENAI_MODEL (in UPSTREAMS its \"model\").");
            }
            return ids.get(0);
        });
    }

    /**
     * What a call means that never got to the upstream.
     *
     * @param attempt which one; null: it was no question
     */
    UpstreamError unreachable(@Nullable Throwable cause, @Nullable Attempt attempt) {
        String untimely = untimely(cause);
        String settings =
                attempt != null && attempt.throughProxy() ? "the proxy, and OPENAI_BASE_URL" : "OPENAI_BASE_URL";
        String told = untimely == null
                ? why(cause) + " (check " + settings + ")"
                : ": " + untimely + " (check its certificate, and the clock of this machine)";
        return new UpstreamError(
                ErrorCode.UPSTREAM_UNREACHABLE, "The upstream " + upstream.label() + " cannot be reached" + told, null);
    }

    /** Whether a certificate is of another time, in words: the outermost cause says only that it was checked. */
    private static @Nullable String untimely(@Nullable Throwable cause) {
        for (Throwable inner = cause; inner != null; inner = inner.getCause()) {
            if (inner instanceof CertificateExpiredException) {
                return "a certificate has expired, " + inner.getMessage();
            }
            if (inner instanceof CertificateNotYetValidException) {
                return "a certificate is not valid yet, " + inner.getMessage();
            }
        }
        return null;
    }

    /** What a call means that never got an answer's head, though it was sent. */
    UpstreamError unanswered(@Nullable Throwable cause) {
        String message = cause instanceof ProtocolException
                ? "The upstream's answer is not HTTP as it should be" + why(cause) + " (check OPENAI_BASE_URL)"
                : "The upstream closed the connection before it answered" + why(cause);
        return new UpstreamError(ErrorCode.UPSTREAM_ERROR, message, null);
    }

    private String why(@Nullable Throwable cause) {
        // A channel's exceptions say nothing but their name; of a certificate for other hosts OkHttp tells in a list.
        return cause == null || cause.getMessage() == null
                ? ""
                : ": " + scrubber.scrub(UpstreamError.oneLine(cause.getMessage()));
    }
}
