package rivulet;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.ToIntFunction;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpHeaderValue;
import org.eclipse.jetty.http.HttpMethod;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.BufferUtil;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;
import rivulet.wire.Silence;

/**
 * Takes in a POST's whole body before any route sees it, and no thread waits for it meanwhile: bodies that trickle in
 * would else take all threads there are. Of what will be refused the body is taken in too, and dropped, unless it is huge:
 * a connection that is closed while the peer still sends loses the answer, and on HTTP/2 maybe all others' on it.
 */
final class BodyFirst extends Handler.Wrapper {
    /** Of one body, beyond what a route takes. */
    private static final int MOST_DROPPED_BYTES = 32 << 20;

    private final ToIntFunction<Request> maxBytes;
    private final long maxBytesAtOnce;
    private final Duration timeout;
    private final ScheduledExecutorService timer;
    private final AtomicLong bytes = new AtomicLong();

    /**
     * @param maxBytes of a request's body; a route is given some more of a longer one, and refuses it
     * @param mostBytes that this can be
     * @param timeout for one body
     */
    BodyFirst(ToIntFunction<Request> maxBytes, int mostBytes, Duration timeout, ScheduledExecutorService timer) {
        this.maxBytes = maxBytes;
        this.timeout = timeout;
        this.timer = timer;
        // However many send at once: the rest of the memory is for streams.
        this.maxBytesAtOnce = Math.max(2L * mostBytes, Runtime.getRuntime().maxMemory() / 8);
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) throws Exception {
        if (!HttpMethod.POST.is(request.getMethod())) {
            return super.handle(request, response, callback);
        }
        int most = maxBytes.applyAsInt(request);
        boolean refused = most == 0 || request.getLength() > most;
        if (refused && (request.getLength() > MOST_DROPPED_BYTES || asksFirst(request))) {
            return super.handle(request, response, callback);
        }
        new Loading(request, response, callback, refused ? 0 : most).begin();
        return true;
    }

    /** Whether the peer sends its body only if it is told to. */
    private static boolean asksFirst(Request request) {
        return request.getHeaders().contains(HttpHeader.EXPECT, HttpHeaderValue.CONTINUE.asString());
    }

    /** {@code LOADING -> OVER}, guarded by this: whoever brings it there answers the request. */
    private final class Loading implements Runnable {
        private final Request request;
        private final Response response;
        private final Callback callback;
        private final int most;
        private final ByteArrayOutputStream body = new ByteArrayOutputStream();
        /** The reading thread's. */
        private long droppedBytes;

        @GuardedBy("this")
        private boolean over;

        /** Set once something has to be waited for: most bodies are there with their head. */
        @GuardedBy("this")
        private @Nullable Runnable endWait;

        /** @param most that is kept, and one piece more; 0: nothing is */
        private Loading(Request request, Response response, Callback callback, int most) {
            this.most = most;
            this.request = request;
            this.response = response;
            this.callback = callback;
        }

        /** Reads what is there already; called on the request's own thread. */
        private void begin() {
            read(this::handle);
        }

        /** Reads what has come since, on whatever thread it came. That one is not to wait, as what follows may. */
        @Override
        public void run() {
            read(this::handleElsewhere);
        }

        private void handleElsewhere(Request loaded) {
            request.getContext().execute(() -> handle(loaded));
        }

        /** Never run by two threads at once: only the last thing that it does asks for more. */
        private void read(Consumer<Request> next) {
            while (!isOver()) {
                Content.Chunk chunk = request.read();
                if (chunk == null) {
                    limitWait();
                    request.demand(this);
                    return;
                }
                if (isIdle(chunk)) {
                    continue;
                }
                if (Content.Chunk.isFailure(chunk)) {
                    refuse(
                            chunk.getFailure() instanceof TimeoutException
                                    ? HttpStatus.REQUEST_TIMEOUT_408
                                    : HttpStatus.BAD_REQUEST_400);
                    return;
                }
                take(chunk);
                if (most > 0 && bytes.get() > maxBytesAtOnce) {
                    refuse(HttpStatus.SERVICE_UNAVAILABLE_503);
                } else if (chunk.isLast() || droppedBytes > MOST_DROPPED_BYTES) {
                    pass(chunk.isLast(), next);
                }
            }
        }

        /** Jetty's word that the connection was silent for a while, which is no end: how long it may be is for the deadline. */
        private static boolean isIdle(Content.Chunk chunk) {
            return Content.Chunk.isFailure(chunk, false) && chunk.getFailure() instanceof TimeoutException;
        }

        /** What comes after the deadline has answered is not counted, since nobody would take it back. */
        private synchronized void take(Content.Chunk chunk) {
            // Of what is refused nothing is kept: strangers would fill what is for those who are let in.
            if (!over && most > 0 && body.size() <= most) {
                byte[] piece = BufferUtil.toArray(chunk.getByteBuffer());
                body.writeBytes(piece);
                bytes.addAndGet(piece.length);
            } else {
                droppedBytes += chunk.remaining();
            }
            chunk.release();
        }

        private synchronized void limitWait() {
            if (endWait == null && !over) {
                Future<?> deadline = timer.schedule(this::late, timeout.toMillis(), TimeUnit.MILLISECONDS);
                Runnable endSilence = Silence.allow(request);
                endWait = () -> {
                    deadline.cancel(false);
                    endSilence.run();
                };
            }
        }

        private void late() {
            if (most > 0) {
                refuse(HttpStatus.REQUEST_TIMEOUT_408);
            } else {
                pass(false, this::handleElsewhere);
            }
        }

        private void refuse(int status) {
            if (end()) {
                bytes.addAndGet(-body.size());
                Response.writeError(request, response, callback, status);
            }
        }

        private void pass(boolean whole, Consumer<Request> next) {
            if (end()) {
                next.accept(new Loaded(request, body.toByteArray(), whole));
            }
        }

        private void handle(Request loaded) {
            try {
                if (!getHandler().handle(loaded, response, callback)) {
                    Response.writeError(request, response, callback, HttpStatus.NOT_FOUND_404);
                }
            } catch (Throwable t) {
                Response.writeError(request, response, callback, t);
            } finally {
                bytes.addAndGet(-body.size());
            }
        }

        private synchronized boolean isOver() {
            return over;
        }

        private synchronized boolean end() {
            boolean mine = !over;
            over = true;
            if (mine && endWait != null) {
                endWait.run();
            }
            return mine;
        }
    }

    /** The request once more, with what was read of its body, and behind it what was not. */
    private static final class Loaded extends Request.Wrapper {
        private byte @Nullable [] body;
        private final boolean whole;

        private Loaded(Request request, byte[] body, boolean whole) {
            super(request);
            this.body = body;
            this.whole = whole;
        }

        @Override
        public Content.@Nullable Chunk read() {
            byte[] read = body;
            if (read != null) {
                body = null;
                return Content.Chunk.from(ByteBuffer.wrap(read), whole);
            }
            return whole ? Content.Chunk.EOF : super.read();
        }

        @Override
        public void demand(Runnable callback) {
            if (body != null || whole) {
                getContext().execute(callback);
            } else {
                super.demand(callback);
            }
        }
    }
}
