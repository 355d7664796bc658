package rivulet;

import java.util.Locale;
import java.util.TreeMap;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.CommandLineOptionException;
import org.openjdk.jmh.runner.options.CommandLineOptions;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/** Runs the benchmarks that JMH's own command line names, and prints what one event costs: time, and bytes allocated. */
public final class JmhTable {
    private JmhTable() {}

    /** Takes what JMH takes. */
    public static void main(String[] args) throws RunnerException, CommandLineOptionException {
        var options = new OptionsBuilder()
                .parent(new CommandLineOptions(args))
                .addProfiler(GCProfiler.class)
                .build();
        var results = new Runner(options).run();
        System.out.printf("%n%-48s %14s %10s %14s%n", "one event", "ns", "+-", "bytes");
        results.forEach(JmhTable::print);
    }

    private static void print(RunResult result) {
        var params = new TreeMap<String, String>();
        result.getParams()
                .getParamsKeys()
                .forEach(key -> params.put(key, result.getParams().getParam(key)));
        String name = result.getParams().getBenchmark().replace("rivulet.", "");
        System.out.printf(
                Locale.ROOT,
                "%-48s %14.1f %10.1f %14.1f%n",
                params.isEmpty() ? name : name + " " + params,
                result.getPrimaryResult().getScore(),
                result.getPrimaryResult().getStatistics().getStandardDeviation(),
                result.getSecondaryResults().get("gc.alloc.rate.norm").getScore());
    }
}
