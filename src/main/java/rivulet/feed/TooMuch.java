package rivulet.feed;

/** The check of a document takes more than is spent on one. */
final class TooMuch extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** Without a stack trace: it is thrown where the stack may be as deep as it can get. */
    TooMuch(String what) {
        super(what, null, false, false);
    }
}
