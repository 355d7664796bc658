package rivulet.feed;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import okhttp3.Request;
import okhttp3.Response;
import okhttp3.sse.EventSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import rivulet.feed.ExchangeState.Phase;
import rivulet.log.ErrorCode;
import rivulet.log.Wordless;

/**
 * One question to the upstream and its answer: asks, asks again where nothing can have been billed, reads the answer,
 * watches the clock, and tells the sink exactly one end.
 *
 * <p>It stands where its {@link ExchangeState} says: back to ASKING goes a retry, and an answer in background mode that is
 * read on after its connection broke; a cancel or a limit ends it from anywhere. The source's threads read, one at a
 * time; the timer watches. No lock is held while the sink is called.
 */
final class Exchange implements Feed.Cancellation {
    private static final Logger LOG = LoggerFactory.getLogger(Exchange.class);
    /** How long usage, or an error, may follow the model's last word. */
    private static final Duration SETTLE = Duration.ofSeconds(2);
    /** How long the body may take to end after its last event: a connection that ends well can be used again. */
    private static final Duration LINGER = Duration.ofSeconds(1);
    /** How long a cancelled question waits for the id of its answer, without which that cannot be cancelled. */
    private static final Duration ID_PATIENCE = Duration.ofMinutes(1);

    private final OpenAiUpstream upstream;
    private final @Nullable ChatRequest request;
    private final @Nullable BackgroundAnswer background;
    private final Sink sink;
    private final AnswerEvents events;
    private final Retries retries;
    private final Watch watch;
    private final ExchangeState state;
    private volatile String model = "";
    /** Whether it is asked without what the upstream may have refused. */
    private volatile boolean bare;
    /** Whether it is asked in words that the upstream has just taught. */
    private volatile boolean reworded;
    /** Whether a good end has been said, and perhaps taken back since. The reading thread's. */
    private boolean settling;

    private volatile @Nullable Attempt latest;

    /**
     * @param request null: another node has asked, and its answer is read on
     * @param background the answer, where it is asked for in background mode
     */
    Exchange(
            OpenAiUpstream upstream,
            @Nullable ChatRequest request,
            @Nullable BackgroundAnswer background,
            Sink sink,
            Retries retries) {
        this.background = background;
        this.upstream = upstream;
        this.request = request;
        this.sink = sink;
        this.retries = retries;
        this.events = new AnswerEvents(
                upstream.dialect().reader(sink, upstream.scrubber(), request == null),
                sink,
                upstream.scrubber(),
                background);
        this.state = new ExchangeState(upstream.timer());
        this.watch = new Watch(upstream.limits(), upstream.timer(), this::expired);
    }

    /** Asks. */
    void start() {
        watch.start();
        CompletableFuture<Void> unused = upstream.findModel(requireNonNull(request))
                .thenAccept(found -> {
                    model = found;
                    ask();
                })
                .exceptionally(this::notAsked);
    }

    /** Reads on what another node has asked for. */
    void resume() {
        watch.start();
        ask();
    }

    @Override
    public void cancel() {
        // First: from now on there is no other attempt than the latest.
        state.end();
        Attempt attempt = latest;
        boolean idToCome = background != null && background.cancel() && attempt != null && !attempt.giveUp();
        closeAfterEnd(idToCome ? ID_PATIENCE : Duration.ZERO);
    }

    @Override
    public void abandon() {
        if (background != null) {
            background.abandon();
        }
        closeAfterEnd(Duration.ZERO);
    }

    private @Nullable Void notAsked(Throwable thrown) {
        Throwable cause =
                thrown instanceof CompletionException && thrown.getCause() != null ? thrown.getCause() : thrown;
        if (cause instanceof IllegalArgumentException) {
            fail(ErrorCode.UPSTREAM_REJECTED, String.valueOf(cause.getMessage()), null);
        } else if (cause instanceof ModelList.NoList none) {
            fail(UpstreamError.ofReply(none.reply(), upstream.scrubber()));
        } else if (cause instanceof IOException) {
            fail(upstream.unreachable(cause, null));
        } else {
            broke(cause);
        }
        return null;
    }

    private void ask() {
        Request asked = request();
        latest = asked.tag(Attempt.class);
        // Enqueued, not run: nothing is called back on this thread.
        state.open(() -> upstream.open(asked, new Listener(asked)));
    }

