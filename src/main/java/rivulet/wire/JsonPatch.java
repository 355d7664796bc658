package rivulet.wire;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.util.RawValue;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import rivulet.log.Document;
import rivulet.log.Entry;
import rivulet.log.Event;
import rivulet.log.StreamLog;

/**
 * The steps of a document as JSON Patch (RFC 6902), one operation an event. JSON Patch knows no growing string: each
 * growth replaces the whole of it, so an operation depends on all that came before, and this has to build the document
 * too. One viewer's; not for use by several threads.
 */
final class JsonPatch {
    private final StreamLog log;
    private final Document document = new Document();
    private int lastIndex = -1;
    private byte[] lastFrame = {};

    /** For a viewer that has the entries up to {@code after}, which the log may lack yet. */
    JsonPatch(StreamLog log, int after) {
        this.log = log;
        log.readUpTo(-1, Math.min(after, log.head()), this::fold);
    }

    /** The bytes that show the entry; called in the order of the entries, for the same one more than once if need be. */
    byte[] frame(Entry entry) {
        if (entry.index() > lastIndex) {
            log.readUpTo(lastIndex, entry.index() - 1, this::fold);
            fold(entry);
            lastFrame = encode(entry);
        }
        // The end is told again to whoever has it.
        return lastFrame.length == 0 ? Sse.json(entry) : lastFrame;
    }

    private void fold(Entry entry) {
        lastIndex = entry.index();
        if (entry.event() instanceof Event.FieldSet set) {
            document.set(set.path(), set.literal());
        } else if (entry.event() instanceof Event.FieldAppend append) {
            document.append(append.path(), append.delta());
        }
    }

    /**
     * Encodes the entry that was folded last. The entry does not keep it: each frame holds the whole of a string so far,
     * and all of them together would be the square of it.
     */
    private byte[] encode(Entry entry) {
        @Nullable ObjectNode operation = operation(entry.event());
        return operation == null
                ? Sse.json(entry)
                : Sse.unnamed(("[" + operation + "]").getBytes(StandardCharsets.UTF_8), entry);
    }

    private @Nullable ObjectNode operation(Event event) {
        if (event instanceof Event.FieldSet set) {
            // "add" replaces a member that is there (section 4.1); of the root there always is a value to replace.
            ObjectNode operation = operation(set.path().isEmpty() ? "replace" : "add", set.path());
            operation.putRawValue("value", new RawValue(set.literal()));
            return operation;
        }
        return event instanceof Event.FieldAppend append
                ? operation("replace", append.path()).put("value", document.string(append.path()))
                : null;
    }

    private static ObjectNode operation(String name, String path) {
        return JsonNodeFactory.instance.objectNode().put("op", name).put("path", path);
    }
}
