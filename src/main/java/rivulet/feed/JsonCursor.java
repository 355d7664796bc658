package rivulet.feed;

/**
 * Walks once over a JSON text (RFC 8259), forward, without building anything: nearly all events of an upstream are looked
 * at for one short string, and a tree of each costs more than all else that is done with it. Knows no repair: whatever is
 * unusual throws {@link Unusual}, and is for a real parser to read or to refuse.
 */
final class JsonCursor {
    /** Containers inside one another in what is passed over; an event of a model has five. */
    private static final int MAX_DEPTH = 32;

    private static final int ESCAPED_UNIT_DIGITS = 4;

    /** The text is not what the caller expects, or not JSON. */
    static final class Unusual extends Exception {
        private static final long serialVersionUID = 1L;

        Unusual() {
            // Not an error but a way to go; where it was thrown tells nothing.
            super(null, null, false, false);
        }
    }

    private final String text;
    private int at;
    private boolean justOpened;
    private int nameFrom;
    private int nameTo;
    private int stringFrom;
    private int stringTo;

    /** Before the first character. */
    JsonCursor(String text) {
        this.text = text;
    }

    /** Steps into an object. */
    void beginObject() throws Unusual {
        open('{');
    }

    /** Steps into an array. */
    void beginArray() throws Unusual {
        open('[');
    }

    /** Steps to the value of the object's next member, whose name has no escapes; false behind the last one. */
    boolean nextMember() throws Unusual {
        if (!next('}')) {
            return false;
        }
        nameFrom = at + 1;
        // Written with escapes it would be another name than it is.
        require(passString());
        nameTo = at - 1;
        expect(':');
        return true;
    }

    /** Steps to the array's next element; false behind the last one. */
    boolean nextElement() throws Unusual {
        return next(']');
    }

    /** Whether the member has that name. */
    boolean nameIs(String name) {
        return nameTo - nameFrom == name.length() && text.startsWith(name, nameFrom);
    }

    /** The string that is the value here. */
    String string() throws Unusual {
        skipSpace();
        stringFrom = at + 1;
        boolean plain = passString();
        stringTo = at - 1;
        return plain ? text.substring(stringFrom, stringTo) : unescaped(stringFrom, stringTo);
    }

    /** Where the latest {@link #string} begins in the text, behind its quotation mark. */
    int stringFrom() {
        return stringFrom;
    }

    /** Where it ends, at its quotation mark. */
    int stringTo() {
        return stringTo;
    }

    /** Passes {@code null}. */
    void expectNull() throws Unusual {
        skipSpace();
        passWord("null");
    }

    /** Passes the number 0. */
    void expectZero() throws Unusual {
        expect('0');
        if (at < text.length() && "0123456789.eE".indexOf(text.charAt(at)) >= 0) {
            throw new Unusual();
        }
    }

    /** Passes any value. */
    void pass() throws Unusual {
        pass(0);
    }

    /** Makes sure that nothing follows. */
    void expectEnd() throws Unusual {
        skipSpace();
        if (at < text.length()) {
            throw new Unusual();
        }
    }

    /** Goes on only if this is so. */
    static void require(boolean usual) throws Unusual {
        if (!usual) {
            throw new Unusual();
        }
    }

    private void pass(int depth) throws Unusual {
        skipSpace();
        switch (charAt(at)) {
            case '"' -> passString();
            case '{' -> {
                beginObject();
                while (nextMember()) {
                    pass(deeper(depth));
                }
            }
            case '[' -> {
                beginArray();
                while (nextElement()) {
                    pass(deeper(depth));
                }
            }
            case 't' -> passWord("true");
            case 'f' -> passWord("false");
            case 'n' -> passWord("null");
            default -> passNumber();
        }
    }

    private static int deeper(int depth) throws Unusual {
        if (depth == MAX_DEPTH) {
            throw new Unusual();
        }
        return depth + 1;
    }

    private void open(char bracket) throws Unusual {
        expect(bracket);
        justOpened = true;
    }

    private boolean next(char closing) throws Unusual {
        skipSpace();
        boolean first = justOpened;
        justOpened = false;
        char c = charAt(at);
        if (c == closing) {
            at++;
            return false;
        }
        if (!first) {
            expect(',');
            skipSpace();
        }
        return true;
    }

    /** Whether it has no escapes. */
    private boolean passString() throws Unusual {
        if (charAt(at) != '"') {
            throw new Unusual();
        }
        boolean plain = true;
        int i = at + 1;
        while (charAt(i) != '"') {
            if (text.charAt(i) == '\\') {
                plain = false;
                i = endOfEscape(i);
            } else {
                require(text.charAt(i) >= ' ');
            }
            i++;
        }
        at = i + 1;
        return plain;
    }

    /** The last character of the escape that begins there. */
    private int endOfEscape(int i) throws Unusual {
        char kind = charAt(i + 1);
        if (kind != 'u') {
            if ("\"\\/bfnrt".indexOf(kind) < 0) {
                throw new Unusual();
            }
            return i + 1;
        }
        for (int digit = i + 2; digit < i + 2 + ESCAPED_UNIT_DIGITS; digit++) {
            char c = charAt(digit);
            if (c > 'f' || Character.digit(c, 16) < 0) {
                throw new Unusual();
            }
        }
        return i + 1 + ESCAPED_UNIT_DIGITS;
    }

    /** The text between two places, which has been passed as a string, without its escapes. */
    private String unescaped(int from, int to) {
        StringBuilder plain = new StringBuilder(to - from);
        int i = from;
        while (i < to) {
            char c = text.charAt(i);
            char kind = c == '\\' ? text.charAt(i + 1) : 0;
            if (kind == 0) {
                plain.append(c);
                i++;
            } else if (kind == 'u') {
                int digits = i + 2;
                i = digits + ESCAPED_UNIT_DIGITS;
                plain.append((char) Integer.parseInt(text, digits, i, 16));
            } else {
                int control = "bfnrt".indexOf(kind);
                plain.append(control < 0 ? kind : "\b\f\n\r\t".charAt(control));
                i += 2;
            }
        }
        return plain.toString();
    }

    private void passNumber() throws Unusual {
        if (charAt(at) == '-') {
            at++;
        }
        boolean zero = charAt(at) == '0';
        if (passDigits() > 1 && zero) {
            throw new Unusual();
        }
        if (at < text.length() && text.charAt(at) == '.') {
            at++;
            passDigits();
        }
        if (at < text.length() && (text.charAt(at) == 'e' || text.charAt(at) == 'E')) {
            at++;
            if (charAt(at) == '+' || charAt(at) == '-') {
                at++;
            }
            passDigits();
        }
    }

    private int passDigits() throws Unusual {
        int from = at;
        while (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
            at++;
        }
        if (at == from) {
            throw new Unusual();
        }
        return at - from;
    }

    private void passWord(String word) throws Unusual {
        if (!text.startsWith(word, at)) {
            throw new Unusual();
        }
        at += word.length();
    }

    private void expect(char c) throws Unusual {
        skipSpace();
        if (charAt(at) != c) {
            throw new Unusual();
        }
        at++;
    }

    private void skipSpace() {
        while (at < text.length() && " \t\n\r".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
    }

    private char charAt(int index) throws Unusual {
        if (index >= text.length()) {
            throw new Unusual();
        }
        return text.charAt(index);
    }
}
