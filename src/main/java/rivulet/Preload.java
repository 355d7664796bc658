package rivulet;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.Security;
import java.util.List;
import java.util.Locale;
import java.util.Objects;

/**
 * Has the JVM load what is needed later while the start goes on beside it, in the order in which it is: the classes of the
 * start and of the first answer, since to take them out of the jar is most of what both do; then what OkHttp and Jetty
 * look through when they are made, ciphers and languages; and a JSON mapper's own tables.
 *
 * <p>The classes are named in {@code classlist}, which is made by the benchmark ({@code rivulet.bench.ClassList}). A JVM
 * that has them in an archive has no need of that, and would lose some twenty milliseconds by it.
 */
final class Preload implements Runnable {
    private static final String[] NONE = {};

    @Override
    public void run() {
        if (!archived(ProcessHandle.current().info().arguments().orElse(NONE))) {
            List<String> listed = listed();
            if (listed.isEmpty()) {
                // It is being made, of what is needed when.
                return;
            }
            load(listed, Preload.class.getClassLoader());
        }
        Object unused = Security.getProviders();
        unused = Locale.getAvailableLocales();
        try {
            unused = new ObjectMapper().readTree("{\"message\":[1]}");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Whether a JVM with these arguments has an archive of classes, or a cache of what it worked out of them. */
    static boolean archived(String... arguments) {
        for (String argument : arguments) {
            if (argument.startsWith("-XX:SharedArchiveFile=") || argument.startsWith("-XX:AOTCache=")) {
                return true;
            }
        }
        return false;
    }

    /** The names in the list, as {@link Class#getName} has them. */
    static List<String> listed() {
        try (InputStream list = Objects.requireNonNull(Preload.class.getResourceAsStream("classlist"))) {
            return new String(list.readAllBytes(), StandardCharsets.US_ASCII)
                    .lines()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Loads classes; those that are not there, as some are not on every Java, are passed over. None is initialized: two
     * threads that initialize classes which need one another could wait for ever (JLS 12.4.2).
     */
    static void load(List<String> names, ClassLoader loader) {
        for (String name : names) {
            try {
                Class.forName(name, false, loader);
            } catch (ClassNotFoundException | LinkageError e) {
                // Whoever needs it will be told.
            }
        }
    }
}
