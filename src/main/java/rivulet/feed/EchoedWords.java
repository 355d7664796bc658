package rivulet.feed;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * Tells the deltas of one Responses thought once. Some servers send each of them by two kinds of events, as a thought and
 * as its summary; others have something else to say by either. So a kind is heard in silence for as long as it repeats
 * what was told.
 */
final class EchoedWords {
    /** What goes its own way: all that it says is told. */
    private static final int OWN = -1;
    /** Behind so many characters, told by one kind of events alone, there is no other. */
    private static final int ALONE_CHARS = 16 * 1024;

    private final StringBuilder told = new StringBuilder();
    /** How much of that a kind of events has said. */
    private final Map<String, Integer> places = new HashMap<>();

    /** The kinds that have told some of it: these were not heard in silence. */
    private final Set<String> tellers = new HashSet<>();

    private boolean alone;

    /** Another thought begins. */
    void begin() {
        told.setLength(0);
        places.clear();
        tellers.clear();
        alone = false;
    }

    /** What is said for the first time by a delta of that kind of events. */
    String toTell(String kind, String piece) {
        int place = places.getOrDefault(kind, 0);
        if (alone || place == OWN) {
            return piece;
        }
        int repeated = Math.min(piece.length(), told.length() - place);
        if (!told.substring(place, place + repeated).equals(piece.substring(0, repeated))) {
            places.put(kind, OWN);
            return tellers.contains(kind) ? piece : told.substring(0, place) + piece;
        }
        String more = piece.substring(repeated);
        if (!more.isEmpty()) {
            told.append(more);
            tellers.add(kind);
        }
        places.put(kind, place + piece.length());
        if (places.size() == 1 && told.length() > ALONE_CHARS) {
            begin();
            alone = true;
        }
        return more;
    }
}
