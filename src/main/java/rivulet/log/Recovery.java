package rivulet.log;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What another node needs to go on with a stream whose node dies: facts, and a place, which moves with the log.
 *
 * <p>A place is a number of the upstream's and an index of the log: what the upstream said up to that number, and nothing
 * else, is told by the entries up to that index. The log may be further than its place. Who goes on asks for what follows
 * the number and finds the entries beyond the index again; so a place is never wrong, only more or less far behind.
 *
 * <pre>
 * facts {"upstream":"api.openai.com","response":"resp_67c9…","began":1763690000000,"unwatched":false}
 * at    "41 39 210 1": the number, the index, ms to the first delta (-1: none yet), 1 once a viewer has come
 * </pre>
 *
 * <p>The producer's thread moves it; all may read it.
 */
public final class Recovery {
    private static final ObjectMapper MAPPER = SharedBuffers.mapper().build();
    /** Before the upstream's first number, and after the log's start. */
    private static final long NOWHERE = place(-1, 0);

    private final Origin origin;
    private final boolean unwatched;
    private final long beganMillis;
    private volatile long place = NOWHERE;
    private volatile @Nullable Duration ttft;
    private volatile boolean visited;

    /**
     * @param unwatched whether the stream goes on to its end though nobody watches
     * @param beganMillis when it began, in milliseconds since 1970
     */
    public Recovery(Origin origin, boolean unwatched, long beganMillis) {
        this.origin = origin;
        this.unwatched = unwatched;
        this.beganMillis = beganMillis;
    }

    /** Which answer it is. */
    public Origin origin() {
        return origin;
    }

    /** Whether the stream goes on to its end though nobody watches. */
    public boolean unwatched() {
        return unwatched;
    }

    /** When the stream began, in milliseconds since 1970. */
    public long beganMillis() {
        return beganMillis;
    }

    /** All that the upstream said up to a number is told by the entries up to an index. */
    public void told(int sequence, int index, @Nullable Duration firstDeltaAfter) {
        ttft = firstDeltaAfter;
        place = place(sequence, index);
    }

    /** The upstream's number of its place, -1 before the first. */
    public int sequence() {
        return (int) (place >> Integer.SIZE);
    }

    /** The log's index of its place. */
    public int index() {
        return (int) place;
    }

    /** From the stream's creation to its first delta, if it had one. */
    public @Nullable Duration ttft() {
        return ttft;
    }

    /** A viewer has come. */
    public void visit() {
        visited = true;
    }

    /** Whether a viewer has ever come; if not, the stream waits for one. */
    public boolean visited() {
        return visited;
    }

    /** What never changes, as JSON. */
    String facts() {
        ObjectNode facts = EventJson.object()
                .put("upstream", origin.upstream())
                .put("response", origin.response())
                .put("began", beganMillis)
                .put("unwatched", unwatched);
        return EventJson.text(origin.schema() == null ? facts : facts.put("schema", origin.schema()));
    }

    /** Its place, unless that is beyond what is known of the log. */
    Optional<String> at(int head) {
        long now = place;
        Duration first = ttft;
        return (int) now > head
                ? Optional.empty()
                : Optional.of((int) (now >> Integer.SIZE) + " " + (int) now + " "
                        + (first == null ? -1 : first.toMillis()) + (visited ? " 1" : " 0"));
    }

    /**
     * Reads what {@link #facts} and {@link #at} wrote.
     *
     * @throws IllegalArgumentException if they did not
     */
    static Recovery read(String facts, String at) {
        try {
            JsonNode json = MAPPER.readTree(facts);
            Origin origin = new Origin(
                    json.path("upstream").asText(),
                    json.path("response").asText(),
                    json.has("schema") ? json.path("schema").asText() : null);
            Recovery recovery = new Recovery(
                    origin,
                    json.path("unwatched").asBoolean(),
                    json.path("began").asLong());
            String[] parts = at.split(" ", -1);
            int millis = Integer.parseInt(parts[2]);
            recovery.told(
                    Integer.parseInt(parts[0]),
                    Integer.parseInt(parts[1]),
                    millis < 0 ? null : Duration.ofMillis(millis));
            recovery.visited = parts[3].equals("1");
            return recovery;
        } catch (JsonProcessingException | ArrayIndexOutOfBoundsException e) {
            throw new IllegalArgumentException("no recovery reads so", e);
        }
    }

    private static long place(int sequence, int index) {
        return ((long) sequence << Integer.SIZE) | index;
    }
}
