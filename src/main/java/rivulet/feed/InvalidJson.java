package rivulet.feed;

import rivulet.log.ErrorCode;

/** Why a text holds no JSON document, and where. What was read before it stands. */
final class InvalidJson extends RuntimeException {
    private final String path;

    /**
     * Says what would have been right.
     *
     * @param path JSON Pointer of the value that was being read, or of the container between two values
     */
    InvalidJson(String path, String message) {
        super(message);
        this.path = path;
    }

    /** For a character that cannot stand where it was found. */
    static InvalidJson expected(String what, char found, JsonPointer where) {
        // Control characters and half surrogates would break the log line or the event that carries the message.
        boolean printable = found > ' ' && found < 0x7F;
        String shown = printable ? "'" + found + "'" : String.format("U+%04X", (int) found);
        return new InvalidJson(where.toString(), "expected " + what + ", found " + shown);
    }

    /** JSON Pointer (RFC 6901) of where it was; {@code ""} is the document as a whole. */
    public String path() {
        return path;
    }

    /** The code that a stream which fails of this ends with. */
    public ErrorCode code() {
        return ErrorCode.INVALID_JSON;
    }
}
