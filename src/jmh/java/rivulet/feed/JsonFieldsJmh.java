package rivulet.feed;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.infra.Blackhole;

/**
 * What one piece of four characters of a structured answer costs, beside reading all that has come again at each piece.
 * Of a reader that is O(n) a piece of a long document costs what a piece of a short one does.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class JsonFieldsJmh {
    private static final int PIECE = 4;

    /** Pieces of one document after another. */
    @State(Scope.Thread)
    public static class Pieces {
        /** The document's length. */
        @Param({"10000", "1000000"})
        public int chars;

        private String[] pieces = {};
        private JsonFields fields = new JsonFields(JsonFields.Steps.UNSEEN, JsonFields.Limits.DEFAULTS, false);
        private int next;

        /** Cuts the document. */
        @Setup
        public void cut() {
            String document = document(chars);
            pieces = new String[(chars + PIECE - 1) / PIECE];
            for (int i = 0; i < pieces.length; i++) {
                pieces[i] = document.substring(i * PIECE, Math.min(chars, (i + 1) * PIECE));
            }
        }
    }

    /** A document that grows by a piece at a time. */
    @State(Scope.Thread)
    public static class Growing {
        /** The document's length; long ones are not to be waited for. */
        @Param({"1000", "10000"})
        public int rereadChars;

        private final ObjectMapper jackson = new ObjectMapper();
        private String document = "";
        private int to;

        /** Makes the document. */
        @Setup
        public void write() {
            document = document(rereadChars);
        }
    }

    /** The next piece; at a document's end the first of the next document. */
    @Benchmark
    public void piece(Pieces state, Blackhole seen) {
        if (state.next == 0) {
            state.fields = new JsonFields(steps(seen), JsonFields.Limits.DEFAULTS, false);
        }
        state.fields.text(state.pieces[state.next]);
        state.next++;
        if (state.next == state.pieces.length) {
            state.fields.end();
            state.next = 0;
        }
    }

    /** What SDKs do: close what is open so far and parse it all; here the closing is free. */
    @Benchmark
    public void reread(Growing state, Blackhole seen) {
        state.to = state.to + PIECE < state.document.length() ? state.to + PIECE : PIECE;
        try {
            seen.consume(state.jackson.readTree(state.document.substring(0, state.to)));
            throw new IllegalStateException("the document is not whole yet");
        } catch (JacksonException cut) {
            // Read to where it is cut, which is the cost that counts.
            seen.consume(cut);
        }
    }

    private static JsonFields.Steps steps(Blackhole seen) {
        return new JsonFields.Steps() {
            @Override
            public void set(String path, String literal) {
                seen.consume(path);
                seen.consume(literal);
            }

            @Override
            public void append(String path, String delta) {
                seen.consume(path);
                seen.consume(delta);
            }
        };
    }

    private static String document(int chars) {
        StringBuilder json = new StringBuilder("{\"items\":[");
        String item = "{\"title\":\"A title \\\"quoted\\\"\",\"score\":4.50,\"tags\":[\"a\",\"b\"],\"summary\":\""
                + "Some sentences of running text, 一些中文, and an escape \\u00e9\\n. ".repeat(6)
                + "\"},";
        while (json.length() < chars - item.length()) {
            json.append(item);
        }
        json.append("\"").append("x".repeat(chars - json.length() - 3)).append("\"]}");
        return json.toString();
    }
}
