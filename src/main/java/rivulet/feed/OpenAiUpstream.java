package rivulet.feed;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.DoubleSupplier;
import java.util.function.Supplier;
import okhttp3.HttpUrl;
import okhttp3.MediaType;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.sse.EventSource;
import okio.BufferedSink;
import org.jspecify.annotations.Nullable;
import rivulet.log.ErrorCode;

/** An upstream that speaks one of OpenAI's APIs: makes feeds of the answers to questions. */
public final class OpenAiUpstream {
    private static final String SCHEMA_IN_WORDS =
            "Answer with nothing but one JSON document that satisfies this JSON Schema: ";
    private static final MediaType JSON = MediaType.get("application/json");

    private final Upstream upstream;
    private final Supplier<String> baseUrl;
    private final Upstream.Limits limits;
    private final ScheduledExecutorService timer;
    private final DoubleSupplier random;
    private final Scrubber scrubber;
    private final Dialect dialect;
    private final UpstreamClient client;
    private final ModelList models;
    private final boolean background;
    private final AnswerCanceller canceller;
    private final LongAdder retries = new LongAdder();
    /** A question without its body: to take its address and headers apart for each would cost as much as to send it. */
    private volatile @Nullable Request blank;

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
        this.baseUrl = baseUrl;
        this.limits = limits;
        this.timer = timer;
        this.random = random;
        this.scrubber = new Scrubber(upstream.apiKey(), upstream.headers());
        this.dialect =
                upstream.api() == Upstream.Api.RESPONSES ? new Responses() : new ChatCompletions(upstream.isOpenAi());
        this.client = client;
        this.models = new ModelList(client.http(), () -> asked("models").build(), upstream::offers, System::nanoTime);
        this.canceller = new AnswerCanceller(client.http(), timer, this::cancelRequest);
    }

    /** The answer to a question, as a feed. */
    public Feed feed(ChatRequest request) {
        return sink -> {
            BackgroundAnswer answer =
                    inBackground(request) ? new BackgroundAnswer(upstream.name(), sink, canceller::cancel) : null;
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

    /** Whether an answer goes on without a connection; whoever does not want it stored says so in the request. */
    private boolean inBackground(ChatRequest request) {
        return background
                && request.extra().path("store").asBoolean(true)
                && request.extra().path("background").asBoolean(true);
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
            if (failure instanceof IOException && !(failure instanceof ModelList.NoList)) {
                throw new CompletionException(failure);
            }
            if (failure != null || ids.isEmpty()) {
                throw new IllegalArgumentException("No model is named, and the upstream " + upstream.label()
                        + " tells of none; give \"model\", or set OPENAI_MODEL.");
            }
            return ids.get(0);
        });
    }

    /**
     * The request that asks a question.
     *
     * @param bare whether it is to do without what not every upstream takes
     * @throws IllegalArgumentException if it cannot be asked so; the message tells what to do
     */
    Request request(ChatRequest question, String model, boolean bare) {
        ObjectNode body = body(question, model);
        body.setAll(question.extra());
        body.put("stream", true);
        if (!bare) {
            // Behind what the caller asks for: what an answer took counts for its limit.
            dialect.askForUsage(body);
        }
        if (inBackground(question)) {
            body.put("background", true).put("store", true);
        }
        return streamed(traced(question(), question.trace()))
                .post(new OneShot(SurrogateJoiner.replaceHalves(body.toString()).getBytes(StandardCharsets.UTF_8)))
                .build();
    }

    /** The request that reads an answer in background mode behind that event, -1: all of it. */
    Request resumeRequest(String response, int sequence) {
        Request.Builder request = asked(dialect.path());
        HttpUrl.Builder url = request.build().url().newBuilder();
        url.addPathSegment(response).addQueryParameter("stream", "true");
        if (sequence >= 0) {
            url.addQueryParameter("starting_after", String.valueOf(sequence));
        }
        return streamed(request.url(url.build())).build();
    }

    private Request cancelRequest(String response) {
        return asked(dialect.path() + "/" + response + "/cancel")
                .post(RequestBody.create(new byte[0], null))
                .build();
    }

    private static Request.Builder streamed(Request.Builder request) {
        return request.header("Accept", "text/event-stream")
                // Compressed, an event would wait in the compressor for the next one.
                .header("Accept-Encoding", "identity")
                .tag(Attempt.class, new Attempt());
    }

    private static Request.Builder traced(Request.Builder request, @Nullable TraceContext trace) {
        if (trace != null) {
            request.header(TraceContext.PARENT_HEADER, trace.parent());
            if (trace.state() != null) {
                request.header(TraceContext.STATE_HEADER, trace.state());
            }
        }
        return request;
    }

    private ObjectNode body(ChatRequest question, String model) {
        ObjectNode schema = question.schema();
        if (schema == null) {
            return dialect.body(question, model);
        }
        if (upstream.structured() == Upstream.StructuredOutput.JSON_SCHEMA) {
            ObjectNode body = dialect.body(question, model);
            dialect.askForDocument(body, schema);
            return body;
        }
        ObjectNode body = dialect.body(question.withInstructions(SCHEMA_IN_WORDS + schema), model);
        if (upstream.structured() == Upstream.StructuredOutput.JSON_OBJECT) {
            dialect.askForDocument(body, null);
        }
        return body;
    }

    private Request.Builder question() {
        Request made = blank;
        if (made == null) {
            made = asked(dialect.path()).build();
            blank = made;
        }
        return made.newBuilder();
    }

    private Request.Builder asked(String path) {
        Request.Builder request = new Request.Builder()
                .url(HttpUrl.get(baseUrl.get())
                        .newBuilder()
                        .addPathSegments(path)
                        .build());
        if (!upstream.apiKey().isEmpty()) {
            request.header("Authorization", "Bearer " + upstream.apiKey());
        }
        upstream.headers().forEach(request::header);
        return request;
    }

    /** What a call that never got an answer's head means. */
    UpstreamError unreachable(@Nullable Throwable cause, boolean requestSent) {
        // A channel's exceptions say nothing but their name.
        String why = cause == null || cause.getMessage() == null ? "" : ": " + scrubber.scrub(cause.getMessage());
        return requestSent
                ? new UpstreamError(
                        ErrorCode.UPSTREAM_ERROR, "The upstream closed the connection before it answered" + why, null)
                : new UpstreamError(
                        ErrorCode.UPSTREAM_UNREACHABLE,
                        "The upstream " + upstream.label() + " cannot be reached" + why + " (check OPENAI_BASE_URL)",
                        null);
    }

    /** A body that OkHttp must not send again by itself: it would after a 408, or a 503 with {@code Retry-After: 0}. */
    private static final class OneShot extends RequestBody {
        private final byte[] bytes;

        private OneShot(byte[] bytes) {
            this.bytes = bytes;
        }

        @Override
        public MediaType contentType() {
            return JSON;
        }

        @Override
        public long contentLength() {
            return bytes.length;
        }

        @Override
        public boolean isOneShot() {
            return true;
        }

        @Override
        public void writeTo(BufferedSink sink) throws IOException {
            sink.write(bytes);
        }
    }
}
