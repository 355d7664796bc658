package rivulet.wire;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import rivulet.log.Document;
import rivulet.log.Entry;
import rivulet.log.Event;
import rivulet.log.StreamLog;

/**
 * A flat document's members, piece by piece: <code>{"status":"chunk","data":{"title":"科技"}}</code>, between a
 * {@code start} and an {@code end} or {@code error}. The words are the tutorial's, whose clients show them.
 *
 * <p>{@code end} says that the whole document was shown. So the last envelope depends on all that came before: what a
 * model said that refused, and whether there was something that has no place here. One viewer's; not for use by several
 * threads.
 */
final class StatusEnvelope {
    private static final String STARTED = "开始生成响应...";
    private static final String ENDED = "响应生成完成";
    private static final byte[] NOTHING = {};

    private final StreamLog log;
    private final StringBuilder refusal = new StringBuilder();
    private @Nullable String notShown;
    private int lastIndex = -1;

    /** For a viewer that has the entries up to {@code after}, which the log may lack yet. */
    StatusEnvelope(StreamLog log, int after) {
        this.log = log;
        log.readUpTo(-1, Math.min(after, log.head()), this::note);
    }

    /** The bytes that show the entry; called in the order of the entries, for the same one more than once if need be. */
    byte[] frame(Entry entry) {
        if (entry.index() > lastIndex) {
            log.readUpTo(lastIndex, entry.index() - 1, this::note);
            note(entry);
        }
        return entry.event() instanceof Event.Done done
                ? bytes(end(done, refusal.toString(), notShown), entry)
                : entry.encoded(Format.STATUS);
    }

    /** The bytes that show one entry, as far as it alone says how. */
    static byte[] event(Entry entry) {
        @Nullable ObjectNode envelope = envelope(entry.event());
        return envelope == null ? NOTHING : bytes(envelope, entry);
    }

    private void note(Entry entry) {
        lastIndex = entry.index();
        if (entry.event() instanceof Event.Refusal refused) {
            refusal.append(refused.delta());
        } else if (entry.event() instanceof Event.FieldSet set && notShown == null && !isShown(set)) {
            notShown = set.path().isEmpty() ? "The document" : "The member " + name(set.path());
        }
    }

    /** Whether all of a value is shown: by pieces of strings, if it is a member, and by its members, if it is the root. */
    private static boolean isShown(Event.FieldSet set) {
        return set.path().isEmpty()
                ? set.literal().equals("{}")
                : !isMember(set.path()) || set.literal().equals("\"\"");
    }

    private static @Nullable ObjectNode envelope(Event event) {
        if (event instanceof Event.Start) {
            return status("start", STARTED);
        }
        if (event instanceof Event.FieldSet set && isMember(set.path()) && isShown(set)) {
            return chunk(set.path(), "");
        }
        if (event instanceof Event.FieldAppend append && isMember(append.path())) {
            return chunk(append.path(), append.delta());
        }
        if (event instanceof Event.Done done) {
            return end(done, "", null);
        }
        return event instanceof Event.Failed failed ? status("error", failed.message()) : null;
    }

    /** An answer that was cut by the provider is done only where its document is complete; these three have none. */
    private static ObjectNode end(Event.Done done, String refusal, @Nullable String notShown) {
        return switch (done.reason()) {
            case REFUSAL -> status("error", refusal.isEmpty() ? "The model refused to answer." : refusal);
            case TOOL_CALLS -> status("error", "The model asks for tools to be called, and gives no document.");
            case CANCELLED -> status("error", "The answer was cancelled before it was complete.");
            case STOP, LENGTH, CONTENT_FILTER ->
                notShown == null
                        ? status("end", ENDED)
                        : status("error", notShown + " is not what the format status can show; take json or ndjson.");
        };
    }

    private static boolean isMember(String path) {
        return path.lastIndexOf('/') == 0;
    }

    private static String name(String path) {
        return Document.unescape(path.substring(1));
    }

    private static byte[] bytes(ObjectNode envelope, Entry entry) {
        return Sse.unnamed(envelope.toString().getBytes(StandardCharsets.UTF_8), entry);
    }

    private static ObjectNode status(String status, String message) {
        return JsonNodeFactory.instance.objectNode().put("status", status).put("message", message);
    }

    private static ObjectNode chunk(String path, String piece) {
        ObjectNode node = JsonNodeFactory.instance.objectNode().put("status", "chunk");
        node.putObject("data").put(name(path), piece);
        return node;
    }
}
