package rivulet.wire;

import java.nio.charset.StandardCharsets;
import rivulet.log.Entry;
import rivulet.log.EventJson;

/** Newline-delimited JSON: one object a line, its index first, then its name if it has one, then its members. */
final class Ndjson {
    private Ndjson() {}

    static byte[] line(Entry entry) {
        byte[] payload = JsonLine.of(EventJson.payload(entry));
        String name = EventJson.name(entry.event())
                .map(n -> ",\"event\":\"" + n + "\"")
                .orElse("");
        byte[] head = ("{\"n\":" + entry.index() + name + ",").getBytes(StandardCharsets.US_ASCII);
        // The payload's own opening brace gives way to the head, and a line end follows.
        byte[] line = new byte[head.length + payload.length];
        System.arraycopy(head, 0, line, 0, head.length);
        System.arraycopy(payload, 1, line, head.length, payload.length - 1);
        line[line.length - 1] = '\n';
        return line;
    }
}
