package rivulet;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** What was given for the settings, each read as what it must be; a {@link SettingError} says what would have been right. */
final class SettingValues {
    private final Map<Setting, String> given;

    /** @param given the texts of the settings that were given */
    SettingValues(Map<Setting, String> given) {
        this.given = given;
    }

    /**
     * The text that was given, without space around it, or the default's. An empty one counts as none: {@code PORT= java
     * -jar …} is how shells take a setting back.
     */
    String text(Setting setting) {
        String text = given.getOrDefault(setting, "").strip();
        return text.isEmpty() ? setting.defaultText() : text;
    }

    private <T> T value(Setting setting, String wanted, Function<String, Optional<T>> parse) {
        String text = text(setting);
        return parse.apply(text).orElseThrow(() -> SettingError.invalid(setting.name(), text, wanted));
    }

    /** A whole number. */
    int number(Setting setting, int least, int most) {
        return Math.toIntExact(number(setting, (long) least, (long) most));
    }

    /** A whole number, perhaps a large one. */
    long number(Setting setting, long least, long most) {
        return value(
                setting,
                "a whole number from " + least + " to " + most,
                text -> Optional.of(text)
                        .filter(t -> t.matches("\\d{1,18}"))
                        .map(Long::parseLong)
                        .filter(n -> n >= least && n <= most));
    }

    /** A length of time, perhaps none. */
    Duration duration(Setting setting) {
        return duration(setting, Durations.FORM);
    }

    /** A length of time; {@code wanted} says what else the setting takes. */
    Duration duration(Setting setting, String wanted) {
        return value(setting, wanted, Durations::parse);
    }

    /** A length of time, longer than nothing. */
    Duration positive(Setting setting) {
        return value(
                setting,
                Durations.FORM + ", longer than nothing",
                text -> Durations.parse(text).filter(d -> !d.isZero()));
    }

    /** One of some words, in whatever case. */
    String choice(Setting setting, String... choices) {
        return value(
                setting,
                "one of " + String.join(", ", choices),
                text -> Optional.of(text.toLowerCase(Locale.ROOT)).filter(Arrays.asList(choices)::contains));
    }

    /** The parts of a list that is separated by commas; an empty text is an empty list. */
    List<String> list(Setting setting) {
        List<String> parts = Arrays.stream(text(setting).split(",", -1))
                .map(String::strip)
                .filter(part -> !part.isEmpty())
                .toList();
        // Many lists name those that may: one of nothing but commas is hardly meant to let in everyone.
        if (parts.isEmpty() && !text(setting).isEmpty()) {
            throw SettingError.invalid(setting.name(), text(setting), "a list with something in it, or empty");
        }
        return parts;
    }
}
