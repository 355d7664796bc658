package rivulet.log;

import org.jspecify.annotations.Nullable;

/**
 * What an answer cost, in tokens as the provider counts them.
 *
 * @param inputTokens tokens of the request, if known
 * @param outputTokens tokens of the answer, if known
 * @param totalTokens both together, if known
 * @param details what else the provider said about it, as one JSON object, if anything
 * @param estimated whether this was counted here, because the provider could no longer say
 */
public record Usage(
        @Nullable Long inputTokens,
        @Nullable Long outputTokens,
        @Nullable Long totalTokens,
        @Nullable String details,
        boolean estimated) {
    /** The same; of what it does not tell, what an earlier one told. */
    public Usage behind(Usage earlier) {
        return new Usage(
                inputTokens == null ? earlier.inputTokens : inputTokens,
                outputTokens == null ? earlier.outputTokens : outputTokens,
                totalTokens == null ? earlier.totalTokens : totalTokens,
                details == null ? earlier.details : details,
                estimated);
    }
}
