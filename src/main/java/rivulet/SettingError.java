package rivulet;

/** A setting that cannot be used. Its message is one line: which, what it was, and what would be right. */
final class SettingError extends RuntimeException {
    private static final long serialVersionUID = 1L;

    SettingError(String message) {
        super(message);
    }

    /** Shows what it was, but for what stands before an {@code @}: in an address, that is a user and a password. */
    static SettingError invalid(String name, String was, String wanted) {
        String shown = was.replaceAll("\\R", " ").replaceFirst("^([a-z]+://)?.*@", "$1…@");
        return new SettingError(name + " is \"" + shown + "\", but must be " + wanted);
    }

    /** What to add where an address was taken for none: to Java a host with an underscore in its name is none. */
    static String hostRule(String address) {
        return address.matches("([a-z]+://)?([^/?#]*@)?[^/?#:]*_.*") ? ", whose host has no underscore" : "";
    }
}
