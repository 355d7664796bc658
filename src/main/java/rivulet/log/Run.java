package rivulet.log;

import java.util.List;

/**
 * Entries of a log that follow each other, kept in less memory than those that are ready to be shown, and got back as
 * they were. Immutable, and for any thread.
 */
sealed interface Run permits Packed, Deflated {
    /** The index after that of the last entry. */
    int end();

    /** How many bytes the entries take, packed. */
    int size();

    /** The entries from an index on, which is one of these, at most so many, and perhaps fewer. */
    List<Entry> read(int from, int most);
}
