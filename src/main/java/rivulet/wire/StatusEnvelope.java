package rivulet.wire;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import rivulet.log.Document;
import rivulet.log.Entry;
import rivulet.log.Event;

/**
 * A flat document's members, piece by piece: <code>{"status":"chunk","data":{"title":"科技"}}</code>, between a
 * {@code start} and an {@code end} or {@code error}. The words are the tutorial's, whose clients show them.
 */
final class StatusEnvelope {
    private static final String STARTED = "开始生成响应...";
    private static final String ENDED = "响应生成完成";
    private static final byte[] NOTHING = {};

    private StatusEnvelope() {}

    static byte[] event(Entry entry) {
        @Nullable ObjectNode envelope = envelope(entry.event());
        return envelope == null ? NOTHING : Sse.unnamed(envelope.toString().getBytes(StandardCharsets.UTF_8), entry);
    }

    private static @Nullable ObjectNode envelope(Event event) {
        if (event instanceof Event.Start) {
            return status("start", STARTED);
        }
        if (event instanceof Event.FieldSet set
                && isMember(set.path())
                && set.literal().equals("\"\"")) {
            return chunk(set.path(), "");
        }
        if (event instanceof Event.FieldAppend append && isMember(append.path())) {
            return chunk(append.path(), append.delta());
        }
        if (event instanceof Event.Done) {
            return status("end", ENDED);
        }
        return event instanceof Event.Failed failed ? status("error", failed.message()) : null;
    }

    private static boolean isMember(String path) {
        return path.lastIndexOf('/') == 0;
    }

    private static ObjectNode status(String status, String message) {
        return JsonNodeFactory.instance.objectNode().put("status", status).put("message", message);
    }

    private static ObjectNode chunk(String path, String piece) {
        ObjectNode node = JsonNodeFactory.instance.objectNode().put("status", "chunk");
        node.putObject("data").put(Document.unescape(path.substring(1)), piece);
        return node;
    }
}
