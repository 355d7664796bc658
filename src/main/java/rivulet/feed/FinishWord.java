package rivulet.feed;

import java.util.Locale;
import java.util.Optional;
import rivulet.log.FinishReason;

/** What providers' words for why an answer ended mean: {@code finish_reason} has more of them than OpenAI's five. */
final class FinishWord {
    private FinishWord() {}

    /** The reason that the word stands for; of one that nobody knows the model had said all. Empty: the answer broke off. */
    static Optional<FinishReason> reason(String word) {
        // Gemini: content_filter: RECITATION.
        String plain =
                word.toLowerCase(Locale.ROOT).replace('-', '_').split(":", 2)[0].strip();
        return switch (plain) {
            case "length",
                    "max_tokens",
                    "model_length",
                    "max_output_tokens",
                    "model_context_window_exceeded",
                    "token_limit",
                    "time_limit",
                    "repetition",
                    "repetition_truncation" -> Optional.of(FinishReason.LENGTH);
            case "tool_calls", "tool_call", "function_call", "tool_use" -> Optional.of(FinishReason.TOOL_CALLS);
            case "content_filter",
                    "content_filtered",
                    "safety",
                    "sensitive",
                    "recitation",
                    "prohibited_content",
                    "blocklist",
                    "blacklist",
                    "spii",
                    "image_safety",
                    "image_prohibited_content",
                    "image_recitation",
                    "error_toxic",
                    "guardrail_intervened" -> Optional.of(FinishReason.CONTENT_FILTER);
            case "refusal" -> Optional.of(FinishReason.REFUSAL);
            case "error",
                    "abort",
                    "aborted",
                    "cancelled",
                    "canceled",
                    "timeout",
                    "network_error",
                    "insufficient_system_resource",
                    "malformed_function_call",
                    "malformed_tool_use",
                    "malformed_model_output",
                    "malformed_response",
                    "unexpected_tool_call",
                    "too_many_tool_calls",
                    "function_call_filter" -> Optional.empty();
            default -> Optional.of(FinishReason.STOP);
        };
    }
}
