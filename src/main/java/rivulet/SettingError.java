package rivulet;

/** A setting that cannot be used. Its message is one line: which, what it was, and what would be right. */
final class SettingError extends RuntimeException {
    private static final long serialVersionUID = 1L;

    SettingError(String message) {
        super(message);
    }

    static SettingError invalid(String name, String was, String wanted) {
        return new SettingError(name + " is \"" + was.replaceAll("\\R", " ") + "\", but must be " + wanted);
    }
}
