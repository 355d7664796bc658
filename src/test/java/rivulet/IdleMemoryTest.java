package rivulet;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.sun.management.HotSpotDiagnosticMXBean;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;

class IdleMemoryTest {
    private final HotSpotDiagnosticMXBean jvm = ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class);

    private String interval() {
        return jvm.getVMOption(IdleMemory.INTERVAL).getValue();
    }

    @Test
    void anIdleServersMemoryIsCollectedUnlessAnOperatorSaysWhen() {
        // Another test's server may have done it already, in this same process.
        IdleMemory.giveBack();
        String ours = interval();
        assertEquals(Long.toString(IdleMemory.IDLE.toMillis()), ours);
        jvm.setVMOption(IdleMemory.INTERVAL, "12345");
        try {
            IdleMemory.giveBack();
            assertEquals("12345", interval());
        } finally {
            jvm.setVMOption(IdleMemory.INTERVAL, ours);
        }
    }
}
