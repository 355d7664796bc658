package rivulet.log;

import org.jspecify.annotations.Nullable;

/**
 * Which answer of which upstream a stream shows, where that answer goes on without a connection and can be asked for
 * again. Never holds a secret: another node has its own key for the upstream of that name.
 *
 * @param upstream its name in the settings
 * @param response the upstream's id of the answer
 * @param schema the JSON Schema of the document that the answer is; null: it is text
 */
public record Origin(
        String upstream, String response, @Nullable String schema) {}
