package rivulet;

import io.javalin.http.Context;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * How far a client has read.
 *
 * @param stream the stream's id
 * @param index the index of the last event it has
 * @param endTold whether this is an index that only {@link rivulet.wire.Viewers#showEnd} gives, with a zero before it: the
 *     client was told the end for certain
 */
record Position(String stream, int index, boolean endTold) {
    /** The parameter for clients that cannot set the header. */
    static final String PARAMETER = "last_event_id";

    private static final Pattern STREAM = Pattern.compile("[A-Za-z0-9_-]{16,64}");
    private static final Pattern FORM = Pattern.compile("(" + STREAM + ")\\.(\\d{1,18})");

    /** The position that a request names: by the {@code Last-Event-ID} header, else by the parameter; empty is absent. */
    static Optional<Position> of(Context ctx, Fields query) {
        Optional<String> parameter = query.string(PARAMETER);
        return Optional.ofNullable(ctx.header("Last-Event-ID"))
                .filter(id -> !id.isBlank())
                .or(() -> parameter.filter(id -> !id.isBlank()))
                .map(Position::parse);
    }

    /** Refuses what cannot be a stream's id. */
    static String requireStream(String id) {
        if (!STREAM.matcher(id).matches()) {
            throw RequestError.badRequest(
                    "A stream's id is 16 to 64 letters, digits, - or _, as in the Stream-Id header.");
        }
        return id;
    }

    private static Position parse(@Nullable String id) {
        Matcher matcher = FORM.matcher(String.valueOf(id).strip());
        // No log has an index beyond an int.
        if (!matcher.matches() || Long.parseLong(matcher.group(2)) > Integer.MAX_VALUE) {
            throw RequestError.badRequest(
                    "The last event id must be an id that this server sent: <stream>.<index>, the index from 0.");
        }
        String index = matcher.group(2);
        return new Position(matcher.group(1), Integer.parseInt(index), index.length() > 1 && index.startsWith("0"));
    }
}
