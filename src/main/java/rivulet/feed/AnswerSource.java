package rivulet.feed;

import java.io.IOException;
import java.net.ProtocolException;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Supplier;
import okhttp3.Call;
import okhttp3.Callback;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.Response;
import okhttp3.sse.EventSource;
import okio.Buffer;
import okio.BufferedSource;
import okio.ByteString;
import okio.GzipSource;
import okio.Okio;
import org.jspecify.annotations.Nullable;

/**
 * One question over HTTP, and the event stream that answers it. OkHttp's thread for the call asks, and waits for the head
 * of the response. A body that comes in the clear and by HTTP/1.1, in chunks or until the connection ends, is then read by
 * a {@link ReadLoop}, and nobody waits for it; any other by the call's thread, which waits at each read.
 *
 * <p>The listener is called by one thread at a time. Safe on any thread is {@link #cancel}.
 */
final class AnswerSource implements EventSource, Callback {
    /** What the lines of an event stream begin with. */
    private static final List<ByteString> LINE_BEGINNINGS = List.of(
            ByteString.encodeUtf8("data:"),
            ByteString.encodeUtf8("event:"),
            ByteString.encodeUtf8("id:"),
            ByteString.encodeUtf8("retry:"),
            ByteString.encodeUtf8(":"));

    private static final int LONGEST_BEGINNING = 6;
    /** As much as OkHttp reads in one go. */
    private static final int READ_BYTES = 8 * 1024;
    /** What came with the head, and what has come since. */
    private static final int FIRST_READS = 2;
    /** What OkHttp is given to read in place of a body in chunks that was read elsewhere. */
    private static final byte[] LAST_CHUNK = "0\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

