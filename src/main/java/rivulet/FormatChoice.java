package rivulet;

import io.javalin.http.Context;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import rivulet.log.Kind;
import rivulet.wire.Format;

/** Which format a request asks for: {@code format} in its query, then its {@code Accept}, then the route's own. */
final class FormatChoice {
    private static final String PARAMETER = "format";
    private static final List<String> NAMES =
            Arrays.stream(Format.values()).map(Format::wireName).distinct().toList();

    private FormatChoice() {}

    /**
     * The format that a request asks for.
     *
     * @param otherwise the route's own; where it is a form of plain text, it is what {@code format=text} means there
     */
    static Format of(Context ctx, Fields query, Format otherwise) {
        Optional<Format> named = query.choice(PARAMETER, NAMES).map(name -> named(name, otherwise));
        return named.or(() -> accepts(ctx, Format.NDJSON.contentType()) ? Optional.of(Format.NDJSON) : Optional.empty())
                .orElse(otherwise);
    }

    /** Refuses a format that cannot show such a stream. */
    static void requireSuits(Format format, Kind kind) {
        if (!format.suits(kind)) {
            throw RequestError.badRequest("The format %s does not suit a stream of kind %s; take json or ndjson."
                    .formatted(format.wireName(), kind.wireName()));
        }
    }

    /** Refuses a format that cannot show what is asked for. */
    static void requireSuits(Format format, Asked asked) {
        requireSuits(format, asked.kind());
        if (format == Format.STATUS && !asked.texts()) {
            throw RequestError.badRequest(
                    "The format status shows a document whose members are all strings, which the schema rules out;"
                            + " take json or ndjson.");
        }
    }

    /**
     * Whether the client wants one JSON answer rather than a stream: it names no format in its query, and in its {@code
     * Accept} JSON and nothing that streams.
     */
    static boolean wantsState(Context ctx, Fields query) {
        return !query.has(PARAMETER)
                && accepts(ctx, "application/json")
                && !accepts(ctx, "text/event-stream")
                && !accepts(ctx, "*/*");
    }

    private static Format named(String name, Format otherwise) {
        return otherwise.wireName().equals(name) ? otherwise : Format.valueOf(name.toUpperCase(Locale.ROOT));
    }

    /** Whether a type is named, on any line of the header, and not with the weight 0 (RFC 9110, sections 5.3, 12.4.2). */
    private static boolean accepts(Context ctx, String type) {
        return Collections.list(ctx.req().getHeaders("Accept")).stream()
                .flatMap(line -> Arrays.stream(line.split(",", -1)))
                .map(range -> Arrays.stream(range.toLowerCase(Locale.ROOT).split(";", -1))
                        .map(String::strip)
                        .toList())
                .anyMatch(range -> range.get(0).equals(type)
                        && range.stream().noneMatch(parameter -> parameter.matches("q=0(\\.0*)?")));
    }
}
