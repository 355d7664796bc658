package rivulet.feed;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The short way to a piece of text says what the long way says, or leaves the event to it. */
@Timeout(60)
class UsualPieceTest {
    private static final ObjectMapper MAPPER =
            new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);
    private static final String CHAT = "{\"id\":\"c-1\",\"created\":1730000000,\"choices\":[{\"index\":0,"
            + "\"delta\":{\"role\":\"assistant\",\"content\":\"a\\n\\u00e9\\\"\",\"refusal\":null},\"logprobs\":null,"
            + "\"finish_reason\":null}],\"usage\":null,\"obfuscation\":\"x\"}";
    private static final String RESPONSES = "{\"type\":\"response.output_text.delta\",\"sequence_number\":4,"
            + "\"item_id\":\"msg_1\",\"output_index\":0,\"delta\":\" wörld\\t\",\"logprobs\":[],\"obfuscation\":\"x\"}";

    @Test
    void usualEventsGoTheShortWay() {
        assertEquals(List.of("text[a\né\"]"), shortWay(UsualPieceTest::chat, CHAT));
        assertEquals(List.of("text[ wörld\t]"), shortWay(UsualPieceTest::responses, RESPONSES));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "[DONE]",
                "",
                "{}",
                "{\"choices\":[]}",
                "{\"choices\":[{\"delta\":{}}]}",
                "{\"choices\":[{\"delta\":{\"content\":null}}]}",
                "{\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]}",
                "{\"choices\":[{\"delta\":{\"content\":\"a\",\"content\":\"b\"}}]}",
                "{\"choices\":[{\"delta\":{\"content\":\"a\",\"reasoning\":\"b\"}}]}",
                "{\"choices\":[{\"delta\":{\"content\":\"a\",\"extra_content\":{\"google\":{\"thought\":true}}}}]}",
                "{\"choices\":[{\"index\":1,\"delta\":{\"content\":\"a\"}}]}",
                "{\"choices\":[{\"index\":0.5,\"delta\":{\"content\":\"a\"}}]}",
                "{\"choices\":[{\"delta\":{\"content\":\"a\"}},{\"delta\":{\"content\":\"b\"}}]}",
                "{\"choices\":[{\"delta\":{\"content\":\"a\"}}],\"usage\":{\"prompt_tokens\":1}}",
                "{\"choices\":[{\"delta\":{\"content\":\"a\"}}],\"error\":{\"message\":\"no\"}}",
                "{\"choices\":[{\"delta\":{\"content\":\"a\"}}]} x",
                "{\"choices\":[{\"delta\":{\"content\":\"a\"}}],}",
                "{\"choices\":[{\"delta\":{\"content\":\"a\"}}],\"n\":01}",
                "{\"choices\":[{\"delta\":{\"content\":\"a\\x\"}}]}",
                "{\"choices\":[{\"delta\":{\"content\":\"a\\u12\"}}]}",
                "{\"choices\":[{\"delta\":{\"content\":\"a\"}}]",
                "{\"type\":\"response.completed\",\"delta\":\"a\"}",
                "{\"type\":\"response.output_text.delta\",\"delta\":{}}",
                "{\"delta\":\"a\"}",
                "{\"choices\":[{\"delta\":{\"content\":\"a\"}}],\"e\\u0072ror\":{\"message\":\"boom\"}}",
                "{\"choices\":[{\"delta\":{\"content\":\"a\"},\"error\":{\"message\":\"boom\"}}]}",
                "{\"choices\":[{\"delta\":{\"content\":\"a\"},\"usage\":{\"prompt_tokens\":1}}]}",
                "{\"choices\":[{\"delta\":{\"content\":\"a\",\"reasoning_text\":\"hm\"}}]}",
                "{\"choices\":[{\"delta\":{\"content\":\"a\"}}],\"base_resp\":{\"status_code\":1008}}",
            })
    void whatIsUnusualIsLeft(String data) {
        assertNull(chat(sink(new ArrayList<>())).usual(data));
        assertNull(responses(sink(new ArrayList<>())).usual(data));
    }

    @Test
    void bothWaysSayTheSameOfWhateverIsMadeOfAnEvent() throws JsonProcessingException {
        Random random = new Random(7);
        int taken = 0;
        for (int i = 0; i < 100_000; i++) {
            boolean chat = random.nextBoolean();
            taken += compare(
                    chat ? UsualPieceTest::chat : UsualPieceTest::responses, mutated(chat ? CHAT : RESPONSES, random));
        }
        assertTrue(taken > 5_000, "only " + taken + " went the short way");
    }

    /** Another node has told the deltas. */
    @Test
    void whatIsWholeIsNotSaidAgainWhereTheBeginningWasReadElsewhere() throws JsonProcessingException {
        List<String> said = new ArrayList<>();
        AnswerReader reader = new ResponsesReader(sink(said), new Scrubber("", Map.of()), true);
        reader.event(MAPPER.readTree("{\"type\":\"response.output_text.done\",\"text\":\"Hello\"}"));
        reader.event(
                MAPPER.readTree(
                        "{\"type\":\"response.completed\",\"response\":{\"output\":[{\"type\":\"message\",\"content\":[{\"type\":\"output_text\",\"text\":\"Hello\"}]}]}}"));
        said.removeIf(call -> call.endsWith("[]"));
        assertEquals(List.of("done[STOP, null]"), said);
    }

    private static int compare(Function<Sink, AnswerReader> reader, String data) throws JsonProcessingException {
        List<String> said = shortWay(reader, data);
        if (said == null) {
            return 0;
        }
        List<String> wanted = new ArrayList<>();
        reader.apply(sink(wanted)).event(MAPPER.readTree(data));
        wanted.removeIf(call -> call.endsWith("[]"));
        said.removeIf(call -> call.endsWith("[]"));
        assertEquals(wanted, said, data);
        return 1;
    }

    private static String mutated(String event, Random random) {
        StringBuilder text = new StringBuilder(event);
        for (int i = random.nextInt(3); i >= 0; i--) {
            int at = random.nextInt(text.length());
            String alphabet = "\"\\{}[],:0.-eEnult \t\u0001ué/";
            switch (random.nextInt(4)) {
                case 0 -> text.deleteCharAt(at);
                case 1 -> text.insert(at, alphabet.charAt(random.nextInt(alphabet.length())));
                case 2 -> text.setCharAt(at, alphabet.charAt(random.nextInt(alphabet.length())));
                default -> text.insert(at, text.substring(at, Math.min(text.length(), at + random.nextInt(30))));
            }
        }
        return text.toString();
    }

    private static @Nullable List<String> shortWay(Function<Sink, AnswerReader> reader, String data) {
        List<String> said = new ArrayList<>();
        AnswerReader.Progress progress = reader.apply(sink(said)).usual(data);
        if (progress != null) {
            assertEquals(AnswerReader.Progress.OPEN, progress);
            assertNotNull(said);
            return said;
        }
        assertEquals(List.of(), said, "what is left to the long way says nothing");
        return null;
    }

    private static AnswerReader chat(Sink sink) {
        return new ChatCompletionsReader(sink, new Scrubber("", Map.of()));
    }

    private static AnswerReader responses(Sink sink) {
        return new ResponsesReader(sink, new Scrubber("", Map.of()), false);
    }

    private static Sink sink(List<String> said) {
        return (Sink) Proxy.newProxyInstance(
                UsualPieceTest.class.getClassLoader(), new Class<?>[] {Sink.class}, (proxy, method, arguments) -> {
                    said.add(method.getName() + Arrays.toString(arguments));
                    return null;
                });
    }
}
