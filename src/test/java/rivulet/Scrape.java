package rivulet;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** What {@code /metrics} told at one moment. */
record Scrape(String text, Map<String, Double> samples) {
    /** Before anything was told. */
    static final Scrape NOTHING = new Scrape("", Map.of());

    /** Asks a server. */
    static Scrape of(TestServer server) {
        String text = server.get("/metrics").body();
        Map<String, Double> samples = new LinkedHashMap<>();
        text.lines().filter(line -> !line.startsWith("#")).forEach(line -> {
            int space = line.lastIndexOf(' ');
            samples.put(line.substring(0, space), Double.valueOf(line.substring(space + 1)));
        });
        return new Scrape(text, samples);
    }

    /** Asks a server until what it tells is so: what has just ended is told a moment after its viewer sees the end. */
    static Scrape until(TestServer server, Scrape before, Predicate<Scrape> reached) {
        Scrape[] last = {before};
        try {
            TestServer.await("what is told", () -> {
                last[0] = of(server).minus(before);
                return reached.test(last[0]);
            });
        } catch (AssertionError e) {
            throw new AssertionError(last[0].text(), e);
        }
        return last[0];
    }

    /** What has been added to each series since an earlier scrape. */
    private Scrape minus(Scrape before) {
        Map<String, Double> added = new LinkedHashMap<>();
        samples.forEach((name, value) -> added.put(name, value - before.samples.getOrDefault(name, 0.0)));
        return new Scrape(text, added);
    }

    /** The sum of all series of a name whose labels hold all of these, each as {@code name="value"}. */
    double sum(String name, String... labels) {
        return samples.entrySet().stream()
                .filter(sample ->
                        sample.getKey().equals(name) || sample.getKey().startsWith(name + "{"))
                .filter(sample -> Set.of(labels).stream().allMatch(sample.getKey()::contains))
                .mapToDouble(Map.Entry::getValue)
                .sum();
    }

    /** The names of all series. */
    Set<String> names() {
        return samples.keySet().stream().map(s -> s.split("\\{", 2)[0]).collect(Collectors.toSet());
    }
}
