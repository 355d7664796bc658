package rivulet.bench;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Runs the scenarios, each in a number of rounds, Rivulet and nginx in turn, and prints their medians.
 *
 * <pre>mvn -Pbench verify [-Dbench.only=unpaced,paced] [-Dbench.rounds=3] [-Dbench.java=/path/to/java]</pre>
 *
 * <p>{@link Soak} is run only where it is named: {@code -Dbench.only=soak [-Dsoak.minutes=30]}; so is {@link ClassList},
 * which measures nothing: {@code -Dbench.only=classlist}.
 */
public final class Bench {
    private static final int ROUNDS = Integer.getInteger("bench.rounds", 3);

    private Bench() {}

    /** One scenario: puts what it measured, by name, for one relay in one round. */
    @FunctionalInterface
    interface Scenario {
        /** Measures the relay of that name, see {@link Relay#open}. */
        Map<String, Double> run(String relay) throws IOException;
    }

    /** Runs all scenarios, or those that {@code bench.only} names. */
    public static void main(String[] args) throws IOException {
        Map<String, Scenario> scenarios = Scenarios.all();
        String only = System.getProperty("bench.only", "");
        if (only.equals("soak")) {
            System.exit(Soak.run() ? 0 : 1);
        }
        if (only.equals("classlist")) {
            ClassList.make();
            System.exit(0);
        }
        List<String> names = only.isEmpty() ? List.copyOf(scenarios.keySet()) : Arrays.asList(only.split(","));
        System.out.println("Java " + System.getProperty("bench.java", System.getProperty("java.version")) + ", "
                + Runtime.getRuntime().availableProcessors() + " processors, medians of " + ROUNDS + " rounds");
        for (String name : names) {
            Scenario scenario = scenarios.get(name);
            if (scenario == null) {
                throw new IllegalArgumentException("no scenario " + name + "; there are " + scenarios.keySet());
            }
            print(name, Scenarios.relays(name), scenario);
        }
        System.exit(0);
    }

    private static void print(String name, List<String> relays, Scenario scenario) throws IOException {
        Map<String, Map<String, List<Double>>> figures = new LinkedHashMap<>();
        for (int round = 0; round < ROUNDS; round++) {
            for (String relay : relays) {
                scenario.run(relay)
                        .forEach((figure, value) -> figures.computeIfAbsent(figure, f -> new LinkedHashMap<>())
                                .computeIfAbsent(relay, r -> new ArrayList<>())
                                .add(value));
            }
        }
        System.out.println("\n" + name);
        figures.forEach((figure, byRelay) -> {
            StringBuilder line = new StringBuilder("  %-38s".formatted(figure));
            byRelay.forEach(
                    (relay, values) -> line.append(String.format(Locale.ROOT, "  %s %10.2f", relay, median(values))));
            List<Double> ours = byRelay.getOrDefault(Relay.RIVULET, List.of());
            byRelay.forEach((relay, values) -> {
                if (!relay.equals(Relay.RIVULET)) {
                    line.append(String.format(Locale.ROOT, "  %.1f times %s", median(ours) / median(values), relay));
                }
            });
            System.out.println(line);
        });
    }

    static double median(List<Double> values) {
        List<Double> sorted = values.stream().sorted().toList();
        return sorted.get(sorted.size() / 2);
    }

    static void pause(Duration time) {
        LockSupport.parkNanos(time.toNanos());
    }

    /** Whether nginx is installed. */
    static boolean nginxInstalled() {
        try {
            Process process =
                    new ProcessBuilder("nginx", "-v").redirectErrorStream(true).start();
            return process.waitFor(5, TimeUnit.SECONDS) && process.exitValue() == 0;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
