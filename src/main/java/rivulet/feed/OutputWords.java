package rivulet.feed;

import org.jspecify.annotations.Nullable;

/**
 * Tells the words of one Responses stream once, those of one kind: the answer's, or the thoughts'. Several events hold
 * them, each more of them at a time.
 */
final class OutputWords {
    /**
     * What tells words: their deltas or, where there are none, the first of those that hold them whole. All behind that
     * one hold the same again.
     */
    enum Teller {
        DELTAS,
        TEXT_DONE,
        PART_DONE,
        ITEM_DONE,
        RESPONSE
    }

    private @Nullable Teller teller;
    /** How much was told. */
    private int length;
    /** Of all that was told, as a string's. */
    private int hash;
    /** How much of the whole response's is not to be told any more; -1: it is one teller among others. */
    private int repeated = -1;

    /** @param resumed whether their beginning is not heard: then what is whole repeats what was said before */
    OutputWords(boolean resumed) {
        this.teller = resumed ? Teller.DELTAS : null;
    }

    /** What of these is told for the first time. */
    String toTell(Teller by, String piece) {
        if (by == Teller.RESPONSE && repeated >= 0) {
            int from = Math.min(repeated, piece.length());
            repeated -= from;
            return piece.substring(from);
        }
        if (teller == null || by == Teller.DELTAS) {
            teller = piece.isEmpty() ? teller : by;
        }
        if (teller != by) {
            return "";
        }
        length += piece.length();
        for (int i = 0; i < piece.length(); i++) {
            hash = 31 * hash + piece.charAt(i);
        }
        return piece;
    }

    /**
     * These are all, in the end: whatever stands behind what was told is to be told too. Where they are others than
     * those that were told, nothing is: it would be repeated.
     */
    void wholeIs(String whole) {
        boolean begun = whole.length() >= length && whole.substring(0, length).hashCode() == hash;
        repeated = begun ? length : whole.length();
    }
}
