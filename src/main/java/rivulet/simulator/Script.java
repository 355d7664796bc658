package rivulet.simulator;

import java.time.Duration;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a model's name asks the simulator to do. A name that is {@code sim} or begins with {@code sim-} is read as
 * directives, in any order; each {@link Slot} is filled at most once. Any other name, {@code gpt-4o-mini} say, asks for
 * nothing: prose, at 40 tokens a second, 150 ms after the request.
 *
 * <table>
 * <caption>Directives</caption>
 * <tr><th>slot</th><th>directives</th></tr>
 * <tr><td>rate</td><td>{@code fast}, {@code <n>tps}</td></tr>
 * <tr><td>wait</td><td>{@code wait-<time>}</td></tr>
 * <tr><td>size</td><td>{@code <n>tokens}</td></tr>
 * <tr><td>answer</td><td>{@code echo}, {@code markdown}, {@code refusal}, {@code tools}</td></tr>
 * <tr><td>reasoning</td><td>{@code reasoning}</td></tr>
 * <tr><td>finish</td><td>{@code length}, {@code filter}</td></tr>
 * <tr><td>fault</td><td>{@code cut-after-<n>}, {@code end-after-<n>}, {@code stall}, {@code stall-after-<n>},
 *     {@code bad-json}, {@code error-mid-stream}, {@code not-sse}, {@code 400}, {@code 401}, {@code 403}, {@code 404},
 *     {@code 429}, {@code 429-retry-<time>}, {@code quota}, {@code 500}, {@code 502-html}, {@code 503}</td></tr>
 * <tr><td>bytes</td><td>{@code drip}</td></tr>
 * <tr><td>comments</td><td>{@code comments}</td></tr>
 * <tr><td>usage</td><td>{@code no-usage}</td></tr>
 * </table>
 *
 * A time is {@code 250ms}, {@code 2s} or {@code 1m}; {@link #directives} says what each one means.
 */
public final class Script {
    private static final String PREFIX = "sim";
    private static final double USUAL_TOKENS_PER_SECOND = 40;
    private static final Duration USUAL_WAIT = Duration.ofMillis(150);
    private static final Duration USUAL_RETRY_AFTER = Duration.ofSeconds(1);
    /** Deltas before a fault in mid-stream: enough that there is a text to keep. */
    private static final int USUAL_AFTER = 3;

    private final Map<Slot, Choice> choices;

    private Script(Map<Slot, Choice> choices) {
        this.choices = choices;
    }

    /** The script that a model's name stands for; a directive that is unknown or contradicts another is refused. */
    static Script parse(String model) {
        Map<Slot, Choice> choices = new EnumMap<>(Slot.class);
        boolean scripted = model.equals(PREFIX) || model.startsWith(PREFIX + "-");
        String rest = scripted ? model.substring(PREFIX.length()) : "";
        while (!rest.isEmpty()) {
            // What is left begins with the hyphen before the next directive.
            rest = rest.substring(1);
            @Nullable Choice choice = Choice.at(rest);
            if (choice == null) {
                throw unknown(model, rest);
            }
            @Nullable Choice before = choices.put(choice.directive.slot, choice);
            if (before != null) {
                throw contradiction(model, before.text, choice.text);
            }
            rest = rest.substring(choice.text.length());
        }
        return new Script(choices);
    }

    /** Every directive as it is written, {@code <n>} and {@code <time>} being its values, and what it does, in a line. */
    public static Map<String, String> directives() {
        Map<String, String> meanings = new LinkedHashMap<>();
        for (Directive directive : Directive.values()) {
            meanings.put(directive.syntax, directive.meaning);
        }
        return Collections.unmodifiableMap(meanings);
    }

    boolean has(Directive directive) {
        @Nullable Choice choice = choices.get(directive.slot);
        return choice != null && choice.directive == directive;
    }

    Optional<Directive> fault() {
        return Optional.ofNullable(choices.get(Slot.FAULT)).map(Choice::directive);
    }

    /** The time from the request to the first byte of the response. */
    Duration firstByteAfter() {
        return duration(Slot.WAIT, has(Directive.FAST) ? Duration.ZERO : USUAL_WAIT);
    }

    /** The time between two deltas. */
    Duration gap() {
        if (has(Directive.FAST)) {
            return Duration.ZERO;
        }
        double perSecond = value(Slot.RATE).map(Double::parseDouble).orElse(USUAL_TOKENS_PER_SECOND);
        return Duration.ofNanos((long) (1e9 / perSecond));
    }

    OptionalInt tokens() {
        Optional<String> value = value(Slot.SIZE);
        return value.isPresent() ? OptionalInt.of(Integer.parseInt(value.get())) : OptionalInt.empty();
    }

    /** How many deltas come before the fault. */
    int deltasBeforeFault() {
        return has(Directive.STALL)
                ? 0
                : value(Slot.FAULT).map(Integer::parseInt).orElse(USUAL_AFTER);
    }

    Duration retryAfter() {
        return duration(Slot.FAULT, USUAL_RETRY_AFTER);
    }

    private Duration duration(Slot slot, Duration usual) {
        return value(slot).map(Script::duration).orElse(usual);
    }

    private Optional<String> value(Slot slot) {
        return Optional.ofNullable(choices.get(slot)).map(Choice::value).filter(value -> !value.isEmpty());
    }

    private static Duration duration(String text) {
        long count = Long.parseLong(text.replaceAll("\\D", ""));
        if (text.endsWith("ms")) {
            return Duration.ofMillis(count);
        }
        return text.endsWith("s") ? Duration.ofSeconds(count) : Duration.ofMinutes(count);
    }

    private static ApiError unknown(String model, String rest) {
        return ApiError.noSuchModel("The model `" + model + "` does not exist: `" + rest
                + "` begins with no directive of the simulator. Known ones, each at most once, joined by hyphens after `"
                + PREFIX + "`: " + String.join(", ", directives().keySet()) + ".");
    }

    private static ApiError contradiction(String model, String one, String other) {
        return ApiError.noSuchModel(
                "The model `" + model + "` does not exist: `" + one + "` and `" + other + "` exclude each other.");
    }

    /** What a directive decides. */
    enum Slot {
        RATE,
        WAIT,
        SIZE,
        ANSWER,
        REASONING,
        FINISH,
        FAULT,
        BYTES,
        COMMENTS,
        USAGE
    }

    /** One of the words of which a scripted name is made. */
    enum Directive {
        FAST(Slot.RATE, "fast", "no delay at all"),
        TPS(Slot.RATE, "<n>tps", "n tokens a second (default 40)"),
        WAIT(Slot.WAIT, "wait-<time>", "nothing is sent for so long, not even the head (default 150ms)"),
        TOKENS(Slot.SIZE, "<n>tokens", "an answer of exactly n tokens, up to 99999, where it is prose or Markdown"),
        ECHO(Slot.ANSWER, "echo", "the answer is the last user message, unchanged"),
        MARKDOWN(Slot.ANSWER, "markdown", "an answer with headings, a list, a table and code"),
        REFUSAL(Slot.ANSWER, "refusal", "the model refuses"),
        TOOLS(Slot.ANSWER, "tools", "a call of the request's first tool, else of get_weather"),
        REASONING(Slot.REASONING, "reasoning", "reasoning comes before the answer"),
        LENGTH(Slot.FINISH, "length", "cut in the middle, as by max_tokens"),
        FILTER(Slot.FINISH, "filter", "cut in the middle, as by a content filter"),
        CUT(Slot.FAULT, "cut-after-<n>", "the connection breaks after n deltas"),
        END(Slot.FAULT, "end-after-<n>", "the body ends cleanly after n deltas, without a terminal marker"),
        STALL(Slot.FAULT, "stall", "the head, then silence for ever"),
        STALL_AFTER(Slot.FAULT, "stall-after-<n>", "n deltas, then silence for ever"),
        BAD_JSON(Slot.FAULT, "bad-json", "one event in the middle is not JSON"),
        ERROR_MID_STREAM(Slot.FAULT, "error-mid-stream", "an error event after some deltas"),
        NOT_SSE(Slot.FAULT, "not-sse", "200 with a page of HTML"),
        STATUS_400(Slot.FAULT, "400", "the request is invalid"),
        STATUS_401(Slot.FAULT, "401", "the key is wrong; the message holds a part of it, if there is one"),
        STATUS_403(Slot.FAULT, "403", "the country is not supported"),
        STATUS_404(Slot.FAULT, "404", "there is no such model"),
        STATUS_429(Slot.FAULT, "429", "too many requests, Retry-After: 1"),
        STATUS_429_RETRY(Slot.FAULT, "429-retry-<time>", "too many requests, with that Retry-After"),
        QUOTA(Slot.FAULT, "quota", "429, the quota is used up"),
        STATUS_500(Slot.FAULT, "500", "the server had an error"),
        HTML_502(Slot.FAULT, "502-html", "a proxy's 502 page"),
        STATUS_503(Slot.FAULT, "503", "overloaded"),
        DRIP(Slot.BYTES, "drip", "every byte in a write of its own"),
        COMMENTS(Slot.COMMENTS, "comments", "comments between the events"),
        NO_USAGE(Slot.USAGE, "no-usage", "nothing is said about usage");

        private final Slot slot;
        private final String syntax;
        private final String meaning;
        private final Pattern pattern;

        Directive(Slot slot, String syntax, String meaning) {
            this.slot = slot;
            this.syntax = syntax;
            this.meaning = meaning;
            // A rate or a size of 0 would never end or never be; five digits keep an answer within a few megabytes.
            String count = slot == Slot.FAULT ? "(\\\\d{1,5})" : "([1-9]\\\\d{0,4})";
            String regex = syntax.replaceFirst("<n>", count).replaceFirst("<time>", "(\\\\d{1,5}(?:ms|s|m))");
            this.pattern = Pattern.compile(regex + "(?=-|$)");
        }
    }

    /** A directive as a name has it, with its value or none. */
    private record Choice(Directive directive, String text, String value) {
        /** The directive that the text begins with, the longest if there are several: {@code stall-after-3}, not {@code stall}. */
        static @Nullable Choice at(String text) {
            @Nullable Choice longest = null;
            for (Directive directive : Directive.values()) {
                Matcher matcher = directive.pattern.matcher(text);
                if (matcher.lookingAt() && (longest == null || matcher.end() > longest.text.length())) {
                    String value = matcher.groupCount() == 0 ? "" : matcher.group(1);
                    longest = new Choice(directive, matcher.group(), value);
                }
            }
            return longest;
        }
    }
}
