package rivulet.wire;

import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.function.Function;
import rivulet.log.Encoding;
import rivulet.log.Entry;
import rivulet.log.Event;
import rivulet.log.Kind;
import rivulet.log.StreamLog;

/** How a stream can be shown. Each is a pure function of an entry, so a replay equals what was sent live. */
public enum Format implements Encoding {
    /** Server-Sent Events, each with one JSON object. */
    JSON(Sse::json, true),
    /** Server-Sent Events whose data is the text itself. */
    TEXT(Sse::text, true),
    /** As {@link #TEXT}, but an answer's {@code done} is {@code data: [DONE]}, as the OpenAI tutorials end. */
    TEXT_DONE(Format::textWithDoneMarker, true),
    /** One JSON object a line. */
    NDJSON(Ndjson::line, false),
    /** Server-Sent Events that wrap each piece of a flat document in an envelope with a status. */
    STATUS(StatusEnvelope::event, true),
    /** Server-Sent Events, each with one JSON Patch operation: see {@link JsonPatch}, which alone can encode it. */
    PATCH(Sse::json, true);

    private static final byte[] SSE_HEARTBEAT = ": hb\n".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] NDJSON_HEARTBEAT = "{\"event\":\"heartbeat\"}\n".getBytes(StandardCharsets.US_ASCII);

    private final Function<Entry, byte[]> encoder;
    private final boolean sse;

    Format(Function<Entry, byte[]> encoder, boolean sse) {
        this.encoder = encoder;
        this.sse = sse;
    }

    @Override
    public byte[] encode(Entry entry) {
        return encoder.apply(entry);
    }

    /** Whether this is Server-Sent Events. */
    public boolean sse() {
        return sse;
    }

    /** The media type, without parameters: {@code EventSource} of some age refuses a charset. */
    public String contentType() {
        return sse ? "text/event-stream" : "application/x-ndjson";
    }

    /** The name that {@code format=} takes. */
    public String wireName() {
        return this == TEXT_DONE ? TEXT.wireName() : name().toLowerCase(Locale.ROOT);
    }

    /** Whether a stream of that kind can be shown so: plain text has no place for fields, the envelope only for them. */
    public boolean suits(Kind kind) {
        return switch (this) {
            case JSON, NDJSON -> true;
            case TEXT, TEXT_DONE -> kind != Kind.STRUCTURED;
            case STATUS, PATCH -> kind == Kind.STRUCTURED;
        };
    }

    /**
     * Whether one snapshot may stand for the many events of a log that was folded. In the others, which have no place for
     * it, a viewer is always given the pieces that it misses.
     */
    boolean snapshots() {
        return this == JSON || this == NDJSON;
    }

    /**
     * Whether a frame may be much longer than its entry. Such viewers must not be run by a thread that reads answers, and
     * their frames are not kept.
     */
    boolean costly() {
        return this == PATCH;
    }

    /** Encodes the entries that follow a position, in their order, for one viewer. */
    Function<Entry, byte[]> encoder(StreamLog log, int after) {
        return switch (this) {
            case PATCH -> new JsonPatch(log, after)::frame;
            case STATUS -> new StatusEnvelope(log, after)::frame;
            default -> entry -> entry.encoded(this);
        };
    }

    /** What is sent when nothing else is; without a blank line, from which some clients make an empty message. */
    byte[] heartbeat() {
        return sse ? SSE_HEARTBEAT : NDJSON_HEARTBEAT;
    }

    private static byte[] textWithDoneMarker(Entry entry) {
        Kind kind = entry.start().kind();
        boolean answer = kind == Kind.CHAT || kind == Kind.FAKE_LLM;
        return answer && entry.event() instanceof Event.Done ? Sse.doneMarker(entry) : Sse.text(entry);
    }
}
