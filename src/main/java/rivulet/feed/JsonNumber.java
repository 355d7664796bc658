package rivulet.feed;

import org.jspecify.annotations.Nullable;

/**
 * One number, kept as it was written (RFC 8259 section 6): as a double, {@code 4.0} would come out as {@code 4} in a
 * browser, and large ones with other digits.
 *
 * <pre>
 *   MINUS -> ZERO | INTEGER -> POINT -> FRACTION -> E -> E_SIGN -> E_DIGITS
 * </pre>
 *
 * A number may end in ZERO, INTEGER, FRACTION and E_DIGITS. Only what follows tells that it has: {@code 4} may become
 * {@code 4.0}.
 */
final class JsonNumber {
    private enum State {
        MINUS(false),
        ZERO(true),
        INTEGER(true),
        POINT(false),
        FRACTION(true),
        E(false),
        E_SIGN(false),
        E_DIGITS(true);

        final boolean whole;

        State(boolean whole) {
            this.whole = whole;
        }
    }

    private final JsonPointer where;
    private final int maxDigits;
    private final StringBuilder literal = new StringBuilder();
    private State state = State.MINUS;
    private int digits;
    private int exponent;

    /** {@code where} is read only to say where a refusal was. */
    JsonNumber(JsonPointer where, int maxDigits) {
        this.where = where;
        this.maxDigits = maxDigits;
    }

    /** Begins a number with a minus or a digit. */
    void open(char first) {
        literal.setLength(0);
        digits = 0;
        exponent = 0;
        state = State.MINUS;
        if (first == '-') {
            literal.append(first);
        } else {
            accept(first);
        }
    }

    /** Takes one more character; false when the number has ended before it. */
    boolean accept(char c) {
        State next = next(c);
        if (next == null) {
            requireEnd(c);
            return false;
        }
        state = next;
        literal.append(c);
        if (isDigit(c)) {
            count(c);
        }
        return true;
    }

    /** Few characters make a number that takes for ever to compute with, so its exponent is bounded as its digits are. */
    private void count(char digit) {
        if (++digits > maxDigits) {
            throw new InvalidJson(where.toString(), "a number must not have more than " + maxDigits + " digits");
        }
        if (state == State.E_DIGITS) {
            exponent = exponent * 10 + (digit - '0');
            if (exponent > maxDigits) {
                throw new InvalidJson(
                        where.toString(), "a number's exponent must be from -" + maxDigits + " to " + maxDigits);
            }
        }
    }

    /** Whether the number is one if nothing more comes. */
    boolean whole() {
        return state.whole;
    }

    /** The number as it was written. */
    String literal() {
        return literal.toString();
    }

    private @Nullable State next(char c) {
        boolean digit = isDigit(c);
        return switch (state) {
            case MINUS -> c == '0' ? State.ZERO : digit ? State.INTEGER : null;
            case ZERO -> c == '.' ? State.POINT : exponent(c);
            case INTEGER -> digit ? State.INTEGER : c == '.' ? State.POINT : exponent(c);
            case POINT -> digit ? State.FRACTION : null;
            case FRACTION -> digit ? State.FRACTION : exponent(c);
            case E -> digit ? State.E_DIGITS : c == '+' || c == '-' ? State.E_SIGN : null;
            case E_SIGN, E_DIGITS -> digit ? State.E_DIGITS : null;
        };
    }

    private static @Nullable State exponent(char c) {
        return c == 'e' || c == 'E' ? State.E : null;
    }

    private void requireEnd(char c) {
        if (!state.whole) {
            throw InvalidJson.expected("a digit in the number", c, where);
        }
        if (state == State.ZERO && isDigit(c)) {
            throw new InvalidJson(where.toString(), "a number must not have a leading zero");
        }
        // Else 1x would be shown as 1 before the x is refused.
        if (c != ',' && c != ']' && c != '}' && !JsonValue.isWhiteSpace(c)) {
            throw InvalidJson.expected("the end of the number", c, where);
        }
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }
}
