package rivulet.feed;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import okhttp3.Interceptor;
import okhttp3.MediaType;
import okhttp3.Protocol;
import okhttp3.Response;
import okhttp3.ResponseBody;
import okio.Buffer;
import okio.BufferedSource;
import okio.ForwardingSource;
import okio.GzipSource;
import okio.Okio;
import okio.Source;
import org.jspecify.annotations.Nullable;

/**
 * Makes an event stream such that OkHttp's parser reads it as the HTML standard has it (section 9.2.5): a byte order mark
 * is dropped, CR and CRLF become LF (the parser takes a lone CR for the end of a line only once the next byte is there),
 * an event that the body's end leaves open is closed, and one event's size is bounded (the parser would read a line
 * without end until memory is full). Bytes come through as soon as they are there; {@link UsualEvents} that stand whole
 * between two others are taken out on their way, and the listener's {@link Progress} says where they go.
 */
final class EventStreamGuard implements Interceptor {
    private static final MediaType EVENT_STREAM = MediaType.get("text/event-stream");
    /** What the lines of an event stream begin with. */
    private static final List<String> LINE_BEGINNINGS = List.of("data:", "event:", "id:", "retry:", ":");

    private static final int LONGEST_BEGINNING = 6;

    /** What a request carries as a tag, so that guard and listener know of each other. The reading thread's alone. */
    static final class Progress {
        private final int maxEventBytes;
        private long sinceEvent;
        private boolean bodyEnded;
        private long readNanos;
        private @Nullable UsualEvents usual;

        Progress(int maxEventBytes) {
            this.maxEventBytes = maxEventBytes;
        }

        /** From now on usual events go this way, past OkHttp's parser; null: none do. */
        void usualEvents(@Nullable UsualEvents way) {
            usual = way;
        }

        /** An event has been delivered: the next one may be as large again. */
        void eventDelivered() {
            sinceEvent = 0;
        }

        /** When the newest bytes came: nothing is read before all that came earlier has been delivered. */
        long readNanos() {
            return readNanos;
        }

        /** Whether the body has ended: an event that is delivered from now on may have been cut. */
        boolean bodyEnded() {
            return bodyEnded;
        }
    }

    /** One event is larger than an event may be. */
    static final class EventTooLarge extends IOException {
        private static final long serialVersionUID = 1L;

        private EventTooLarge(int maxBytes) {
            super("One event of the upstream is larger than %d bytes; a larger MAX_EVENT_BYTES would take it."
                    .formatted(maxBytes));
        }
    }

    private final ReadTurns turns;

    /** @param turns told how the body is read, where its own thread reads it from the socket */
    EventStreamGuard(ReadTurns turns) {
        this.turns = turns;
    }

    @Override
    public Response intercept(Chain chain) throws IOException {
        Response response = chain.proceed(chain.request());
        Progress progress = chain.request().tag(Progress.class);
        if (progress == null || !response.isSuccessful()) {
            return response;
        }
        ResponseBody body = response.body();
        boolean gzip = "gzip".equalsIgnoreCase(response.header("Content-Encoding"));
        Source plain = gzip ? new GzipSource(body.source()) : body.source();
        BufferedSource guarded = Okio.buffer(new Guarded(plain, progress));
        MediaType type = isEventStream(body.contentType(), guarded) ? EVENT_STREAM : body.contentType();
        // Last: only the body's close ends the turns, and one that could not be looked into gets to nobody.
        // An HTTP/2 connection has a reader of its own; who reads a body there waits for that one, not for the socket.
        if (response.protocol() != Protocol.HTTP_2) {
            turns.begin();
        }
        return response.newBuilder()
                .body(ResponseBody.create(guarded, type, -1))
                .build();
    }

    /** Some servers call it text/plain, or nothing: what reads like an event stream is one. */
    private static boolean isEventStream(@Nullable MediaType said, BufferedSource body) throws IOException {
        if (said != null && said.type().equals("text") && said.subtype().equals("event-stream")) {
            return true;
        }
        body.request(LONGEST_BEGINNING);
        Buffer beginning = body.getBuffer();
        return LINE_BEGINNINGS.stream()
                .anyMatch(b -> beginning.rangeEquals(0, okio.ByteString.encodeString(b, StandardCharsets.US_ASCII)));
    }

    private final class Guarded extends ForwardingSource {
        private static final byte LF = '\n';
        private static final byte CR = '\r';
        private static final byte[] BYTE_ORDER_MARK = {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF};
        /** Ends the line and then the event that may be open; where none is, it says nothing. */
        private static final String END = "\n\n";

        private final Progress progress;
        private final Buffer raw = new Buffer();
        private final Buffer.UnsafeCursor cursor = new Buffer.UnsafeCursor();
        private boolean begun;
        private boolean lastWasCr;
        /** Whether what the parser was given last ended an event. */
        private boolean betweenEvents;

        private Guarded(Source source, Progress progress) {
            super(source);
            this.progress = progress;
        }

        @Override
        public long read(Buffer sink, long byteCount) throws IOException {
            while (!progress.bodyEnded) {
                long count = super.read(raw, byteCount);
                if (count < 0) {
                    progress.bodyEnded = true;
                    sink.writeUtf8(END);
                    return END.length();
                }
                progress.readNanos = System.nanoTime();
                progress.sinceEvent += count;
                if (progress.sinceEvent > progress.maxEventBytes) {
                    throw new EventTooLarge(progress.maxEventBytes);
                }
                // Nothing may be left after a line feed or a mark was dropped, and 0 would read as "try again" for
                // ever.
                if (hasBegun()) {
                    takeUsual(sink);
                    if (moveLines(sink) > 0) {
                        return count;
                    }
                }
            }
            return -1;
        }

        @Override
        public void close() throws IOException {
            turns.end();
            super.close();
        }

        /** Drops the mark, once it is whole or known to be none. */
        private boolean hasBegun() throws IOException {
            if (begun) {
                return true;
            }
            for (int i = 0; i < BYTE_ORDER_MARK.length; i++) {
                if (i == raw.size()) {
                    return false;
                }
                if (raw.getByte(i) != BYTE_ORDER_MARK[i]) {
                    begun = true;
                    return true;
                }
            }
            raw.skip(BYTE_ORDER_MARK.length);
            begun = true;
            return true;
        }

        /** Takes the usual events that come next, unless the parser still has something to deliver before them. */
        private void takeUsual(Buffer sink) throws IOException {
            UsualEvents usual = progress.usual;
            if (usual == null || !betweenEvents || !sink.exhausted() || lastWasCr) {
                return;
            }
            int taken;
            try (Buffer.UnsafeCursor segment = raw.readUnsafe(cursor)) {
                segment.next();
                taken = usual.take(requireNonNull(segment.data), segment.start, segment.end);
            }
            raw.skip(taken);
        }

        private long moveLines(Buffer sink) throws IOException {
            long before = sink.size();
            while (!raw.exhausted()) {
                if (lastWasCr && raw.getByte(0) == LF) {
                    raw.skip(1);
                }
                lastWasCr = false;
                long cr = raw.indexOf(CR);
                if (cr < 0) {
                    sink.write(raw, raw.size());
                } else {
                    sink.write(raw, cr);
                    raw.skip(1);
                    sink.writeByte(LF);
                    lastWasCr = true;
                }
            }
            long size = sink.size();
            if (size > before) {
                betweenEvents = size > 1 && sink.getByte(size - 1) == LF && sink.getByte(size - 2) == LF;
            }
            return size - before;
        }
    }
}
