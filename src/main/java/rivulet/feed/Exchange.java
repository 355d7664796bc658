package rivulet.feed;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import okhttp3.Request;
import okhttp3.Response;
import okhttp3.sse.EventSource;
import okhttp3.sse.EventSourceListener;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import rivulet.log.ErrorCode;

/**
 * One question to the upstream and its answer: asks, asks again where nothing can have been billed, reads the answer,
 * watches the clock, and tells the sink exactly one end.
 *
 * <p>{@code ASKING -> READING -> SETTLING -> ENDED}, guarded by this; from ASKING also back to ASKING, by a retry, and
 * from anywhere to ENDED, by a cancel or a limit. OkHttp's thread for the call reads; the timer watches. No lock is held
 * while the sink or OkHttp is called.
 */
final class Exchange implements Feed.Cancellation {
    private static final Logger LOG = LoggerFactory.getLogger(Exchange.class);
    private static final ObjectMapper MAPPER = new ObjectMapper();
    /** OpenAI's end of a stream, the one event that is no JSON. */
    private static final String DONE_MARKER = "[DONE]";
    /** How long usage, or an error, may follow the model's last word. */
    private static final Duration SETTLE = Duration.ofSeconds(2);
    /** How long the body may take to end after its last event: a connection that ends well can be used again. */
    private static final Duration LINGER = Duration.ofSeconds(1);

    private enum State {
        ASKING,
        READING,
        SETTLING,
        ENDED
    }

    private final OpenAiUpstream upstream;
    private final ChatRequest request;
    private final Sink sink;
    private final AnswerReader reader;
    private final Retries retries;
    private final long startNanos = System.nanoTime();
    private volatile long lastEventNanos;
    private volatile String model = "";

    @GuardedBy("this")
    private State state = State.ASKING;

    @GuardedBy("this")
    private @Nullable EventSource source;

    @GuardedBy("this")
    private @Nullable Future<?> watch;

    @GuardedBy("this")
    private @Nullable Future<?> retry;

    Exchange(OpenAiUpstream upstream, ChatRequest request, Sink sink, Retries retries) {
        this.upstream = upstream;
        this.request = request;
        this.sink = sink;
        this.retries = retries;
        this.reader = upstream.dialect().reader(sink, upstream.scrubber());
    }

    /** Asks. */
    void start() {
        watch();
        CompletableFuture<Void> unused = upstream.findModel(request)
                .thenAccept(found -> {
                    model = found;
                    ask();
                })
                .exceptionally(this::notAsked);
    }

    @Override
    public void cancel() {
        closeAfterEnd(Duration.ZERO);
    }

    private @Nullable Void notAsked(Throwable thrown) {
        Throwable cause =
                thrown instanceof CompletionException && thrown.getCause() != null ? thrown.getCause() : thrown;
        if (cause instanceof IllegalArgumentException) {
            fail(ErrorCode.UPSTREAM_REJECTED, String.valueOf(cause.getMessage()), null);
        } else {
            broke(cause);
        }
        return null;
    }

    private void ask() {
        Request asked = upstream.request(
                request, model, new EventStreamGuard.Progress(upstream.limits().maxEventBytes()));
        synchronized (this) {
            if (state == State.ASKING) {
                // Enqueued, not run: nothing is called back on this thread.
                source = upstream.open(asked, new Listener(asked));
            }
        }
    }

    /** What OkHttp tells of one attempt, all on one thread; each door shut against whatever is thrown inside. */
    private final class Listener extends EventSourceListener {
        private final EventStreamGuard.Progress progress;
        private final Attempt attempt;

        private Listener(Request asked) {
            progress = requireNonNull(asked.tag(EventStreamGuard.Progress.class));
            attempt = requireNonNull(asked.tag(Attempt.class));
        }

        @Override
        public void onOpen(EventSource opened, Response response) {
            step(State.ASKING, State.READING);
        }

        @Override
        public void onEvent(EventSource from, @Nullable String id, @Nullable String type, String data) {
            try {
                progress.eventDelivered();
                read(type, data, progress.bodyEnded());
            } catch (Throwable t) {
                broke(t);
            }
        }

        @Override
        public void onClosed(EventSource closed) {
            try {
                bodyEnded();
            } catch (Throwable t) {
                broke(t);
            }
        }

        @Override
        public void onFailure(EventSource failed, @Nullable Throwable cause, @Nullable Response response) {
            try {
                failed(cause, response, attempt);
            } catch (Throwable t) {
                broke(t);
            }
        }
    }

    private void broke(Throwable t) {
        LOG.error("an answer could not be read", t);
        fail(ErrorCode.INTERNAL, "The server could not read the upstream's answer; its log says why.", null);
    }

    private void read(@Nullable String type, String data, boolean mayBeCut) {
        // Nothing in it, nothing said: some keep connections alive with it, as others do with comments.
        if (data.isBlank() || state() == State.ENDED) {
            return;
        }
        boolean first = lastEventNanos == 0;
        lastEventNanos = System.nanoTime();
        if (first) {
            // Until now it slept until the limit on the first event, which may be far away.
            watch();
        }
        if (data.strip().equals(DONE_MARKER)) {
            moveTo(reader.doneMarker());
            return;
        }
        JsonNode event;
        try {
            event = MAPPER.readTree(data);
        } catch (JsonProcessingException e) {
            if (!mayBeCut) {
                UpstreamError error = UpstreamError.notJson(data, "error".equals(type), upstream.scrubber());
                fail(error.code(), error.message(), null);
            }
            return;
        }
        if ("error".equals(type)) {
            UpstreamError error =
                    UpstreamError.of(event.has("error") ? event.path("error") : event, upstream.scrubber());
            fail(error.code(), error.message(), error.retryAfter());
        } else {
            moveTo(reader.event(event));
        }
    }

