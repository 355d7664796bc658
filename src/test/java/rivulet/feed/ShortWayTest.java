package rivulet.feed;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A stream whose usual events are taken out of its bytes says what it says where each goes the long way. */
@Timeout(60)
class ShortWayTest {
    private static final int STREAMS = Integer.getInteger("shortway.streams", 3000);
    private static final String CHAT = "{\"id\":\"c-1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":%s},"
            + "\"finish_reason\":null}],\"usage\":null,\"obfuscation\":\"pad\"}";
    private static final String RESPONSE = "{\"type\":\"response.output_text.delta\",\"sequence_number\":%d,"
            + "\"item_id\":\"m\",\"output_index\":0,\"content_index\":0,\"delta\":%s,\"logprobs\":[],\"obfuscation\":\"pad\"}";
    private static final List<String> WORDS = List.of(
            "\"a\"",
            "\"\"",
            "\" b\\n\"",
            "\"wörld 😀\"",
            "\"\\ud83d\"",
            "\"\\ude00\"",
            "\"[DONE]\"",
            "null",
            "\"\\\"}\"");
    private static final List<String> ODD_CHAT = List.of(
            "[DONE]",
            "{\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2}}",
            "{\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}",
            "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"},\"finish_reason\":\"length\"}],\"x_groq\":{\"usage\":{\"total_tokens\":3}}}",
            "{\"choices\":[{\"index\":1,\"delta\":{\"content\":\"other\"}}]}",
            "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"p\"},\"message\":{\"content\":\"p p\"}}],\"citations\":[\"https://a\"]}",
            "{\"choices\":[{\"index\":0,\"message\":{\"content\":\"whole\"},\"finish_reason\":\"stop\"}],\"base_resp\":{\"status_code\":0}}",
            "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"e\"}}],\"error\":{\"code\":502,\"message\":\"boom\"}}",
            "{\"choices\":[{\"index\":0,\"delta\":{\"reasoning_content\":\"hm\",\"content\":null}}]}",
            "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"c\"},\"content_filter_results\":{\"hate\":{\"filtered\":false}}}]}",
            "{\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"t\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]}}]}",
            "{\"choices\":[{\"index\":0,\"delta\":{\"content\":[{\"type\":\"text\",\"text\":\"t\"}]}}]}");
    private static final List<String> ODD_RESPONSES = List.of(
            "{\"type\":\"response.created\",\"response\":{\"status\":\"in_progress\"}}",
            "{\"type\":\"response.refusal.delta\",\"delta\":\"no\"}",
            "{\"type\":\"response.output_text.done\",\"text\":\"whole\"}",
            "{\"type\":\"response.content_part.done\",\"part\":{\"type\":\"output_text\",\"text\":\"whole\"}}",
            "{\"type\":\"response.output_item.done\",\"output_index\":1,\"item\":{\"type\":\"function_call\",\"call_id\":\"c\",\"name\":\"f\",\"arguments\":\"{}\"}}",
            "{\"type\":\"error\",\"message\":\"boom\"}",
            "{\"type\":\"response.completed\",\"response\":{\"output\":[{\"type\":\"message\",\"content\":[{\"type\":\"output_text\",\"text\":\"Z\"}]}],\"usage\":{\"input_tokens\":1}}}",
            "{\"delta\":\"z\",\"type\":\"response.output_text.delta\",\"sequence_number\":07}");
    private static final List<String> BETWEEN = List.of(
            ": ping\n\n", "\n", "id: 4\n", "retry: 5\n\n", "event: ping\ndata: x\n\n", "event: error\n", "\r\n", "\r");

    @Test
    void bothWaysTellTheSameOfAnyStream() throws EventStreamParser.EventTooLarge {
        Random random = new Random(23);
        int taken = 0;
        for (int i = 0; i < STREAMS; i++) {
            boolean chat = random.nextBoolean();
            byte[] stream = stream(chat, random);
            List<String> longWay = new ArrayList<>();
            read(stream, chat, longWay, false, stream.length);
            for (int most : List.of(stream.length, 1 + random.nextInt(400))) {
                List<String> shortWay = new ArrayList<>();
                taken += read(stream, chat, shortWay, true, most);
                assertEquals(
                        longWay, shortWay, () -> "cut at " + most + ": " + new String(stream, StandardCharsets.UTF_8));
            }
        }
        assertTrue(taken > STREAMS * 3, "only " + taken + " went the short way");
    }

    private static byte[] stream(boolean chat, Random random) {
        StringBuilder text = new StringBuilder();
        int number = 0;
        for (int i = 2 + random.nextInt(12); i > 0; i--) {
            String event = chat ? CHAT.formatted(one(WORDS, random)) : RESPONSE.formatted(number++, one(WORDS, random));
            if (random.nextInt(6) == 0) {
                event = one(chat ? ODD_CHAT : ODD_RESPONSES, random);
            }
            if (random.nextInt(12) == 0) {
                text.append(one(BETWEEN, random));
            }
            String name = chat || random.nextInt(8) == 0 ? "" : "event: response.output_text.delta\n";
            String end = random.nextInt(15) == 0 ? "\r\n\r\n" : random.nextInt(30) == 0 ? "\n" : "\n\n";
            text.append(name)
                    .append(random.nextInt(20) == 0 ? "data:" : "data: ")
                    .append(event)
                    .append(end);
        }
        byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
        for (int i = random.nextInt(3); i > 0; i--) {
            int at = random.nextInt(bytes.length);
            switch (random.nextInt(4)) {
                case 0 -> bytes[at] = (byte) random.nextInt(256);
                case 1 -> bytes[at] = (byte) "\"\\{}[],:01 \n\r\t".charAt(random.nextInt(14));
                case 2 -> bytes = Arrays.copyOf(bytes, at + 1);
                default -> {
                    int length = Math.min(bytes.length - at, random.nextInt(60));
                    byte[] grown = new byte[bytes.length + length];
                    System.arraycopy(bytes, 0, grown, 0, at + length);
                    System.arraycopy(bytes, at, grown, at + length, bytes.length - at);
                    bytes = grown;
                }
            }
        }
        return bytes;
    }

    private static String one(List<String> of, Random random) {
        return of.get(random.nextInt(of.size()));
    }

    /** How many events went the short way. */
    private static int read(byte[] stream, boolean chat, List<String> told, boolean usually, int most)
            throws EventStreamParser.EventTooLarge {
        Sink sink = sink(told);
        Scrubber scrubber = new Scrubber("", Map.of());
        AnswerReader reader =
                chat ? new ChatCompletionsReader(sink, scrubber) : new ResponsesReader(sink, scrubber, false);
        Reading reading = new Reading(new AnswerEvents(usually ? reader : new LongWay(reader), sink, scrubber, null));
        EventStreamParser parser = new EventStreamParser(1 << 20, reading);
        for (int at = 0; at < stream.length; at += most) {
            byte[] some = Arrays.copyOfRange(stream, at, Math.min(stream.length, at + most));
            parser.accept(some, 0, some.length);
        }
        reading.ends = true;
        parser.end();
        if (!reading.over) {
            reading.events.end(false);
        }
        told.add(parser.strange());
        return reading.taken;
    }

    /** Reads as an exchange does. */
    private static final class Reading implements EventStreamParser.Events {
        private final AnswerEvents events;
        private final @Nullable UsualEvents usual;
        private int taken;
        private boolean ends;
        private boolean over;

        private Reading(AnswerEvents events) {
            this.events = events;
            this.usual = events.usual(piece -> {
                taken++;
                if (!over) {
                    over = events.piece(piece) == AnswerReader.Progress.ENDED;
                }
            });
        }

        @Override
        public int usual(byte[] bytes, int from, int to) {
            return usual == null ? 0 : usual.take(bytes, from, to);
        }

        @Override
        public void event(@Nullable String type, String data) {
            if (!over && !data.isBlank()) {
                over = events.event(type, data, ends) == AnswerReader.Progress.ENDED;
            }
        }
    }

    /** A reader that finds nothing usual. */
    private record LongWay(AnswerReader reader) implements AnswerReader {
        @Override
        public UsualPiece usualPiece(String data) throws JsonCursor.Unusual {
            throw new JsonCursor.Unusual();
        }

        @Override
        public Progress piece(String piece) {
            throw new AssertionError(piece);
        }

        @Override
        public Progress event(JsonNode event) {
            return reader.event(event);
        }

        @Override
        public Progress doneMarker() {
            return reader.doneMarker();
        }

        @Override
        public void end(boolean broken) {
            reader.end(broken);
        }
    }

    private static Sink sink(List<String> told) {
        return (Sink) Proxy.newProxyInstance(
                ShortWayTest.class.getClassLoader(), new Class<?>[] {Sink.class}, (proxy, method, arguments) -> {
                    told.add(method.getName() + Arrays.toString(arguments));
                    return null;
                });
    }
}
