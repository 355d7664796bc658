package rivulet.feed;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Supplier;
import okhttp3.Call;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import okhttp3.ResponseBody;
import okhttp3.sse.EventSource;
import okio.Buffer;
import okio.BufferedSource;
import okio.ByteString;
import okio.GzipSource;
import okio.Okio;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import rivulet.log.Wordless;

/**
 * One question over HTTP, and the event stream that answers it. A thread of its own asks, and waits for the head of the
 * response. A body that comes in the clear and by HTTP/1.1, in chunks or until the connection ends, is then read by
 * a {@link ReadLoop}, and nobody waits for it; any other by the call's thread, which waits at each read.
 *
 * <p>The listener is called by one thread at a time. Safe on any thread is {@link #cancel}.
 */
final class AnswerSource implements EventSource {
    private static final Logger LOG = LoggerFactory.getLogger(AnswerSource.class);
    /** What the lines of an event stream begin with. */
    private static final List<ByteString> LINE_BEGINNINGS = List.of(
            ByteString.encodeUtf8("data:"),
            ByteString.encodeUtf8("event:"),
            ByteString.encodeUtf8("id:"),
            ByteString.encodeUtf8("retry:"),
            ByteString.encodeUtf8(":"));

    private static final int LONGEST_BEGINNING = 6;
    private static final ByteString BYTE_ORDER_MARK = ByteString.encodeUtf8("\uFEFF");
    /** As much as OkHttp reads in one go. */
    private static final int READ_BYTES = 8 * 1024;

    private final Call call;
    private final StreamListener listener;
    private final EventStreamParser parser;
    private final ReadTurns turns;
    private final Supplier<ReadLoop> loops;

    @GuardedBy("this")
    private boolean givenBack;

    /**
     * @param maxEventBytes how large an event may be
     * @param turns told how the call's thread reads
     * @param loops where a body can be read without waiting
     */
    AnswerSource(
            OkHttpClient client,
            Request request,
            StreamListener listener,
            int maxEventBytes,
            ReadTurns turns,
            Supplier<ReadLoop> loops) {
        this.call = client.newCall(request);
        this.listener = listener;
        this.turns = turns;
        this.loops = loops;
        this.parser = new EventStreamParser(maxEventBytes, new EventStreamParser.Events() {
            @Override
            public int usual(byte[] bytes, int from, int to) {
                return listener.usual(bytes, from, to);
            }

            @Override
            public void event(@Nullable String type, String data) {
                // The id is for who would come again by it.
                listener.onEvent(AnswerSource.this, null, type, data);
            }
        });
    }

    /**
     * Asks, on one of these threads; where they take no more, since the server stops, it fails, on this one. Not on
     * OkHttp's, which it would name after the address, each time: that takes longer than to send the question.
     *
     * @param threads one for each call
     */
    void open(Executor threads) {
        try {
            threads.execute(this::ask);
        } catch (RejectedExecutionException serverStops) {
            cancel();
            ask();
        }
    }

    private void ask() {
        try {
            answered(call.execute());
        } catch (IOException e) {
            listener.onFailure(this, e, null);
        } catch (Throwable t) {
            // An Error too: else the answer would stay open until a limit ends it.
            cancel();
            listener.onFailure(this, t, null);
            LOG.error("a question broke off", new Wordless(t));
        }
    }

    @Override
    public Request request() {
        return call.request();
    }

    /** Of no effect once the connection was given back: OkHttp might close it under the next question. */
    @Override
    public synchronized void cancel() {
        if (!givenBack) {
            call.cancel();
        }
    }

    /** Has OkHttp read the rest of a body that has ended well, and have the connection back, unless it was cancelled. */
    synchronized void giveBack(UpstreamSocket socket, Response response, byte[] rest) throws IOException {
        if (!call.isCanceled()) {
            socket.giveBack(rest);
            boolean unused = response.body().source().exhausted();
            givenBack = true;
        }
    }

    private void answered(Response response) {
        Attempt attempt = requireNonNull(call.request().tag(Attempt.class));
        UpstreamSocket socket = attempt.socket();
        byte[] first = socket != null && mayBeLent(response) ? socket.lend() : null;
        if (first == null) {
            readWaiting(response, attempt.tellsOfWaits());
        } else {
            listener.onOpen(this, response);
            new LentBody(this, response, requireNonNull(socket), isChunked(response)).begin(first, turns, loops);
        }
    }

