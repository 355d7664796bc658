package rivulet;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The {@code .env} file: lines of {@code NAME=value}, read as python-dotenv reads them, but for its escapes. The value
 * may be in single or double quotes, and then hold line ends; {@code export} may stand before the name; what follows a
 * {@code #} after a space is a comment.
 *
 * <p>What is not understood is refused, and never passed over: it may be what guards the server. No error quotes it: it
 * may be a key.
 *
 * @param variables what the file sets
 * @param unfinished those of them that have a {@code ${…}}
 */
record DotEnv(Map<String, String> variables, Set<String> unfinished) {
    private static final String FORM =
            "its lines must read NAME=value, and a value that begins with a quote must end with the same one";

    private static final String VALUE =
            "(?:\"(?<doubled>[^\"]*)\"\\h*(?:#.*)?|'(?<single>[^']*)'\\h*(?:#.*)?|(?<bare>(?![\"']).*?)\\h*(?:(?<=\\h)#.*)?)";
    /** Compiled only where there is a file: that takes a while, at the start. */
    private static final String LINE = "\\h*(?:#.*|(?:export\\h+)?(?<name>[\\w.-]+)\\h*=\\h*" + VALUE + ")?(?:\\R|\\z)";

    /**
     * Reads a file; without one nothing is set.
     *
     * @throws SettingError for a file that cannot be read, or not understood
     */
    static DotEnv read(Path file) {
        try {
            return parse(Files.readString(file));
        } catch (NoSuchFileException e) {
            return new DotEnv(Map.of(), Set.of());
        } catch (IOException e) {
            throw new SettingError(".env cannot be read, though it is there (%s); it must be a text file in UTF-8"
                    .formatted(e.getClass().getSimpleName()));
        }
    }

    /** Reads the text of a file; of two values for one name the last counts. */
    static DotEnv parse(String text) {
        Map<String, String> variables = new HashMap<>();
        Set<String> unfinished = new HashSet<>();
        Matcher line = Pattern.compile(LINE).matcher(text);
        // Some editors begin a file with a byte order mark.
        int at = text.startsWith("\uFEFF") ? 1 : 0;
        while (at < text.length()) {
            if (!line.region(at, text.length()).lookingAt()) {
                throw new SettingError(".env cannot be understood from line %d on; %s"
                        .formatted(text.substring(0, at).lines().count() + 1, FORM));
            }
            String name = line.group("name");
            if (name != null) {
                variables.put(name, value(line));
                unfinished.remove(name);
                if (line.group("single") == null && value(line).contains("${")) {
                    unfinished.add(name);
                }
            }
            at = line.end();
        }
        return new DotEnv(variables, unfinished);
    }

    /**
     * A variable's value; null if the file does not set it.
     *
     * @throws SettingError for one that some readers fill another's value in: taken as it is, it would be a key or a token
     */
    @Nullable
    String get(String name) {
        if (unfinished.contains(name)) {
            throw new SettingError(
                    ".env has a ${…} in the value of %s, which is not filled in; write the value itself, or '…' around it if it is meant so"
                            .formatted(name));
        }
        return variables.get(name);
    }

    private static String value(Matcher line) {
        String quoted = line.group("doubled") != null ? line.group("doubled") : line.group("single");
        return quoted != null ? quoted : line.group("bare");
    }
}