    private final Call call;
    private final StreamListener listener;
    private final EventStreamParser parser;
    private final ReadTurns turns;
    private final Supplier<ReadLoop> loops;

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
            public void event(@Nullable String id, @Nullable String type, String data) {
                listener.onEvent(AnswerSource.this, id, type, data);
            }
        });
    }

    /** Asks. Nothing is called back on this thread. */
    void open() {
        call.enqueue(this);
    }

    @Override
    public Request request() {
        return call.request();
    }

    @Override
    public void cancel() {
        call.cancel();
    }

    @Override
    public void onFailure(Call failed, IOException cause) {
        listener.onFailure(this, cause, null);
    }

    @Override
    public void onResponse(Call answered, Response response) {
        UpstreamSocket socket = lent(response);
        if (socket != null) {
            listener.onOpen(this, response);
            new Lent(response, socket).begin();
        } else {
            readWaiting(response);
        }
    }

    /** The connection, if the body can be read from it without OkHttp. */
    private @Nullable UpstreamSocket lent(Response response) {
        Attempt attempt = call.request().tag(Attempt.class);
        UpstreamSocket socket = attempt == null ? null : attempt.socket();
        boolean plain = response.isSuccessful()
                && isEventStream(response.body().contentType())
                && response.header("Content-Encoding", "identity").equals("identity")
                && (isChunked(response) || isOfUnknownLength(response));
        try {
            return plain && socket != null && socket.lend() ? socket : null;
        } catch (IOException e) {
            // It was closed; OkHttp will find that out.
            return null;
        }
    }

    private static boolean isChunked(Response response) {
        return "chunked".equalsIgnoreCase(response.header("Transfer-Encoding"));
    }

    private static boolean isOfUnknownLength(Response response) {
        return response.header("Transfer-Encoding") == null && response.header("Content-Length") == null;
    }

    private static boolean isEventStream(@Nullable MediaType type) {
        return type != null && type.type().equals("text") && type.subtype().equals("event-stream");
    }

    private void readWaiting(Response response) {
        // An HTTP/2 connection has a reader of its own; who reads a body there waits for that one, not for the socket.
        if (response.protocol() != Protocol.HTTP_2) {
            turns.begin();
        }
        try (response) {
            BufferedSource body = decoded(response);
            if (response.isSuccessful()
                    && (isEventStream(response.body().contentType()) || readsLikeEventStream(body))) {
                listener.onOpen(this, response);
                readAll(body);
                ends();
            } else {
                listener.onFailure(this, null, response);
            }
        } catch (IOException e) {
            listener.onFailure(this, e, response);
        } finally {
            turns.end();
        }
    }

    private static BufferedSource decoded(Response response) throws IOException {
        BufferedSource body = response.body().source();
        boolean gzip = response.isSuccessful() && "gzip".equalsIgnoreCase(response.header("Content-Encoding"));
        return gzip ? Okio.buffer(new GzipSource(body)) : body;
    }

    /** Some servers call it text/plain, or nothing: what reads like an event stream is one. */
    private static boolean readsLikeEventStream(BufferedSource body) throws IOException {
        body.request(LONGEST_BEGINNING);
        return LINE_BEGINNINGS.stream().anyMatch(beginning -> body.getBuffer().rangeEquals(0, beginning));
    }

    private void readAll(BufferedSource body) throws IOException {
        Buffer read = new Buffer();
        Buffer.UnsafeCursor cursor = new Buffer.UnsafeCursor();
        while (body.read(read, READ_BYTES) >= 0) {
            listener.read(System.nanoTime());
            try (Buffer.UnsafeCursor segment = read.readUnsafe(cursor)) {
                while (segment.next() >= 0) {
                    parser.accept(segment.data, segment.start, segment.end);
                }
            }
            read.clear();
        }
    }

    private void ends() throws EventStreamParser.EventTooLarge {
        listener.bodyEnds();
        parser.end();
        listener.onClosed(this);
    }

    /** A body that is read as it comes: by the call's thread what is there already, by a loop's all else. */
    private final class Lent implements ReadLoop.Body {
        private final Response response;
        private final UpstreamSocket socket;
        private final @Nullable ChunkedBody chunks;
        private boolean over;
        /** Whether the connection can be used again: of what it brought, all was this body's. */
        private boolean clean;

        private Lent(Response response, UpstreamSocket socket) {
            this.response = response;
            this.socket = socket;
            this.chunks = isChunked(response) ? new ChunkedBody(parser::accept) : null;
        }

        private void begin() {
            byte[] buffer = new byte[READ_BYTES];
            turns.begin();
            boolean more = true;
            for (int i = 0; i < FIRST_READS && more; i++) {
                more = readable(buffer);
            }
            turns.end();
            if (more) {
                ReadLoop loop = loops.get();
                socket.whenClosed(() -> loop.closed(this));
                loop.add(this);
            } else {
                left();
            }
        }

        @Override
        public SocketChannel channel() {
            return socket.readable();
        }

        @Override
        public boolean readable(byte[] buffer) {
            try {
                int count = over ? 0 : socket.readNow(buffer);
                if (count > 0) {
                    listener.read(System.nanoTime());
                    take(buffer, count);
                } else if (count < 0) {
                    connectionEnds();
                }
            } catch (Throwable t) {
                fail(t);
            }
            return !over;
        }

        private void take(byte[] bytes, int count) throws IOException {
            if (chunks == null) {
                parser.accept(bytes, 0, count);
                return;
            }
            int taken = chunks.accept(bytes, 0, count);
            if (chunks.over()) {
                over = true;
                clean = taken == count;
                ends();
            }
        }

        private void connectionEnds() throws IOException {
            if (chunks != null) {
                throw new ProtocolException("unexpected end of stream");
            }
            over = true;
            ends();
        }

        private void fail(Throwable cause) {
            over = true;
            clean = false;
            listener.onFailure(AnswerSource.this, cause, response);
        }

        @Override
        public void close() {
            call.cancel();
        }

        @Override
        public void closed() {
            if (!over) {
                fail(new IOException("the connection was closed"));
                left();
            }
        }

        @Override
        public void left() {
            try (response) {
                if (clean) {
                    socket.giveBack(LAST_CHUNK);
                    boolean unused = response.body().source().exhausted();
                } else {
                    call.cancel();
                }
            } catch (IOException e) {
                call.cancel();
            }
        }
    }
}
