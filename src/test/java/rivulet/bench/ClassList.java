package rivulet.bench;

import java.io.IOException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Makes the list of the classes that the server loads ahead of its start and its first answer: those that the JVM takes
 * out of the jar, or out of the JDK, until then, in the order in which it does without a list. On the Java that runs this,
 * and on {@code bench.java}, if that is another: what only one of them has, the other passes over.
 *
 * <pre>mvn -Pbench verify -Dbench.only=classlist [-Dbench.java=/path/to/java]</pre>
 */
final class ClassList {
    private static final Path LIST = Path.of("src", "main", "resources", "rivulet", "classlist");
    private static final Path UNLISTED = Path.of("target", "unlisted.jar");
    private static final Path LOADED = Path.of("target", "bench-loaded.log");

    private static final Pattern LINE = Pattern.compile("(?<name>\\S+) source: (?:file|jrt):.*");
    private static final Map<String, String> AS_IT_COMES =
            Map.of("OPENAI_BASE_URL", "", "OPENAI_API_KEY", "", "LOG_LEVEL", "", "LOG_FORMAT", "");

    private ClassList() {}

    static void make() throws IOException {
        Files.copy(Relay.JAR, UNLISTED, StandardCopyOption.REPLACE_EXISTING);
        try (FileSystem jar = FileSystems.newFileSystem(UNLISTED)) {
            Files.writeString(jar.getPath("rivulet", "classlist"), "");
        }
        Set<String> names = new LinkedHashSet<>();
        for (String java : new LinkedHashSet<>(List.of(Relay.java(), Relay.ownJava()))) {
            names.addAll(loaded(java));
        }
        Files.write(LIST, names);
        System.out.println(LIST + ": " + names.size() + " classes");
    }

    private static List<String> loaded(String java) throws IOException {
        try (Relay relay = Relay.rivulet(java, UNLISTED, 1, AS_IT_COMES, "-Xlog:class+load:file=" + LOADED + ":none")) {
            Start.awaitDelta(relay);
            // Others are in every JVM, or made by it. The last line may be cut: it lacks its source, or a part of that.
            return Files.readAllLines(LOADED).stream()
                    .map(LINE::matcher)
                    .filter(Matcher::matches)
                    .map(line -> line.group("name"))
                    .toList();
        }
    }
}
