package rivulet.feed;

/**
 * The one JSON value (RFC 8259), read from pieces cut anywhere, each character once.
 *
 * <pre>
 *   VALUE --{--> FIRST_NAME --"--> NAME_TEXT --"--> COLON --:--> VALUE
 *         --[--> FIRST_ELEMENT --> as VALUE
 *         -----> STRING | NUMBER | LITERAL --its end--> AFTER
 *   FIRST_NAME --}--> AFTER
 *   FIRST_ELEMENT --]--> AFTER
 *   AFTER --,--> NAME in an object, VALUE in an array
 *         --} or ]--> AFTER
 *   NAME --"--> NAME_TEXT
 *   DONE in place of AFTER, outside all containers
 * </pre>
 *
 * White space is skipped in every state that reads structure. What has grown is told at the end of each piece, in one
 * append for each string; so too when the piece turns out to be invalid, lest where it was cut decide how much of it
 * is kept.
 */
final class JsonValue {
    private enum State {
        VALUE,
        FIRST_ELEMENT,
        FIRST_NAME,
        NAME,
        NAME_TEXT,
        COLON,
        STRING,
        NUMBER,
        LITERAL,
        AFTER,
        DONE
    }

    private final JsonFields.Steps steps;
    private final JsonFields.Limits limits;
    private final JsonPointer pointer = new JsonPointer();
    private final JsonString string = new JsonString(pointer);
    private final JsonNumber number;
    private State state = State.VALUE;
    private String literal = "";
    private int literalChars;
    private int documentChars;

    JsonValue(JsonFields.Steps steps, JsonFields.Limits limits) {
        this.steps = steps;
        this.limits = limits;
        this.number = new JsonNumber(pointer, limits.maxNumberLength());
    }

    /** Reads to the end of the value or of the text, and returns how much it read. */
    int text(String text) {
        int to = Math.min(text.length(), limits.maxDocumentChars() - documentChars);
        int at = 0;
        try {
            while (at < to && state != State.DONE) {
                at = read(text, at, to);
            }
            documentChars += at;
            if (at < text.length() && state != State.DONE) {
                throw refused("the document must not be longer than " + limits.maxDocumentChars() + " characters");
            }
        } catch (InvalidJson invalid) {
            grow();
            throw invalid;
        }
        grow();
        return at;
    }

    /** Whether the value has ended. A number at the root has not before something follows it. */
    boolean complete() {
        return state == State.DONE;
    }

    /** Nothing follows: ends a number at the root, and refuses a value that is cut. */
    void end() {
        if (state == State.NUMBER && pointer.depth() == 0 && number.whole()) {
            endNumber();
        }
        if (state != State.DONE) {
            throw refused("the text ended inside the document");
        }
    }

    /** White space between tokens (RFC 8259 section 2), which is less than what Java or Unicode call so. */
    static boolean isWhiteSpace(char c) {
        return c == ' ' || c == '\n' || c == '\r' || c == '\t';
    }

    private int read(String text, int at, int to) {
        return switch (state) {
            case NAME_TEXT -> name(text, at, to);
            case STRING -> string(text, at, to);
            case NUMBER -> number(text, at, to);
            case LITERAL -> {
                literal(text.charAt(at));
                yield at + 1;
            }
            default -> {
                structure(text.charAt(at));
                yield at + 1;
            }
        };
    }

    private void structure(char c) {
        if (isWhiteSpace(c)) {
            return;
        }
        switch (state) {
            case VALUE -> value(c);
            case FIRST_ELEMENT -> firstElement(c);
            case FIRST_NAME -> firstName(c);
            case NAME -> openName(c, "a name in quotes");
            case COLON -> colon(c);
            case AFTER -> after(c);
            default -> throw new IllegalStateException(state.name());
        }
    }

    private void value(char c) {
        switch (c) {
            case '{' -> open("{}", State.FIRST_NAME);
            case '[' -> open("[]", State.FIRST_ELEMENT);
            case '"' -> {
                string.open();
                state = State.STRING;
                set("\"\"");
            }
            case 't' -> openLiteral("true");
            case 'f' -> openLiteral("false");
            case 'n' -> openLiteral("null");
            case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9' -> {
                number.open(c);
                state = State.NUMBER;
            }
            default -> throw InvalidJson.expected("a value", c, pointer);
        }
    }

    private void open(String empty, State first) {
        if (pointer.depth() == limits.maxDepth()) {
            throw refused("the document must not be nested deeper than " + limits.maxDepth() + " levels");
        }
        set(empty);
        pointer.open(first == State.FIRST_ELEMENT);
        state = first;
    }

    private void firstElement(char c) {
        if (c == ']') {
            close();
        } else {
            pointer.element();
            value(c);
        }
    }

    private void firstName(char c) {
        if (c == '}') {
            close();
        } else {
            openName(c, "a name in quotes or '}'");
        }
    }

    private void openName(char c, String expected) {
        if (c != '"') {
            throw InvalidJson.expected(expected, c, pointer);
        }
        string.open();
        state = State.NAME_TEXT;
    }

    private int name(String text, int from, int to) {
        int at = string.read(text, from, to);
        if (string.length() > limits.maxNameLength()) {
            throw refused("a name must not be longer than " + limits.maxNameLength() + " characters");
        }
        if (string.closed()) {
            pointer.member(string.take());
            state = State.COLON;
        }
        return at;
    }

    private void colon(char c) {
        if (c != ':') {
            throw InvalidJson.expected("':' after the name", c, pointer);
        }
        state = State.VALUE;
    }

    private void after(char c) {
        boolean inArray = pointer.inArray();
        if (c == (inArray ? ']' : '}')) {
            close();
        } else if (c != ',') {
            throw InvalidJson.expected(inArray ? "',' or ']'" : "',' or '}'", c, pointer);
        } else if (inArray) {
            pointer.element();
            state = State.VALUE;
        } else {
            state = State.NAME;
        }
    }

    private int string(String text, int from, int to) {
        int at = string.read(text, from, to);
        if (string.closed()) {
            grow();
            ended();
        }
        return at;
    }

    private int number(String text, int from, int to) {
        int at = from;
        while (at < to && number.accept(text.charAt(at))) {
            at++;
        }
        if (at < to) {
            endNumber();
        }
        return at;
    }

    private void endNumber() {
        set(number.literal());
        ended();
    }

    private void openLiteral(String whole) {
        literal = whole;
        literalChars = 1;
        state = State.LITERAL;
    }

    private void literal(char c) {
        if (c != literal.charAt(literalChars)) {
            throw InvalidJson.expected("the literal " + literal, c, pointer);
        }
        if (++literalChars == literal.length()) {
            set(literal);
            ended();
        }
    }

    private void close() {
        pointer.close();
        ended();
    }

    private void ended() {
        pointer.leave();
        state = pointer.depth() == 0 ? State.DONE : State.AFTER;
    }

    private void set(String value) {
        steps.set(pointer.toString(), value);
    }

    private void grow() {
        if (state == State.STRING && string.length() > 0) {
            steps.append(pointer.toString(), string.take());
        }
    }

    private InvalidJson refused(String message) {
        return new InvalidJson(pointer.toString(), message);
    }
}
