package rivulet.simulator;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import rivulet.simulator.Script.Directive;

/**
 * What the model says to a prompt, in tokens.
 *
 * @param kind what the tokens are
 * @param reasoning tokens that come first
 * @param tokens tokens of the answer: of a text, a refusal, or the arguments of a tool call
 * @param finish why it ends
 */
record Answer(Kind kind, List<String> reasoning, List<String> tokens, Finish finish) {
    enum Kind {
        TEXT,
        REFUSAL,
        TOOL_CALL
    }

    enum Finish {
        STOP,
        TOOL_CALLS,
        LENGTH,
        CONTENT_FILTER
    }

    static Answer to(Prompt prompt) {
        Language language = Language.of(prompt.question());
        Kind kind = kind(prompt);
        List<String> reasoning =
                prompt.script().has(Directive.REASONING) ? Tokens.of(language.reasoning(prompt.question())) : List.of();
        List<String> tokens = switch (kind) {
            case TOOL_CALL -> document(prompt, language, prompt.tool().parameters());
            case REFUSAL -> Tokens.of(language.refusal());
            case TEXT -> text(prompt, language);
        };
        Answer whole = new Answer(kind, reasoning, tokens, kind == Kind.TOOL_CALL ? Finish.TOOL_CALLS : Finish.STOP);
        return whole.scripted(prompt.script())
                .stopped(prompt.stops())
                .limited(prompt.limit().orElse(Integer.MAX_VALUE));
    }

    String text() {
        return String.join("", tokens);
    }

    String reasoningText() {
        return String.join("", reasoning);
    }

    /** Whether the model said all that it wanted to. */
    boolean complete() {
        return finish == Finish.STOP || finish == Finish.TOOL_CALLS;
    }

    int size() {
        return reasoning.size() + tokens.size();
    }

    private static Kind kind(Prompt prompt) {
        if (prompt.script().has(Directive.REFUSAL)) {
            return Kind.REFUSAL;
        }
        boolean calls = prompt.script().has(Directive.TOOLS) && !prompt.toolAnswered();
        return calls ? Kind.TOOL_CALL : Kind.TEXT;
    }

    private static List<String> text(Prompt prompt, Language language) {
        if (prompt.script().has(Directive.ECHO)) {
            return Tokens.of(prompt.question());
        }
        if (prompt.script().has(Directive.MARKDOWN)) {
            return sized(prompt, language, language.markdown(prompt.question()));
        }
        return prompt.schema()
                .map(schema -> document(prompt, language, schema))
                .orElseGet(() -> sized(prompt, language, language.prose(prompt.question())));
    }

    private static List<String> document(Prompt prompt, Language language, JsonNode schema) {
        return Tokens.of(new SchemaDocument(schema, language, prompt.question()).text());
    }

    /** The text cut or continued to the length that the script asks for. */
    private static List<String> sized(Prompt prompt, Language language, String text) {
        List<String> tokens = new ArrayList<>(Tokens.of(text));
        int size = prompt.script().tokens().orElse(tokens.size());
        for (int number = 1; tokens.size() < size; number++) {
            tokens.addAll(Tokens.of(language.more(number)));
        }
        return tokens.subList(0, size);
    }

    private Answer scripted(Script script) {
        if (script.has(Directive.LENGTH)) {
            return cut(size() - tokens.size() / 2, Finish.LENGTH);
        }
        return script.has(Directive.FILTER) ? cut(size() - tokens.size() / 2, Finish.CONTENT_FILTER) : this;
    }

    /** Ended before the first of those texts. */
    private Answer stopped(List<String> stops) {
        if (stops.isEmpty() || kind != Kind.TEXT) {
            return this;
        }
        String text = text();
        int end = stops.stream()
                .mapToInt(text::indexOf)
                .filter(at -> at >= 0)
                .min()
                .orElse(-1);
        return end < 0 ? this : new Answer(kind, reasoning, Tokens.of(text.substring(0, end)), Finish.STOP);
    }

    private Answer limited(int limit) {
        return size() > limit ? cut(limit, Finish.LENGTH) : this;
    }

    private Answer cut(int size, Finish finish) {
        int thoughts = Math.min(size, reasoning.size());
        return new Answer(kind, reasoning.subList(0, thoughts), tokens.subList(0, size - thoughts), finish);
    }
}
