package rivulet.feed;

import java.util.Random;

/** Makes valid documents, written in every way RFC 8259 leaves open; the same seed makes the same ones. */
final class RandomJson {
    private static final String[] NAMES = {"", "a", "b", "a/b", "m~n", "~1", "/", "__proto__", "constructor", "0", "名"};
    private static final String[] NUMBERS = {
        "0",
        "-0",
        "4.0",
        "-0.0",
        "1e5",
        "1E+5",
        "2.50e-07",
        "9007199254740993",
        "0e0",
        "1e400",
        "-12345678901234567890123"
    };
    private static final String[] SPACES = {"", "", "", " ", "\n", "\r\n\t", "   "};

    private final Random random;
    private final boolean repeatNames;
    private final StringBuilder json = new StringBuilder();
    private int names;

    RandomJson(Random random, boolean repeatNames) {
        this.random = random;
        this.repeatNames = repeatNames;
    }

    /** One object or array. */
    String document() {
        json.setLength(0);
        if (random.nextInt(4) == 0) {
            array(4);
        } else {
            object(4);
        }
        return json.toString();
    }

    private void value(int depth) {
        switch (random.nextInt(depth > 0 ? 8 : 6)) {
            case 0 -> json.append(random.nextBoolean() ? "true" : "false");
            case 1 -> json.append("null");
            case 2 -> number();
            case 3, 4, 5 -> string(random.nextInt(12));
            case 6 -> object(depth - 1);
            default -> array(depth - 1);
        }
    }

    private void object(int depth) {
        json.append('{');
        space();
        for (int left = random.nextInt(5); left > 0; left--) {
            name();
            space();
            json.append(':');
            element(depth, left);
        }
        json.append('}');
    }

    private void array(int depth) {
        json.append('[');
        space();
        for (int left = random.nextInt(5); left > 0; left--) {
            element(depth, left);
        }
        json.append(']');
    }

    private void element(int depth, int left) {
        space();
        value(depth);
        space();
        if (left > 1) {
            json.append(',');
            space();
        }
    }

    private void name() {
        json.append('"').append(NAMES[random.nextInt(NAMES.length)]);
        if (!repeatNames) {
            json.append(names++);
        }
        json.append('"');
    }

    private void number() {
        if (random.nextInt(3) > 0) {
            json.append(NUMBERS[random.nextInt(NUMBERS.length)]);
        } else {
            json.append(1 + random.nextInt(9));
            random.ints(random.nextInt(60), 0, 10).forEach(json::append);
        }
    }

    private void string(int length) {
        json.append('"');
        for (int i = 0; i < length; i++) {
            switch (random.nextInt(5)) {
                case 0 -> json.append('\\').append("\"\\/bfnrt".charAt(random.nextInt(8)));
                case 1 -> raw(random.nextInt(Character.MAX_CODE_POINT + 1));
                case 2 -> raw(0x1F300 + random.nextInt(0x300));
                case 3 -> json.append("{\\\"x\\\":[1]} ");
                default -> json.append((char) ('a' + random.nextInt(26)));
            }
        }
        json.append('"');
    }

    /** Each half of a pair by itself as it stands or as an escape; now and then only one of them. */
    private void raw(int point) {
        for (char unit : Character.toChars(point)) {
            if (Character.isSurrogate(unit) && random.nextInt(20) == 0) {
                continue;
            }
            if (unit < ' ' || unit == '"' || unit == '\\' || random.nextInt(3) == 0) {
                json.append(String.format(random.nextBoolean() ? "\\u%04x" : "\\u%04X", (int) unit));
            } else {
                json.append(unit);
            }
        }
    }

    private void space() {
        json.append(SPACES[random.nextInt(SPACES.length)]);
    }
}
