package rivulet;

/** A setting that cannot be used. Its message is one line: which, what it was, and what would be right. */
final class SettingError extends RuntimeException {
    private static final long serialVersionUID = 1L;

    SettingError(String message) {
        super(message);
    }

    /** Shows what it was, as {@link #shown} does. */
    static SettingError invalid(String name, String was, String wanted) {
        return new SettingError(name + " is \"" + shown(was) + "\", but must be " + wanted);
    }

    /**
     * A text in one line, but for what may be secret if it is an address: what stands before an {@code @}, a user and a
     * password; and what follows a {@code ?}, which may be a key.
     */
    static String shown(String text) {
        return text.replaceAll("\\R", " ")
                .replaceFirst("^([A-Za-z]+://)?.*@", "$1…@")
                .replaceFirst("[?].+", "?…");
    }

    /** What to add where an address was taken for none: to Java a host with an underscore in its name is none. */
    static String hostRule(String address) {
        return address.matches("([a-z]+://)?([^/?#]*@)?[^/?#:]*_.*") ? ", whose host has no underscore" : "";
    }
}
