package rivulet.feed;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.function.Supplier;
import okhttp3.HttpUrl;
import okhttp3.MediaType;
import okhttp3.Request;
import okhttp3.RequestBody;
import okio.BufferedSink;
import org.jspecify.annotations.Nullable;

/** What one upstream is sent: its API's words for a question, under its address, with its key. For any thread. */
final class UpstreamRequests {
    private static final String SCHEMA_IN_WORDS =
            "Answer with nothing but one JSON document that satisfies this JSON Schema: ";
    private static final MediaType JSON = MediaType.get("application/json");

    private final Upstream upstream;
    private final Supplier<String> baseUrl;
    private final Dialect dialect;
    private final boolean background;
    /** A question without its body: to take its address and headers apart for each would cost as much as to send it. */
    private volatile @Nullable Request blank;

    /**
     * @param baseUrl under which the API's paths lie, asked for at each request
     * @param background whether answers are asked for in background mode
     */
    UpstreamRequests(Upstream upstream, Supplier<String> baseUrl, Dialect dialect, boolean background) {
        this.upstream = upstream;
        this.baseUrl = baseUrl;
        this.dialect = dialect;
        this.background = background;
    }

    /** Whether an answer goes on without a connection; whoever does not want it stored says so in the request. */
    boolean inBackground(ChatRequest request) {
        return background
                && request.extra().path("store").asBoolean(true)
                && request.extra().path("background").asBoolean(true);
    }

    /**
     * The request that asks a question.
     *
     * @param bare whether it is to do without what not every upstream takes
     * @throws IllegalArgumentException if it cannot be asked so; the message tells what to do
     */
    Request question(ChatRequest question, String model, boolean bare) {
        ObjectNode body = body(question, model);
        merge(question.extra(), body);
        body.put("stream", true);
        if (!bare) {
            // Behind what the caller asks for: what an answer took counts for its limit.
            dialect.askForUsage(body);
        }
        if (inBackground(question)) {
            body.put("background", true).put("store", true);
        }
        return streamed(traced(blank(), question.trace()))
                .post(new OneShot(SurrogateJoiner.replaceHalves(body.toString()).getBytes(StandardCharsets.UTF_8)))
                .build();
    }

    /** The request that reads an answer in background mode behind that event, -1: all of it. */
    Request rest(String response, int sequence) {
        Request.Builder request = asked(dialect.path());
        HttpUrl.Builder url = request.build().url().newBuilder();
        url.addPathSegment(response).addQueryParameter("stream", "true");
        if (sequence >= 0) {
            url.addQueryParameter("starting_after", String.valueOf(sequence));
        }
        return streamed(request.url(url.build())).build();
    }

    /** The request that cancels an answer in background mode. */
    Request cancel(String response) {
        return asked(dialect.path() + "/" + response + "/cancel")
                .post(RequestBody.create(new byte[0], null))
                .build();
    }

    /** The request for the models that are offered. */
    Request models() {
        return asked("models").build();
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

    /** What is in both counts as it is in the first, but for objects, of which each member does. */
    private static void merge(ObjectNode extra, ObjectNode into) {
        extra.properties().forEach(member -> {
            if (member.getValue() instanceof ObjectNode more && into.get(member.getKey()) instanceof ObjectNode less) {
                // A copy: the request may be shared, and asked once more.
                ObjectNode both = less.deepCopy();
                merge(more, both);
                into.set(member.getKey(), both);
            } else {
                into.set(member.getKey(), member.getValue());
            }
        });
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

    private Request.Builder blank() {
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

    /** A body that OkHttp must not send again by itself: it would after a 408, or a 503 with {@code Retry-After: 0}. */
    private static final class OneShot extends RequestBody {
        /** Less than OkHttp sends by itself, 16 KiB. */
        private static final int PIECE_BYTES = 8 * 1024;

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

        /**
         * Piece by piece, each sent before the next: with HTTP/2, OkHttp would keep the last of what the upstream's window
         * has room for, and wait for a wider one, while the upstream waits for that.
         */
        @Override
        public void writeTo(BufferedSink sink) throws IOException {
            for (int at = 0; at < bytes.length; at += PIECE_BYTES) {
                sink.write(bytes, at, Math.min(PIECE_BYTES, bytes.length - at));
                sink.flush();
            }
        }
    }
}