    /** On the timer's thread, which nobody hears of what is thrown on it. */
    private void askAgain() {
        try {
            ask();
        } catch (RuntimeException e) {
            broke(e);
        }
    }

    private Request request() {
        @Nullable String known = background == null ? null : background.id();
        return background == null || known == null
                ? upstream.requests().question(requireNonNull(request), model, bare)
                : upstream.requests().rest(known, background.sequence());
    }

    /** What is told of one attempt, one at a time; each door shut against whatever is thrown inside. */
    private final class Listener extends StreamListener {
        private final Attempt attempt;
        private @Nullable UsualEvents usual;
        private long readNanos;
        private boolean mayBeCut;

        private Listener(Request asked) {
            attempt = requireNonNull(asked.tag(Attempt.class));
        }

        @Override
        public void onOpen(EventSource opened, Response response) {
            state.step(Phase.ASKING, Phase.READING);
            if (bare) {
                upstream.dialect().doesWithout();
            }
            usual = events.usual(this::onPiece);
        }

        @Override
        void read(long nanos) {
            readNanos = nanos;
            sink.readAt(nanos);
        }

        @Override
        int usual(byte[] bytes, int from, int to) {
            return usual == null ? 0 : usual.take(bytes, from, to);
        }

        /** What comes the short way; {@link #onEvent} tells the rest, all in the upstream's order. */
        private void onPiece(String piece) {
            try {
                if (!state.ended()) {
                    watch.event(readNanos);
                    moveTo(events.piece(piece));
                }
            } catch (Throwable t) {
                broke(t);
            }
        }

        @Override
        public void onEvent(EventSource from, @Nullable String id, @Nullable String type, String data) {
            try {
                if (!AnswerEvents.saysNothing(type, data)) {
                    tell(type, data);
                }
            } catch (Throwable t) {
                broke(t);
            }
        }

        private void tell(@Nullable String type, String data) {
            if (!state.ended()) {
                watch.event(readNanos);
                moveTo(events.event(type, data, mayBeCut));
            } else if (background != null) {
                events.glance(data);
                if (!background.idToCome()) {
                    state.close();
                }
            }
        }

        @Override
        void bodyEnds() {
            mayBeCut = true;
        }

        @Override
        void strange(String words, boolean inStream) {
            if (!inStream) {
                fail(UpstreamError.notInStream(words, upstream.scrubber()));
                return;
            }
            UpstreamError error = UpstreamError.behindStream(words, upstream.scrubber());
            // In background mode the answer may be read on.
            if (error != null && background == null) {
                fail(error);
            }
        }

        @Override
        public void onClosed(EventSource closed) {
            try {
                bodyEnded(false);
                connectionLeft();
            } catch (Throwable t) {
                broke(t);
            }
        }

        @Override
        public void onFailure(EventSource failed, @Nullable Throwable cause, @Nullable Response response) {
            try {
                failed(cause, response, attempt);
                connectionLeft();
            } catch (Throwable t) {
                broke(t);
            }
        }

        /** There is nothing to be closed any more. */
        private void connectionLeft() {
            if (state.ended()) {
                state.forgetPlanned();
            }
        }
    }

    private void broke(Throwable t) {
        // First: where memory is short there may be none left for words.
        fail(ErrorCode.INTERNAL, "The server could not read the upstream's answer; its log says why.", null);
        LOG.error("an answer could not be read", new Wordless(t));
    }

    private void moveTo(AnswerReader.Progress progress) {
        switch (progress) {
            case OPEN -> {
                if (settling && state.step(Phase.SETTLING, Phase.READING)) {
                    state.forgetPlanned();
                }
                settling = false;
            }
            case SETTLING -> {
                settling = true;
                if (state.step(Phase.READING, Phase.SETTLING)) {
                    // Its end is told by the reading thread, when it finds the source closed.
                    state.closeAfter(SETTLE);
                }
            }
            case ENDED -> closeAfterEnd(LINGER);
        }
    }

