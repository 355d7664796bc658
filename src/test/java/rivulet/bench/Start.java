package rivulet.bench;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * From the process' start to the first delta of a stream, plain and with what the JVM keeps of an earlier run: on Java 25
 * an ahead-of-time cache, before that an archive of classes. It is made as an operator makes it: run, ask once, stop.
 */
final class Start {
    private static final int STARTS = 5;
    private static final int AOT_SINCE = 25;
    private static final int SELF_MADE_ARCHIVE_SINCE = 19;
    private static final Path LOADED = Path.of("target", "bench-classes.log");
    private static final Map<String, String> SIMULATOR = Map.of("OPENAI_BASE_URL", "", "OPENAI_API_KEY", "");
    /** Without the simulator's own delay, which is the model's and not the start's. */
    private static final String QUESTION =
            "GET /sse/chat?message=hi&model=sim-fast&format=json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";

    private Start() {}

    static Map<String, Double> run() throws IOException {
        int feature = feature();
        if (feature >= AOT_SINCE) {
            return with(Path.of("target", "rivulet.aot"), "-XX:AOTCacheOutput=", "-XX:AOTCache=");
        }
        String making = feature >= SELF_MADE_ARCHIVE_SINCE
                ? "-XX:+AutoCreateSharedArchive -XX:SharedArchiveFile="
                : "-XX:ArchiveClassesAtExit=";
        return with(Path.of("target", "rivulet.jsa"), making, "-XX:SharedArchiveFile=");
    }

    private static Map<String, Double> with(Path archive, String making, String using) throws IOException {
        Files.deleteIfExists(archive);
        once((making + archive).split(" ", -1));
        if (!Files.exists(archive)) {
            throw new IOException("a run with " + making + archive + " leaves no archive at its stop");
        }
        List<Times> plain = new ArrayList<>();
        List<Times> archived = new ArrayList<>();
        // In turn, so that whatever else the machine does falls upon both.
        for (int i = 0; i < STARTS; i++) {
            plain.add(once());
            archived.add(once(using + archive));
        }
        Map<String, Double> figures = new LinkedHashMap<>();
        put(figures, plain, "");
        put(figures, archived, ", with the archive");
        figures.put("archive MB", Files.size(archive) / 1e6);
        once(using + archive, "-Xlog:class+load:file=" + LOADED);
        figures.put("Rivulet's classes from it, %", archivedPercent());
        return figures;
    }

    private static void put(Map<String, Double> figures, List<Times> times, String how) {
        figures.put(
                "listens after ms" + how,
                Bench.median(times.stream().map(Times::listening).toList()));
        figures.put(
                "first delta after ms" + how,
                Bench.median(times.stream().map(Times::delta).toList()));
        figures.put(
                "CPU ms until then" + how,
                Bench.median(times.stream().map(Times::cpu).toList()));
    }

    /**
     * From the process' start, in milliseconds.
     *
     * @param listening until connections are taken
     * @param delta until the first delta is seen
     * @param cpu of the process until then; what else the machine does matters less to it
     */
    private record Times(double listening, double delta, double cpu) {}

    private static Times once(String... jvm) throws IOException {
        long begin = System.nanoTime();
        try (Relay relay = Relay.rivulet(1, SIMULATOR, jvm)) {
            double listening = (System.nanoTime() - begin) / 1e6;
            awaitDelta(relay);
            return new Times(listening, (System.nanoTime() - begin) / 1e6, relay.cpuSeconds() * 1e3);
        }
    }

    /** Asks the simulator behind the relay, and returns at the first delta. */
    static void awaitDelta(Relay relay) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), relay.port())) {
            socket.getOutputStream().write(QUESTION.getBytes(StandardCharsets.US_ASCII));
            StringBuilder seen = new StringBuilder();
            while (seen.indexOf("\"delta\"") < 0) {
                int b = socket.getInputStream().read();
                if (b < 0) {
                    throw new IOException("cut: " + seen);
                }
                seen.append((char) b);
            }
        }
    }

    /** How many per cent of Rivulet's own classes the last run took from the archive; lambdas are none of them. */
    private static double archivedPercent() throws IOException {
        List<String> own = Files.readAllLines(LOADED).stream()
                .filter(line -> line.contains(" rivulet.") && !line.contains("Lambda"))
                .toList();
        long found = own.stream()
                .filter(line -> line.contains("shared objects file"))
                .count();
        return own.isEmpty() ? 0 : 100.0 * found / own.size();
    }

    /** The version of the Java that is measured, as 17. */
    private static int feature() throws IOException {
        Process process = new ProcessBuilder(Relay.java(), "-XshowSettings:properties", "-version")
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return said.lines()
                .filter(line -> line.contains("java.specification.version ="))
                .mapToInt(line ->
                        Integer.parseInt(line.substring(line.indexOf('=') + 1).strip()))
                .findFirst()
                .orElseThrow(() -> new IOException("no version in " + said));
    }
}
