package rivulet;

import com.sun.management.HotSpotDiagnosticMXBean;
import com.sun.management.VMOption;
import java.lang.management.ManagementFactory;
import java.time.Duration;

/**
 * Has the G1 collector give back to the machine what a busy time took. On its own it does so only when it collects, and
 * while nobody asks there is nothing to collect: hundreds of megabytes would stay taken for as long as the server is idle.
 *
 * <p>Source: JEP 346. The interval is an option of the command line too, and manageable; {@code java -jar} carries none.
 */
final class IdleMemory {
    /** What the option is called. */
    static final String INTERVAL = "G1PeriodicGCInterval";
    /** Without a collection for so long, one is made for that: some ten milliseconds in which nothing else runs. */
    static final Duration IDLE = Duration.ofMinutes(1);

    private IdleMemory() {}

    /** Has it given back from now on, in the whole process; unless an operator has set the interval, or the JVM has none. */
    static void giveBack() {
        HotSpotDiagnosticMXBean jvm = ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class);
        if (jvm != null
                && jvm.getDiagnosticOptions().stream()
                        .anyMatch(option ->
                                option.getName().equals(INTERVAL) && option.getOrigin() == VMOption.Origin.DEFAULT)) {
            jvm.setVMOption(INTERVAL, Long.toString(IDLE.toMillis()));
        }
    }
}
