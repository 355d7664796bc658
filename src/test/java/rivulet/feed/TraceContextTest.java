package rivulet.feed;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which headers of a caller's trace are passed on (W3C Trace Context, sections 3.2 and 3.3). */
@Timeout(value = 20, unit = TimeUnit.SECONDS)
class TraceContextTest {
    private static final String TRACE = "0af7651916cd43dd8448eb211c80319c";
    private static final String PARENT = "00-" + TRACE + "-b7ad6b7169203331-01";

    @Test
    void aValidOneIsKeptAsItIs() {
        TraceContext trace = requireNonNull(TraceContext.of(List.of(PARENT), List.of("a=1", "b=2")));
        assertEquals(PARENT, trace.parent());
        assertEquals("a=1,b=2", trace.state());
        assertEquals(TRACE, trace.trace());
    }

    @Test
    void aLaterVersionMayHaveMore() {
        String later = "cc" + PARENT.substring(2);
        assertEquals(
                TRACE,
                requireNonNull(TraceContext.of(List.of(later), List.of())).trace());
        assertEquals(
                TRACE,
                requireNonNull(TraceContext.of(List.of(later + "-more"), List.of()))
                        .trace());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "00",
                "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
                "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01 ",
                "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
                "00-00000000000000000000000000000000-b7ad6b7169203331-01",
                "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
                "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01more"
            })
    void whatIsNotValidIsNone(String parent) {
        assertNull(TraceContext.of(List.of(parent), List.of("a=1")));
    }

    @Test
    void noneOrTwoAreNone() {
        assertNull(TraceContext.of(List.of(), List.of("a=1")));
        assertNull(TraceContext.of(List.of(PARENT, PARENT), List.of()));
    }

    @Test
    void aStateThatCannotBeAHeaderIsLeftOut() {
        for (String state : List.of("", "a=\u00e4", "a=1\nX: y", "a=" + "1".repeat(600))) {
            assertNull(
                    requireNonNull(TraceContext.of(List.of(PARENT), List.of(state)))
                            .state(),
                    state);
        }
    }
}
