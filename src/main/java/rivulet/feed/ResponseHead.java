package rivulet.feed;

/** Where the head of a response ends (RFC 9112, section 2.1), read byte by byte. Not for use by several threads. */
final class ResponseHead {
    /** Where a status line has the first digit of its status (RFC 9112, section 4). */
    private static final int STATUS_AT = 9;

    private int length;
    private boolean interim;
    private int lineLength;
    private boolean lineIsCr;

    /** Whether it ends with this byte. An interim response (RFC 9110, section 15.2) is followed by another head. */
    boolean endsWith(byte next) {
        if (length++ == STATUS_AT) {
            interim = next == '1';
        }
        if (next != '\n') {
            lineIsCr = lineLength++ == 0 && next == '\r';
            return false;
        }
        boolean empty = lineLength == 0 || lineIsCr;
        lineLength = 0;
        if (empty && interim) {
            length = 0;
            interim = false;
            return false;
        }
        return empty;
    }
}