    /** Whether the body can be read from its connection without OkHttp. */
    private static boolean mayBeLent(Response response) {
        return response.isSuccessful()
                && isEventStream(response.body().contentType())
                && response.header("Content-Encoding", "identity").equals("identity")
                // Where there is no body, OkHttp has let go of the connection already.
                && response.body().contentLength() < 0
                && (isChunked(response) || response.header("Transfer-Encoding") == null);
    }

    private static boolean isChunked(Response response) {
        return "chunked".equalsIgnoreCase(response.header("Transfer-Encoding"));
    }

    private static boolean isEventStream(@Nullable MediaType type) {
        return type != null && type.type().equals("text") && type.subtype().equals("event-stream");
    }

    private void readWaiting(Response response, boolean inTurns) {
        // Elsewhere nobody would tell before it waits: what came would be shown at the body's end.
        if (inTurns) {
            turns.begin();
        }
        try (response) {
            readTo(response);
        } finally {
            turns.end();
        }
    }

    /** Reads the body while it is open: of one that breaks before it is known for what it is, what came is told. */
    private void readTo(Response response) {
        try {
            Response plain = decoded(response);
            BufferedSource body = plain.body().source();
            if (plain.isSuccessful() && (isEventStream(plain.body().contentType()) || readsLikeEventStream(body))) {
                listener.onOpen(this, plain);
                readAll(body);
                ends();
            } else {
                listener.onFailure(this, null, plain);
            }
        } catch (Throwable t) {
            // An Error too: else the answer would stay open until a limit ends it.
            fails(t, response);
        }
    }

    private static Response decoded(Response response) throws IOException {
        String encoding = response.header("Content-Encoding");
        if (!"gzip".equalsIgnoreCase(encoding) && !"x-gzip".equalsIgnoreCase(encoding)) {
            return response;
        }
        BufferedSource plain = Okio.buffer(new GzipSource(response.body().source()));
        return response.newBuilder()
                .body(ResponseBody.create(plain, response.body().contentType(), -1))
                .build();
    }

    /** Some servers call it text/plain, or nothing: what reads like an event stream is one. */
    private static boolean readsLikeEventStream(BufferedSource body) throws IOException {
        body.request(LONGEST_BEGINNING);
        if (body.getBuffer().rangeEquals(0, BYTE_ORDER_MARK)) {
            body.skip(BYTE_ORDER_MARK.size());
        }
        while (body.request(1)
                && (body.getBuffer().getByte(0) == '\n' || body.getBuffer().getByte(0) == '\r')) {
            body.skip(1);
        }
        body.request(LONGEST_BEGINNING);
        return LINE_BEGINNINGS.stream().anyMatch(beginning -> body.getBuffer().rangeEquals(0, beginning));
    }

    private void readAll(BufferedSource body) throws IOException {
        Buffer read = new Buffer();
        Buffer.UnsafeCursor cursor = new Buffer.UnsafeCursor();
        while (body.read(read, READ_BYTES) >= 0) {
            came();
            try (Buffer.UnsafeCursor segment = read.readUnsafe(cursor)) {
                while (segment.next() >= 0) {
                    accept(segment.data, segment.start, segment.end);
                }
            }
            read.clear();
        }
    }

    /** Tells that bytes have come, just now. */
    void came() {
        listener.read(System.nanoTime());
    }

    /** Reads the events in what has come. */
    void accept(byte[] bytes, int from, int to) throws EventStreamParser.EventTooLarge {
        parser.accept(bytes, from, to);
    }

    /** Tells that the body has ended, and well. */
    void ends() throws EventStreamParser.EventTooLarge {
        listener.bodyEnds();
        parser.end();
        String strange = parser.strange();
        if (!strange.isBlank()) {
            listener.strange(strange, parser.known());
        }
        listener.onClosed(this);
    }

    /** Tells that the body has not ended, but will not go on. */
    void fails(Throwable cause, Response response) {
        listener.onFailure(this, cause, response);
    }
}
