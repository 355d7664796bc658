package rivulet.log;

import java.util.Locale;

/** What a stream is about. */
public enum Kind {
    /** A model's answer. */
    CHAT,
    /** Numbers counted down. */
    COUNTDOWN,
    /** A given text, as if a model said it. */
    FAKE_LLM,
    /** A model's answer that is one JSON document, shown field by field. */
    STRUCTURED;

    private final String wireName = name().toLowerCase(Locale.ROOT).replace('_', '-');

    /** Whether a model is asked, and somebody pays for the answer. */
    public boolean asksModel() {
        return this == CHAT || this == STRUCTURED;
    }

    /** The kind that stands so on the wire; throws {@link IllegalArgumentException} for what is none. */
    public static Kind ofWireName(String name) {
        return valueOf(name.toUpperCase(Locale.ROOT).replace('-', '_'));
    }

    /** The kind as it stands on the wire, such as {@code fake-llm}. */
    public String wireName() {
        return wireName;
    }
}
