package rivulet;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The {@code .env} file: lines of {@code NAME=value}, read as python-dotenv reads them, but for its escapes. The value
 * may be in single or double quotes, and then hold line ends; {@code export} may stand before the name; what follows a
 * {@code #} after a space is a comment.
 *
 * <p>What is not understood is refused, and never passed over: it may be what guards the server. No error quotes it: it
 * may be a key.
 */
final class DotEnv {
    private static final String FORM =
            "its lines must read NAME=value, and a value that begins with a quote must end with the same one";

    private static final String VALUE =
            "(?:\"(?<doubled>[^\"]*)\"\\h*(?:#.*)?|'(?<single>[^']*)'\\h*(?:#.*)?|(?<bare>(?![\"']).*?)\\h*(?:(?<=\\h)#.*)?)";
    /** Compiled only where there is a file: that takes a while, at the start. */
    private static final String LINE = "\\h*(?:#.*|(?:export\\h+)?(?<name>[\\w.-]+)\\h*=\\h*" + VALUE + ")?(?:\\R|\\z)";

    private DotEnv() {}

    /**
     * The variables that a file sets; none if there is no such file.
     *
     * @throws SettingError for a file that cannot be read, or not understood
     */
    static Map<String, String> read(Path file) {
        try {
            return parse(Files.readString(file));
        } catch (NoSuchFileException e) {
            return Map.of();
        } catch (IOException e) {
            throw new SettingError(".env cannot be read, though it is there (%s); it must be a text file in UTF-8"
                    .formatted(e.getClass().getSimpleName()));
        }
    }

    /** The variables that the text of a file sets; of two values for one name the last. */
    static Map<String, String> parse(String text) {
        Map<String, String> variables = new HashMap<>();
        Matcher line = Pattern.compile(LINE).matcher(text);
        // Some editors begin a file with a byte order mark.
        int at = text.startsWith("\uFEFF") ? 1 : 0;
        while (at < text.length()) {
            if (!line.region(at, text.length()).lookingAt()) {
                throw new SettingError(".env cannot be understood from line %d on; %s"
                        .formatted(text.substring(0, at).lines().count() + 1, FORM));
            }
            if (line.group("name") != null) {
                variables.put(line.group("name"), value(line));
            }
            at = line.end();
        }
        return variables;
    }

    private static String value(Matcher line) {
        String quoted = line.group("doubled") != null ? line.group("doubled") : line.group("single");
        return quoted != null ? quoted : line.group("bare");
    }
}