    private void moveTo(AnswerReader.Progress progress) {
        switch (progress) {
            case OPEN -> {}
            case SETTLING -> {
                if (step(State.READING, State.SETTLING)) {
                    // Its end is told by the reading thread, when it finds the source closed.
                    upstream.timer().schedule(this::closeSource, SETTLE.toMillis(), TimeUnit.MILLISECONDS);
                }
            }
            case ENDED -> closeAfterEnd(LINGER);
        }
    }

    private void bodyEnded() {
        if (state() != State.ENDED) {
            reader.end();
            closeAfterEnd(Duration.ZERO);
        }
    }

    private void failed(@Nullable Throwable cause, @Nullable Response response, Attempt attempt) {
        State now = state();
        if (now == State.ENDED) {
            return;
        }
        if (cause instanceof EventStreamGuard.EventTooLarge tooLarge) {
            fail(ErrorCode.EVENT_TOO_LARGE, String.valueOf(tooLarge.getMessage()), null);
        } else if (now != State.ASKING) {
            bodyEnded();
        } else if (response != null) {
            refused(response);
        } else if (attempt.staleConnection()) {
            ask();
        } else {
            retryOrFail(upstream.unreachable(cause, attempt.requestSent()), !attempt.requestSent());
        }
    }

    private void refused(Response response) {
        UpstreamReply reply = UpstreamReply.read(response);
        if (response.isSuccessful()) {
            UpstreamError error = UpstreamError.notAStream(reply, upstream.scrubber());
            fail(error.code(), error.message(), null);
        } else if (upstream.dialect().canDoWithout(reply)) {
            ask();
        } else {
            UpstreamError error = UpstreamError.ofReply(reply, upstream.scrubber());
            retryOrFail(error, Retries.mayHelp(reply.status(), error.code()));
        }
    }

    private void retryOrFail(UpstreamError error, boolean mayHelp) {
        Duration delay = mayHelp ? retries.next(error.retryAfter()) : null;
        if (delay == null) {
            fail(error.code(), error.message(), error.retryAfter());
            return;
        }
        synchronized (this) {
            if (state == State.ASKING) {
                retry = upstream.timer().schedule(this::ask, delay.toMillis(), TimeUnit.MILLISECONDS);
            }
        }
    }

    private void fail(ErrorCode code, String message, @Nullable Duration retryAfter) {
        if (state() != State.ENDED) {
            sink.failed(code, message, retryAfter);
            closeAfterEnd(Duration.ZERO);
        }
    }

    /** Looks at the limits; sleeps until the next one could be reached rather than being set anew at each event. */
    private void watch() {
        Upstream.Limits limits = upstream.limits();
        long now = System.nanoTime();
        Duration all = Duration.ofNanos(now - startNanos);
        boolean silent = lastEventNanos == 0;
        Duration quiet = silent ? all : Duration.ofNanos(now - lastEventNanos);
        Duration patience = silent ? limits.firstEvent() : limits.idle();
        if (all.compareTo(limits.stream()) >= 0) {
            fail(
                    ErrorCode.STREAM_TOO_LONG,
                    "The stream took longer than %d s; a longer STREAM_TIMEOUT would let it."
                            .formatted(limits.stream().toSeconds()),
                    null);
        } else if (quiet.compareTo(patience) < 0) {
            Duration stream = limits.stream().minus(all);
            Duration left = patience.minus(quiet);
            watchAgain(left.compareTo(stream) < 0 ? left : stream);
        } else if (silent) {
            fail(
                    ErrorCode.UPSTREAM_TIMEOUT,
                    "The upstream sent no event within %d s; a longer FIRST_EVENT_TIMEOUT waits longer."
                            .formatted(patience.toSeconds()),
                    null);
        } else {
            fail(
                    ErrorCode.UPSTREAM_IDLE,
                    "The upstream sent nothing for %d s; a longer IDLE_TIMEOUT waits longer."
                            .formatted(patience.toSeconds()),
                    null);
        }
    }

    private synchronized void watchAgain(Duration after) {
        stop(watch);
        if (state != State.ENDED) {
            watch = upstream.timer().schedule(this::watch, after.toNanos(), TimeUnit.NANOSECONDS);
        }
    }

    private synchronized State state() {
        return state;
    }

    private synchronized boolean step(State from, State to) {
        boolean steps = state == from;
        if (steps) {
            state = to;
        }
        return steps;
    }

    private void closeSource() {
        EventSource open;
        synchronized (this) {
            open = source;
        }
        if (open != null) {
            open.cancel();
        }
    }

    /** The end has been told, or nobody wants to know it: lets go of the timers now, and of the connection soon. */
    private void closeAfterEnd(Duration linger) {
        synchronized (this) {
            state = State.ENDED;
            stop(watch);
            stop(retry);
        }
        if (linger.isZero()) {
            closeSource();
        } else {
            upstream.timer().schedule(this::closeSource, linger.toMillis(), TimeUnit.MILLISECONDS);
        }
    }

    private static void stop(@Nullable Future<?> timed) {
        if (timed != null) {
            timed.cancel(false);
        }
    }
}
