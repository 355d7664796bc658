package rivulet;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import rivulet.simulator.Script;

/** The README's tables say what the code says. */
@Timeout(value = 20, unit = TimeUnit.SECONDS)
class ReadmeTest {
    /** The rows of the table that follows a heading. */
    private static List<String> table(String heading) throws IOException {
        List<String> lines = Files.readAllLines(Path.of("README.md"));
        int at = lines.indexOf("## " + heading);
        List<String> rows = new ArrayList<>();
        boolean inTable = false;
        for (String line : lines.subList(at + 1, lines.size())) {
            if (line.startsWith("|")) {
                rows.add(line);
                inTable = true;
            } else if (inTable) {
                break;
            }
        }
        return rows.subList(2, rows.size());
    }

    @Test
    void theSettingsAreThoseThatAreRead() throws IOException {
        List<String> rows = Arrays.stream(Setting.values())
                .map(s -> "| `%s` | %s | %s |"
                        .formatted(s.name(), s.defaultText().isEmpty() ? "" : "`" + s.defaultText() + "`", s.meaning()))
                .toList();
        assertEquals(String.join("\n", rows), String.join("\n", table("Settings")));
    }

    @Test
    void theDirectivesAreThoseOfTheSimulator() throws IOException {
        List<String> rows = new ArrayList<>();
        Script.directives().forEach((name, meaning) -> rows.add("| `" + name + "` | " + meaning + " |"));
        assertEquals(String.join("\n", rows), String.join("\n", table("The simulator's models")));
    }
}
