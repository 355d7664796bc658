package rivulet.feed;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.List;

/**
 * Prints what a structured answer costs in pieces of four characters, beside reading it all again at each piece. Run
 * it with the test class path: {@code java -cp … rivulet.feed.JsonFieldsBench}.
 */
final class JsonFieldsBench {
    private static final int PIECE = 4;
    private static final int ROUNDS = 15;
    private static final int SMALL = 100_000;
    private static final int LARGE = 1_000_000;
    private static final int REREAD = 20_000;

    private static final class Counter implements JsonFields.Steps {
        private long chars;

        @Override
        public void set(String path, String literal) {
            chars += literal.length();
        }

        @Override
        public void append(String path, String delta) {
            chars += delta.length();
        }
    }

    private JsonFieldsBench() {}

    /** Takes no arguments. */
    public static void main(String[] args) {
        List<String> small = pieces(document(SMALL));
        List<String> large = pieces(document(LARGE));
        double smallMillis = best(() -> fields(small));
        double largeMillis = best(() -> fields(large));
        report("JsonFields", SMALL, smallMillis);
        report("JsonFields", LARGE, largeMillis);
        System.out.printf("1 MB over ten times 100 KB: %.2f%n", largeMillis / (10 * smallMillis));
        double half = best(() -> reread(document(REREAD / 2)));
        double full = best(() -> reread(document(REREAD)));
        report("re-parsing", REREAD / 2, half);
        report("re-parsing", REREAD, full);
        // Twice the document costs four times as much: 1 MB is not run, but reckoned.
        double factor = (double) LARGE / REREAD;
        System.out.printf("re-parsing 1 MB, reckoned: %.0f s%n", full * factor * factor / 1000);
    }

    private static void report(String what, int chars, double millis) {
        System.out.printf(
                "%-11s %,9d chars: %10.2f ms, %8.1f ns per char%n", what, chars, millis, millis * 1e6 / chars);
    }

    private static double best(Runnable run) {
        double best = Double.MAX_VALUE;
        for (int round = 0; round < ROUNDS; round++) {
            long start = System.nanoTime();
            run.run();
            best = Math.min(best, (System.nanoTime() - start) / 1e6);
        }
        return best;
    }

    private static void fields(List<String> pieces) {
        Counter counter = new Counter();
        JsonFields fields = new JsonFields(counter, JsonFields.Limits.DEFAULTS, false);
        pieces.forEach(fields::text);
        fields.end();
        if (counter.chars == 0) {
            throw new IllegalStateException("nothing was read");
        }
    }

    /** What SDKs do: closes what is open so far and parses it all; here the closing is free. */
    private static void reread(String document) {
        ObjectMapper jackson = new ObjectMapper();
        for (int to = PIECE; to < document.length(); to += PIECE) {
            try {
                jackson.readTree(document.substring(0, to));
                throw new IllegalStateException("the document is not whole yet");
            } catch (JacksonException cut) {
                // Read to where it is cut, which is the cost that counts.
            }
        }
    }

    private static List<String> pieces(String text) {
        List<String> pieces = new ArrayList<>();
        for (int at = 0; at < text.length(); at += PIECE) {
            pieces.add(text.substring(at, Math.min(text.length(), at + PIECE)));
        }
        return pieces;
    }

    private static String document(int chars) {
        StringBuilder json = new StringBuilder("{\"items\":[");
        String item = "{\"title\":\"A title \\\"quoted\\\"\",\"score\":4.50,\"tags\":[\"a\",\"b\"],\"summary\":\""
                + "Some sentences of running text, 一些中文, and an escape \\u00e9\\n. ".repeat(6)
                + "\"},";
        while (json.length() < chars - item.length()) {
            json.append(item);
        }
        json.append("\"").append("x".repeat(chars - json.length() - 4)).append("\"]}");
        return json.toString();
    }
}
