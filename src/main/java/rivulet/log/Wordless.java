package rivulet.log;

import org.jspecify.annotations.Nullable;

/**
 * A failure as it may be logged: what it was and where, without its words. Those of a parser quote what it could not
 * read, and that may be a prompt, an answer or a key.
 */
public final class Wordless extends Exception {
    private static final long serialVersionUID = 1L;
    /** A chain of causes that is longer, or has no end, says nothing more. */
    private static final int MOST_CAUSES = 8;

    /** The same failure without its words. */
    public Wordless(Throwable failure) {
        this(failure, MOST_CAUSES);
    }

    private Wordless(Throwable failure, int causes) {
        super(failure.getClass().getName(), cause(failure, causes));
        setStackTrace(failure.getStackTrace());
    }

    private static @Nullable Throwable cause(Throwable failure, int causes) {
        Throwable cause = failure.getCause();
        return cause == null || causes == 0 ? null : new Wordless(cause, causes - 1);
    }
}
