package rivulet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class PreloadTest {
    /** Of the JDK's own each Java has others, and of those without a name each compiler makes others. */
    private static final Pattern VARIES = Pattern.compile("(java|javax|jdk|sun|com\\.sun|org\\.jcp)\\..*|.*\\$\\d+");

    private static boolean initialized;

    /** Fails when a library's classes have got other names: {@code mvn -Pbench verify -Dbench.only=classlist}. */
    @Test
    void whatIsListedIsThere() {
        List<String> missing = new ArrayList<>();
        for (String name : Preload.listed()) {
            if (!VARIES.matcher(name).matches()) {
                try {
                    Class.forName(name, false, PreloadTest.class.getClassLoader());
                } catch (ClassNotFoundException e) {
                    missing.add(name);
                }
            }
        }
        assertEquals(List.of(), missing, "made anew by mvn -Pbench verify -Dbench.only=classlist");
    }

    @Test
    void whatTheFirstAnswerNeedsIsListedOnce() {
        List<String> listed = Preload.listed();
        assertTrue(listed.containsAll(List.of(
                "rivulet.Routes",
                "rivulet.feed.ChatCompletionsReader",
                "rivulet.log.MemoryLog",
                "rivulet.wire.Viewer",
                "org.eclipse.jetty.server.internal.HttpConnection",
                "io.javalin.http.sse.SseClient",
                "okhttp3.internal.connection.RealCall",
                "com.fasterxml.jackson.databind.ObjectMapper")));
        assertEquals(listed.size(), new HashSet<>(listed).size());
    }

    @Test
    void whatIsNotThereOrCannotBeLoadedIsPassedOver() {
        List<String> asked = new ArrayList<>();
        ClassLoader loader = new ClassLoader() {
            @Override
            protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
                asked.add(name);
                if (name.equals("broken.Class")) {
                    throw new NoClassDefFoundError("broken/Super");
                }
                return super.loadClass(name, resolve);
            }
        };
        List<String> names = List.of("no.such.Class", "broken.Class", "rivulet.Preload");
        Preload.load(names, loader);
        assertEquals(names, asked);
    }

    @Test
    void nothingIsInitialized() {
        Preload.load(List.of(Initialized.class.getName()), PreloadTest.class.getClassLoader());
        assertFalse(initialized);
    }

    @Test
    void anArchiveIsSeenInTheArguments() {
        assertTrue(Preload.archived("-XX:SharedArchiveFile=rivulet.jsa", "-jar", "rivulet.jar"));
        assertTrue(Preload.archived("-XX:AOTCache=rivulet.aot", "-jar", "rivulet.jar"));
        assertFalse(Preload.archived("-XX:AOTCacheOutput=rivulet.aot", "-jar", "rivulet.jar"));
    }

    private static final class Initialized {
        static {
            initialized = true;
        }
    }
}
