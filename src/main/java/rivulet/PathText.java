package rivulet;

import java.util.Arrays;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A prompt that stands in the address, put there unencoded by a page: a {@code ?} in it begins what looks like a query,
 * and a {@code %} need not be the beginning of an escape.
 *
 * @param text the prompt
 * @param hasParameters whether the query is one, rather than the rest of the prompt
 */
record PathText(String text, boolean hasParameters) {
    /** A query with one of these is a query. */
    private static final Set<String> PARAMETERS = Set.of(
            "format",
            Position.PARAMETER,
            Fields.POLYFILLS_POSITION,
            IdempotencyKey.PARAMETER,
            "model",
            "instructions",
            "temperature",
            "top_p",
            "max_output_tokens",
            "seed",
            "stop",
            "reasoning_effort");

    /** The prompt behind a prefix of the path as it came. */
    static PathText of(String rawPath, String prefix, @Nullable String rawQuery) {
        String raw = rawPath.substring(Math.min(prefix.length(), rawPath.length()));
        boolean parameters = rawQuery != null
                && Arrays.stream(rawQuery.split("&", -1)).anyMatch(p -> PARAMETERS.contains(p.split("=", 2)[0]));
        String text = rawQuery == null || parameters ? raw : raw + "?" + rawQuery;
        return new PathText(Percent.decode(text), parameters);
    }
}
