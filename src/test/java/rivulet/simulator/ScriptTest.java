package rivulet.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import rivulet.simulator.Script.Directive;

@Timeout(60)
class ScriptTest {
    @Test
    void everyOtherNameAsksForNothing() {
        for (String name : new String[] {"gpt-4o-mini", "sim", "simple-model", "similar", "SIM-fast", "o/sim-stall"}) {
            Script script = Script.parse(name);
            assertEquals(Duration.ofMillis(150), script.firstByteAfter(), name);
            assertEquals(Duration.ofMillis(25), script.gap(), name);
            assertEquals(Optional.empty(), script.fault(), name);
        }
    }

    @Test
    void everyListedDirectiveIsReadAsItself() {
        String[] listed = Script.directives().keySet().toArray(new String[0]);
        Directive[] directives = Directive.values();
        assertEquals(directives.length, listed.length);
        for (int i = 0; i < listed.length; i++) {
            String name = "sim-" + listed[i].replace("<n>", "7").replace("<time>", "250ms");
            assertTrue(Script.parse(name).has(directives[i]), name);
        }
    }

    @Test
    void meaningsAreOneLine() {
        Script.directives().forEach((name, meaning) -> assertTrue(meaning.matches("[^\n|]{10,100}"), name));
    }

    @Test
    void directivesComposeInAnyOrder() {
        for (String name : new String[] {
            "sim-wait-2s-50tps-30tokens-reasoning-stall-after-4", "sim-stall-after-4-reasoning-30tokens-50tps-wait-2s"
        }) {
            Script script = Script.parse(name);
            assertEquals(Duration.ofSeconds(2), script.firstByteAfter());
            assertEquals(Duration.ofMillis(20), script.gap());
            assertEquals(OptionalInt.of(30), script.tokens());
            assertTrue(script.has(Directive.REASONING));
            assertEquals(Optional.of(Directive.STALL_AFTER), script.fault());
            assertEquals(4, script.deltasBeforeFault());
        }
    }

    @Test
    void fastStillWaitsWhenAskedTo() {
        assertEquals(Duration.ZERO, Script.parse("sim-fast").firstByteAfter());
        assertEquals(Duration.ofMinutes(1), Script.parse("sim-fast-wait-1m").firstByteAfter());
        assertEquals(Duration.ZERO, Script.parse("sim-wait-1m-fast").gap());
    }

    @Test
    void retryAfterIsASecondUnlessTheNameSays() {
        assertEquals(Duration.ofSeconds(1), Script.parse("sim-429").retryAfter());
        assertEquals(Duration.ofSeconds(30), Script.parse("sim-429-retry-30s").retryAfter());
    }

    @Test
    void unknownDirectivesAreRefusedWithAListOfAll() {
        for (String name : new String[] {
            "sim-",
            "sim--fast",
            "sim-fast-",
            "sim-faster",
            "sim-0tps",
            "sim-0tokens",
            "sim-cut",
            "sim-wait-2",
            "sim-418"
        }) {
            ApiError error = assertThrows(ApiError.class, () -> Script.parse(name), name);
            assertEquals(400, error.status());
            assertEquals(
                    "model_not_found", error.json().path("error").path("code").asText());
            String message = error.json().path("error").path("message").asText();
            assertTrue(Script.directives().keySet().stream().allMatch(message::contains), message);
        }
    }

    @Test
    void contradictionsAreRefused() {
        for (String name : new String[] {"sim-fast-50tps", "sim-echo-markdown", "sim-429-500", "sim-fast-fast"}) {
            ApiError error = assertThrows(ApiError.class, () -> Script.parse(name), name);
            String message = error.json().path("error").path("message").asText();
            assertTrue(Arrays.stream(name.split("-", -1)).allMatch(message::contains), message);
            assertFalse(message.contains("stall"), message);
        }
    }
}
