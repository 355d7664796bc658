package rivulet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What the collector has learned stands in its own log alone, so it is taught in a process of its own. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class G1RefinementTest {
    private static final Pattern GREEN_ZONE = Pattern.compile("green: (\\d+)");

    @TempDir
    private Path dir;

    /** Teaches, as long as it is told to. */
    static final class Pupil {
        public static void main(String[] args) {
            System.out.print(G1Refinement.teach(() -> Boolean.parseBoolean(args[0])));
        }
    }

    private String teach(boolean toItsEnd, String... jvm) throws Exception {
        List<String> command = Stream.of(
                        Stream.of(ChildNode.java()),
                        Stream.of("-XX:ParallelGCThreads=2", "-Xlog:gc+refine*=debug:file=gc.log"),
                        Stream.of(jvm),
                        Stream.of("-cp", System.getProperty("java.class.path")),
                        Stream.of(Pupil.class.getName(), Boolean.toString(toItsEnd)))
                .flatMap(parts -> parts)
                .toList();
        Process process = new ProcessBuilder(command)
                .directory(dir.toFile())
                .redirectErrorStream(true)
                .start();
        return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }

    private List<Integer> zones() throws Exception {
        return GREEN_ZONE
                .matcher(Files.readString(dir.resolve("gc.log")))
                .results()
                .map(zone -> Integer.valueOf(zone.group(1)))
                .toList();
    }

    @Test
    void itLeavesManyTimesAsManyCardsToItsPauses() throws Exception {
        String taught = teach(true, "-XX:+UseG1GC", "-Xmx1g");
        if (Runtime.version().feature() >= 20) {
            assertEquals("false", taught);
            return;
        }
        assertEquals("true", taught);
        List<Integer> zones = zones();
        assertTrue(zones.get(zones.size() - 1) > 4 * zones.get(0), zones.toString());
    }

    @Test
    void itStopsWhenUsersCome() throws Exception {
        assertEquals("false", teach(false, "-XX:+UseG1GC", "-Xmx1g"));
        assertTrue(zones().size() <= 3, "a pause or two");
    }

    @Test
    void otherCollectorsAndSmallHeapsAreLeftAlone() throws Exception {
        assertEquals("false", teach(true, "-XX:+UseSerialGC", "-Xmx1g"));
        assertEquals("false", teach(true, "-XX:+UseG1GC", "-Xmx128m"));
    }
}
