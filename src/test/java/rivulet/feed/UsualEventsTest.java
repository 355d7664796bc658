package rivulet.feed;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is taken the short way is what the long way would have read; what is not whole, or unusual, is left. */
@Timeout(60)
class UsualEventsTest {
    private static final ObjectMapper MAPPER =
            new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    private final List<String> pieces = new ArrayList<>();
    private final UsualEvents chat = new UsualEvents(UsualPiece::ofChatCompletion, pieces::add);
    private final UsualEvents responses = new UsualEvents(UsualPiece::ofResponse, pieces::add);

    private static String chat(String content, String padding) {
        return "data: {\"id\":\"c-1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" + content
                + "\"},\"finish_reason\":null}],\"usage\":null,\"obfuscation\":\"" + padding + "\"}\n\n";
    }

    private static String response(int number, String delta) {
        return "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"sequence_number\":"
                + number + ",\"item_id\":\"m\",\"output_index\":0,\"delta\":\"" + delta + "\",\"logprobs\":[]}\n\n";
    }

    private static int take(UsualEvents events, String text) {
        byte[] bytes = ("xx" + text + "data").getBytes(StandardCharsets.UTF_8);
        return events.take(bytes, 2, bytes.length - 4);
    }

    private static int bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }

    @Test
    void usualEventsAreTakenWhateverTheirPieceIs() {
        String all = chat("Hel", "xxxx") + chat("lo", "y") + chat("", "") + chat("\\n\\u00e9\\\"", "z")
                + chat("wörld 😀", "abc") + chat(" again", "") + "data:"
                + chat("x", "y").substring(6);
        assertEquals(bytes(all), take(chat, all));
        assertEquals(List.of("Hel", "lo", "", "\né\"", "wörld 😀", " again", "x"), pieces);
    }

    @Test
    void numberedAndNamedEventsAreTakenToo() {
        String all = response(4, "a") + response(5, "b") + response(1234567, "c");
        assertEquals(bytes(all), take(responses, all));
        assertEquals(List.of("a", "b", "c"), pieces);
    }

    @Test
    void theTypeIsReadWhereverItStands() {
        String last = "data: {\"delta\":\"a\",\"obfuscation\":\"x\",\"type\":\"response.output_text.delta\"}\n\n";
        assertEquals(last.length() * 2, take(responses, last + last + last.replace("output_text", "refusal")));
        assertEquals(List.of("a", "a"), pieces);
    }

    @Test
    void anEventThatIsNotWholeIsLeft() {
        String first = chat("a", "x");
        String second = chat("b", "y");
        for (int cut = 0; cut < second.length(); cut++) {
            pieces.clear();
            assertEquals(first.length(), take(chat, first + second.substring(0, cut)), "cut at " + cut);
            assertEquals(List.of("a"), pieces);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "data: [DONE]\n\n",
                ": ping\n\n",
                "\n",
                "id: 1\ndata: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n",
                "event: error\ndata: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n",
                "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\ndata:\n\n",
                "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\nevent: error\n\n",
                "data: {\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]}\n\n",
                "data: {\"type\":\"response.output_text.delta\",\"sequence_number\":04,\"delta\":\"a\"}\n\n",
            })
    void whatIsUnusualIsLeftAndAllBehindIt(String event) {
        for (UsualEvents events : List.of(chat, responses)) {
            String first = events == chat ? chat("a", "b") : response(3, "a");
            assertEquals(first.length(), take(events, first + event + first));
        }
        assertEquals(List.of("a", "a"), pieces);
    }

    @Test
    void whateverIsMadeOfAnEventReadsAsTheLongWayReadsIt() throws JsonProcessingException {
        Random random = new Random(11);
        int taken = 0;
        for (int i = 0; i < 100_000; i++) {
            boolean isChat = random.nextBoolean();
            UsualEvents events = isChat ? chat : responses;
            String plain = isChat ? chat("ab é", "pad") : response(random.nextInt(30), "ab é");
            assertTrue(take(events, plain.replace('é', 'e')) > 0);
            pieces.clear();
            String made = mutated(plain, random);
            int length = take(events, made);
            if (length > 0) {
                taken++;
                assertEquals(List.of(longWay(made, isChat)), pieces, made);
                assertEquals(bytes(made), length);
            }
        }
        assertTrue(taken > 10_000, "only " + taken + " went the short way");
    }

    private static String longWay(String event, boolean isChat) throws JsonProcessingException {
        JsonNode data = MAPPER.readTree(event.substring(event.indexOf("data:") + 5));
        JsonNode said = isChat ? data.at("/choices/0/delta/content") : data.path("delta");
        assertTrue(said.isTextual());
        assertTrue(isChat || data.path("type").asText().equals("response.output_text.delta"));
        return said.textValue();
    }

    private static String mutated(String event, Random random) {
        StringBuilder text = new StringBuilder(event);
        for (int i = random.nextInt(3); i >= 0; i--) {
            int at = random.nextInt(text.length() - 2);
            String alphabet = "\"\\{}[],:01.-eEnult \t\u0001ué/";
            switch (random.nextInt(4)) {
                case 0 -> text.deleteCharAt(at);
                case 1 -> text.insert(at, alphabet.charAt(random.nextInt(alphabet.length())));
                case 2 -> text.setCharAt(at, alphabet.charAt(random.nextInt(alphabet.length())));
                default -> text.insert(at, text.substring(at, Math.min(text.length() - 2, at + random.nextInt(30))));
            }
        }
        return text.toString();
    }
}
