package rivulet.log;

import java.util.Collection;
import java.util.Optional;

/**
 * What several nodes count together, in the store that they share. All methods may be called on any thread, take two
 * seconds at most, and throw {@link StoreAway} where the store does not answer.
 */
public interface SharedCells {
    /** What the cell holds. */
    Optional<byte[]> read(String cell);

    /**
     * Replaces what a cell holds, if nobody else has meanwhile. A cell is forgotten some days after its last change.
     *
     * @param was what was read
     */
    boolean swap(String cell, Optional<byte[]> was, byte[] is);

    /**
     * Counts one more stream of a caller, unless it has as many as it may: those of all nodes that are still live.
     *
     * @param ended streams of the caller that are known to have ended
     * @return whether it is counted
     */
    boolean takePlace(String caller, String stream, Collection<String> ended, int most);

    /** The stream has ended, and counts no more. */
    void leavePlace(String caller, String stream);
}
