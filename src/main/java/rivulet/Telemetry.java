package rivulet;

import java.io.PrintStream;
import java.time.Clock;
import rivulet.telemetry.AccessLog;
import rivulet.telemetry.Generation;
import rivulet.telemetry.LineFormat;
import rivulet.telemetry.Metrics;

/** What the operator is told, by both ways: the metrics and the access log. */
final class Telemetry implements AutoCloseable {
    private final Metrics metrics = new Metrics();
    private final AccessLog log;

    /** @param out where the access log goes */
    Telemetry(LineFormat format, PrintStream out) {
        log = new AccessLog(format, out, Clock.systemUTC());
    }

    Metrics metrics() {
        return metrics;
    }

    AccessLog log() {
        return log;
    }

    /** A generation has ended. */
    void ended(Generation generation) {
        metrics.ended(generation);
        log.generation(generation);
    }

    @Override
    public void close() {
        log.close();
        metrics.close();
    }
}