    private void bodyEnded(boolean broken) {
        if (resumes(Phase.READING)) {
            return;
        }
        if (background != null && background.unheard()) {
            fail(ErrorCode.OWNER_LOST, Producer.OWNER_LOST, null);
        } else if (state.end()) {
            events.end(broken);
            // A body that has ended well leaves a connection to be used again; one that has not closes it itself.
            closeAfterEnd(LINGER);
        }
    }

    /** Whether another connection is made to read the answer on. */
    private boolean resumes(Phase from) {
        Duration delay = background == null || state.phase() != from ? null : background.resumeAfter();
        return delay != null && state.planAsk(from, delay, this::askAgain);
    }

    private void failed(@Nullable Throwable cause, @Nullable Response response, Attempt attempt) {
        Phase now = state.phase();
        if (now == Phase.ENDED) {
            return;
        }
        if (cause instanceof EventStreamParser.EventTooLarge tooLarge) {
            fail(ErrorCode.EVENT_TOO_LARGE, String.valueOf(tooLarge.getMessage()), null);
        } else if (now != Phase.ASKING) {
            bodyEnded(true);
        } else if (attempt.staleConnection()) {
            upstream.countRetry();
            ask();
        } else if (background != null && background.id() != null) {
            notResumed(response);
        } else if (response != null) {
            refused(response);
        } else {
            boolean unread = !attempt.requestSent() || Attempt.refusedUnread(cause);
            retryOrFail(unread ? upstream.unreachable(cause, attempt) : upstream.unanswered(cause), unread);
        }
    }

    /** An answer in background mode could not be read on: to ask again for it costs nothing, if that may help. */
    private void notResumed(@Nullable Response response) {
        boolean mayHelp = response == null || Retries.mayHelp(response.code(), ErrorCode.UPSTREAM_ERROR);
        if (!mayHelp || !resumes(Phase.ASKING)) {
            String why = response == null ? "it cannot be reached" : "status " + response.code();
            fail(
                    ErrorCode.UPSTREAM_TRUNCATED,
                    "The connection to the upstream broke, and the rest of the answer is not to be had: " + why + ".",
                    null);
        }
    }

    private void refused(Response response) {
        UpstreamReply reply = UpstreamReply.read(response);
        if (response.isSuccessful()) {
            UpstreamError error = UpstreamError.notAStream(reply, upstream.scrubber());
            fail(error);
        } else if (!reworded && request != null && upstream.dialect().learnsWords(reply, request, model)) {
            reworded = true;
            upstream.countRetry();
            ask();
        } else if (!bare && upstream.dialect().canDoWithout(reply)) {
            bare = true;
            upstream.countRetry();
            ask();
        } else {
            UpstreamError error = UpstreamError.ofReply(reply, upstream.scrubber());
            long waitedMillis = response.receivedResponseAtMillis() - response.sentRequestAtMillis();
            boolean passedOn = Retries.wasPassedOn(reply.status(), Duration.ofMillis(waitedMillis));
            retryOrFail(error, !passedOn && Retries.mayHelp(reply.status(), error.code()));
        }
    }

    private void retryOrFail(UpstreamError error, boolean mayHelp) {
        Duration delay = mayHelp ? retries.next(error.retryAfter()) : null;
        if (delay == null) {
            fail(error);
        } else if (state.planAsk(Phase.ASKING, delay, this::askAgain)) {
            upstream.countRetry();
        }
    }

    private void fail(UpstreamError error) {
        fail(error.code(), error.message(), error.retryAfter());
    }

    private void fail(ErrorCode code, String message, @Nullable Duration retryAfter) {
        if (state.end()) {
            boolean lost = background != null && background.unheard();
            sink.failed(lost ? ErrorCode.OWNER_LOST : code, lost ? Producer.OWNER_LOST : message, retryAfter);
            cancel();
        }
    }

    /** Of an answer whose last word was said, a limit ends only the waiting for what may follow. */
    private void expired(ErrorCode code, String message) {
        if (state.phase() == Phase.SETTLING) {
            state.close();
        } else {
            fail(code, message, null);
        }
    }

    /** The end has been told, or nobody wants to know it: lets go of the timers now, and of the connection soon. */
    private void closeAfterEnd(Duration linger) {
        state.end();
        watch.stop();
        state.forgetPlanned();
        if (linger.isZero()) {
            state.close();
        } else {
            state.closeAfter(linger);
        }
    }
}
