package rivulet.feed;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import rivulet.log.ErrorCode;
import rivulet.log.FinishReason;

/** A structured answer ends when its document was checked, which no thread does that reads answers. */
@Timeout(60)
class StructuredEndTest {
    /** Writes down how it ends. */
    private static final class Ends extends DeafSink {
        private final List<String> told = new ArrayList<>();

        @Override
        public void done(FinishReason reason, @Nullable String providerReason) {
            told.add(reason.wireName());
        }

        @Override
        public void failed(ErrorCode code, String message, @Nullable Duration retryAfter) {
            told.add(code.wireName());
        }
    }

    private static final JsonFields.Limits LIMITS = new JsonFields.Limits(1000, 30_000_000, 1000, 50_000);

    private final List<Runnable> checks = new ArrayList<>();
    private final Ends ends = new Ends();

    /** Has a document said, all of it and at once. */
    private Feed.Cancellation say(String document, FinishReason reason) throws Exception {
        return say(document, reason, "{\"type\":\"object\"}");
    }

    private Feed.Cancellation say(String document, FinishReason reason, String wanted) throws Exception {
        Feed text = sink -> {
            sink.text(document);
            sink.done(reason, null);
            return () -> ends.told.add("let go");
        };
        ObjectNode schema = (ObjectNode) new ObjectMapper().readTree(wanted);
        return new Structured(text, schema, LIMITS, checks::add).start(ends);
    }

    private void check() {
        checks.forEach(Runnable::run);
    }

    @Test
    void itIsDoneWhenItWasChecked() throws Exception {
        say("{}", FinishReason.STOP);
        assertEquals(List.of(), ends.told);
        check();
        assertEquals(List.of("stop"), ends.told);
    }

    /** A schema comes in a body whose numbers are doubles, a document's are exact. */
    @ParameterizedTest
    @ValueSource(strings = {"{\"a\":0.5}", "{\"a\":[1.25,{\"b\":1e-7}]}"})
    void numbersInsideAConstantAreEqual(String document) throws Exception {
        say(document, FinishReason.STOP, "{\"const\":" + document + "}");
        check();
        say(document, FinishReason.STOP, "{\"enum\":[" + document + "]}");
        check();
        assertEquals("stop", ends.told.get(0));
        assertEquals("stop", ends.told.get(ends.told.size() - 1));
    }

    @Test
    void itFailsWhenItWasChecked() throws Exception {
        say("Here: {}", FinishReason.STOP);
        check();
        say("1", FinishReason.STOP);
        assertEquals(List.of("stop"), ends.told);
        check();
        assertEquals("schema_mismatch", ends.told.get(ends.told.size() - 1));
    }

    @Test
    void whatNeedsNoCheckEndsAtOnce() throws Exception {
        say("{", FinishReason.STOP);
        say("", FinishReason.REFUSAL);
        assertEquals(List.of("invalid_json", "refusal"), ends.told);
        assertEquals(List.of(), checks);
    }

    @Test
    void whatWasCancelledIsNotCheckedAnyMore() throws Exception {
        say("{}", FinishReason.STOP).cancel();
        say("{}", FinishReason.STOP).abandon();
        check();
        assertEquals(List.of("let go", "let go"), ends.told);
    }

    @Test
    void aStringMayBeLongerThanTheLibraryIsUsedTo() throws Exception {
        say("[\"" + "x".repeat(20_000_001) + "\"]", FinishReason.STOP);
        check();
        assertEquals(List.of("schema_mismatch"), ends.told);
    }
}
