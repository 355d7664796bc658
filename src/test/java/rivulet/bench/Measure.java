package rivulet.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** One figure over time, and how it is drawn. One thread. */
final class Measure {
    private static final String BLOCKS = " ▁▂▃▄▅▆▇█";
    private static final int COLUMNS = 56;

    private final String name;
    private final String unit;
    private final double slack;
    private final List<Double> samples = new ArrayList<>();

    /** @param slack how much more of it does not count as growth, beside a tenth */
    Measure(String name, String unit, double slack) {
        this.name = name;
        this.unit = unit;
        this.slack = slack;
    }

    void add(double sample) {
        samples.add(sample);
    }

    int size() {
        return samples.size();
    }

    double last() {
        return samples.get(samples.size() - 1);
    }

    /** One line: a column is the mean of the samples in its time, from 0 at the bottom to the most at the top. */
    String plot() {
        double most = samples.stream().mapToDouble(s -> s).max().orElse(0);
        double least = samples.stream().mapToDouble(s -> s).min().orElse(0);
        int columns = Math.min(COLUMNS, samples.size());
        StringBuilder line = new StringBuilder();
        for (int i = 0; i < columns; i++) {
            double mean = mean(i * samples.size() / columns, (i + 1) * samples.size() / columns);
            long height = most == 0 ? 0 : Math.round(mean / most * (BLOCKS.length() - 1));
            line.append(BLOCKS.charAt((int) height));
        }
        return String.format(Locale.ROOT, "  %-15s |%s| %.0f to %.0f %s", name, line, least, most, unit);
    }

    /** Whether it has stopped growing: the medians of the third and the last quarter. */
    String verdict() {
        double third = median(samples.size() / 2, samples.size() * 3 / 4);
        double last = median(samples.size() * 3 / 4, samples.size());
        boolean level = last <= third * 1.1 + slack;
        return String.format(
                Locale.ROOT,
                "  %-15s third quarter %.0f %s, last %.0f: %s",
                name,
                third,
                unit,
                last,
                level ? "level" : "GROWS");
    }

    private double mean(int from, int to) {
        return samples.subList(from, to).stream().mapToDouble(s -> s).average().orElse(0);
    }

    private double median(int from, int to) {
        return from == to ? 0 : Bench.median(samples.subList(from, to));
    }
}
