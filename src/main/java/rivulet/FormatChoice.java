package rivulet;

import io.javalin.http.Context;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Predicate;
import rivulet.log.Kind;
import rivulet.wire.Format;

/** Which format a request asks for: {@code format} in its query, then its {@code Accept}, then the route's own. */
final class FormatChoice {
    private static final String PARAMETER = "format";
    private static final List<String> NAMES = names(any -> true);

    private FormatChoice() {}

    /**
     * The format that a request asks for.
     *
     * @param otherwise the route's own; where it is a form of plain text, it is what {@code format=text} means there
     */
    static Format of(Context ctx, Fields query, Format otherwise) {
        Optional<Format> named = query.choice(PARAMETER, NAMES).map(name -> named(name, otherwise));
        double ndjson = weight(ctx, Format.NDJSON.contentType());
        return named.orElse(ndjson > 0 && ndjson >= weight(ctx, Format.JSON.contentType()) ? Format.NDJSON : otherwise);
    }

    /** Refuses a format that cannot show such a stream. */
    static void requireSuits(Format format, Kind kind) {
        if (!format.suits(kind)) {
            String suiting = String.join(", ", names(other -> other.suits(kind)));
            throw RequestError.badRequest("The format %s does not suit a stream of kind %s; take one of %s."
                    .formatted(format.wireName(), kind.wireName(), suiting));
        }
    }

    /** Refuses a format that cannot show what is asked for. */
    static void requireSuits(Format format, Asked asked) {
        requireSuits(format, asked.kind());
        if (format == Format.STATUS && !asked.texts()) {
            throw RequestError.badRequest(
                    "The format status shows a document whose members are all strings, which the schema rules out;"
                            + " take json, ndjson or patch.");
        }
    }

    /**
     * Whether the client wants one JSON answer rather than a stream: it names no format in its query, and in its {@code
     * Accept} JSON and nothing that streams.
     */
    static boolean wantsState(Context ctx, Fields query) {
        return !query.has(PARAMETER)
                && weight(ctx, "application/json") > 0
                && weight(ctx, Format.JSON.contentType()) == 0
                && weight(ctx, "*/*") == 0;
    }

    private static List<String> names(Predicate<Format> which) {
        return Arrays.stream(Format.values())
                .filter(which)
                .map(Format::wireName)
                .distinct()
                .toList();
    }

    private static double weight(Context ctx, String contentType) {
        return Requests.weight(ctx, "Accept", contentType);
    }

    private static Format named(String name, Format otherwise) {
        return otherwise.wireName().equals(name) ? otherwise : Format.valueOf(name.toUpperCase(Locale.ROOT));
    }
}
