package rivulet;

import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * Has the G1 collector of Java 17 to 19 leave changed references to its pauses. It follows each up on threads of its own,
 * which for a thousand streams is a third of all the work, except for so many <em>cards</em> (512 bytes of memory with a
 * changed reference in them) as it means to leave: few at first, and a tenth more after each pause that had more to do
 * than that and was short all the same. Under load that takes minutes; here such pauses are made, one after the other. A
 * card that is left costs nothing when it is changed again.
 *
 * <p>Source: HotSpot 17, {@code G1ConcurrentRefine::calc_new_green_zone}. Since Java 20 G1 reckons with time in place of
 * such steps (JDK-8137022), and needs no teaching; nor do other collectors.
 */
final class G1Refinement {
    private static final int KNOWS_SINCE = 20;
    private static final String YOUNG = "G1 Young Generation";
    /** Enough cards for more than a thousand streams, some nine of which change each. */
    private static final int CARDS = 20_000;
    /** References of four bytes. */
    private static final int REFERENCES_A_CARD = 512 / 4;
    /** After so many steps of a tenth it leaves most of them. */
    private static final int PAUSES = 38;

    private static final int PIECE_BYTES = 100 * 1024;
    /** Between two looks at whether there was a pause. */
    private static final int PIECES = 10;

    private static final int CARDS_CHANGED = 2_000;
    /** In less there is no room for this, and no thousand streams either. */
    private static final long MIN_HEAP_BYTES = 256L << 20;

    private final GarbageCollectorMXBean young;
    private final Object[] old = new Object[CARDS * REFERENCES_A_CARD];
    private int at;

    private G1Refinement(GarbageCollectorMXBean young) {
        this.young = young;
    }

    /**
     * Teaches it, if there is anything to teach: takes a second or two, and some hundred megabytes meanwhile.
     *
     * @param mayGoOn asked before each pause
     * @return whether that was done
     */
    static boolean teach(BooleanSupplier mayGoOn) {
        Optional<GarbageCollectorMXBean> young = ManagementFactory.getGarbageCollectorMXBeans().stream()
                .filter(collector -> collector.getName().equals(YOUNG))
                .findAny();
        if (Runtime.version().feature() >= KNOWS_SINCE
                || young.isEmpty()
                || Runtime.getRuntime().maxMemory() < MIN_HEAP_BYTES) {
            return false;
        }
        G1Refinement refinement = new G1Refinement(young.get());
        for (int pause = 0; pause < PAUSES; pause++) {
            if (!mayGoOn.getAsBoolean()) {
                return false;
            }
            // Makes the heap small again, which else grows, and takes the longer to fill.
            System.gc();
            refinement.fill();
        }
        return true;
    }

    /** Fills the young generation until it is collected, with more changed cards than the collector means to leave. */
    private void fill() {
        long before = young.getCollectionCount();
        while (young.getCollectionCount() == before) {
            for (int i = 0; i < PIECES; i++) {
                old[at] = new byte[PIECE_BYTES];
            }
            // All at once, and last: what is changed earlier has been followed up by the time of the pause.
            Object newest = old[at];
            for (int i = 0; i < CARDS_CHANGED; i++) {
                at = (at + REFERENCES_A_CARD) % old.length;
                old[at] = newest;
            }
        }
    }
}
