package rivulet.feed;

/**
 * Turns the text of one JSON document, in pieces cut anywhere, into the steps that build it (PROTOCOL 3.5), each as
 * early as it is certain. Applied in order they hold, at each moment, all that is known of the document, and at the
 * end exactly what Jackson parses from the same text.
 *
 * <pre>
 *   SEEKING --start of the value--> READING --its end--> COMPLETE
 *      `----------- not JSON ----------`------> REFUSED
 * </pre>
 *
 * Each character is read once, so an answer costs O(length) however it is cut; what is kept is the open containers and
 * the name or number being read. A scalar as the whole document is the exception: it is kept until the text ends,
 * because only then it is known not to be prose ({@link ValueStart}).
 *
 * <p>A name that comes twice is set twice: the second {@code set} replaces the value and all below it, so the last one
 * counts, as in Jackson. Two names that differ only in unpaired surrogates are one here, for both read U+FFFD.
 *
 * <p>Valid is what RFC 8259 says, which is what Jackson's default features accept, with two known exceptions: of text,
 * but not of bytes, Jackson takes any character as a hexadecimal digit whose low eight bits are one; and it bounds the
 * digits of a number, but not what its exponent says.
 *
 * <p>Not thread-safe: one thread feeds it, and the steps are taken on that thread.
 */
public final class JsonFields {
    /** Takes the steps, in order. */
    interface Steps {
        /** Takes no notice. */
        Steps UNSEEN = new Steps() {
            @Override
            public void set(String path, String literal) {}

            @Override
            public void append(String path, String delta) {}
        };

        /**
         * The value at {@code path} is now {@code literal}, in place of whatever was there.
         *
         * @param path JSON Pointer (RFC 6901); {@code ""} is the root
         * @param literal <code>{}</code>, {@code []} or {@code ""} when a container or string opens; a number as it was
         *     written, {@code true}, {@code false} or {@code null} once it is complete
         */
        void set(String path, String literal);

        /**
         * The string at {@code path} grows.
         *
         * @param delta decoded text, never empty, whole code points only
         */
        void append(String path, String delta);
    }

    /**
     * How large a document may be. More than that ends in an {@link InvalidJson} that names the limit.
     *
     * @param maxDepth open containers at one time
     * @param maxDocumentChars from the start of the value to its end, as written; prose around it does not count
     * @param maxNumberLength digits of one number
     * @param maxNameLength decoded characters of one member's name
     */
    public record Limits(int maxDepth, int maxDocumentChars, int maxNumberLength, int maxNameLength) {
        /**
         * Those of Jackson's StreamReadConstraints, else a document shown while it grew would be refused by whoever
         * parses it at the end. Jackson limits no document, but a string to as many characters as here a document.
         */
        public static final Limits DEFAULTS = new Limits(1000, 20_000_000, 1000, 50_000);

        public Limits {
            if (maxDepth < 1 || maxDocumentChars < 1 || maxNumberLength < 1 || maxNameLength < 1) {
                throw new IllegalArgumentException("a limit must be at least 1");
            }
        }
    }

    private enum State {
        SEEKING,
        READING,
        COMPLETE,
        REFUSED
    }

    private final ValueStart start;
    private final JsonValue value;
    private State state = State.SEEKING;

    /**
     * Waits for the first text.
     *
     * @param arrayWanted whether an array may start after prose too; as the first thing it may in any case
     */
    JsonFields(Steps steps, Limits limits, boolean arrayWanted) {
        this.start = new ValueStart(limits, arrayWanted);
        this.value = new JsonValue(steps, limits);
    }

    /**
     * Reads the next piece of the text and tells the steps that it makes certain. What follows the value is skipped.
     *
     * @throws InvalidJson when the value is no JSON or beyond a limit; the steps told so far stand
     * @throws IllegalStateException when an earlier call was refused
     */
    public void text(String delta) {
        State before = enter();
        state = before == State.COMPLETE ? before : read(delta, before);
    }

    /** Whether the value has ended. A scalar as the whole document has not before {@link #end}, unless in a fence. */
    public boolean complete() {
        return state == State.COMPLETE;
    }

    /**
     * No more text comes. After it the document is complete.
     *
     * @throws InvalidJson when no value has started, or it is cut; the steps told so far stand
     * @throws IllegalStateException when an earlier call was refused
     */
    public void end() {
        State before = enter();
        if (before == State.SEEKING) {
            start.end();
            value.text(start.opening());
        }
        if (before != State.COMPLETE) {
            value.end();
        }
        state = State.COMPLETE;
    }

    private State read(String delta, State before) {
        String text = delta;
        if (before == State.SEEKING) {
            int at = start.seek(delta);
            if (!start.found()) {
                return State.SEEKING;
            }
            text = start.opening() + delta.substring(at);
        }
        value.text(text);
        return value.complete() ? State.COMPLETE : State.READING;
    }

    /** Refused unless the call gets to its end: steps that throw leave the value half read just as bad text does. */
    private State enter() {
        if (state == State.REFUSED) {
            throw new IllegalStateException("the text was refused before");
        }
        State before = state;
        state = State.REFUSED;
        return before;
    }
}
