package rivulet.feed;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.infra.Blackhole;
import rivulet.log.ErrorCode;
import rivulet.log.FinishReason;
import rivulet.log.Origin;
import rivulet.log.Usage;

/**
 * What it costs to find the delta in an upstream's event and to tell it: by the body's bytes ({@link UsualEvents}), as
 * nearly all go; by the event's data ({@link UsualPiece}); and by a tree, as what is unusual.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class DeltaJmh {
    private static final int EVENTS = 16;

    /** As OpenAI sends them, padding and all. */
    public enum Api {
        /** Chat Completions. */
        CHAT(
                new ChatCompletions(true),
                "",
                "{\"id\":\"chatcmpl-B1x2y3z4A5b6C7d8E9f0G1h2I3j4K\",\"object\":\"chat.completion.chunk\","
                        + "\"created\":1730000000,\"model\":\"gpt-4o-mini-2024-07-18\",\"service_tier\":\"default\","
                        + "\"system_fingerprint\":\"fp_0123456789\",\"choices\":[{\"index\":0,\"delta\":{\"content\":"
                        + "\" relay\"},\"logprobs\":null,\"finish_reason\":null}],\"obfuscation\":\"aaaaaaaa\"}"),
        /** Responses. */
        RESPONSES(
                new Responses(),
                "event: response.output_text.delta\n",
                "{\"type\":\"response.output_text.delta\",\"sequence_number\":17,\"item_id\":"
                        + "\"msg_0123456789abcdef0123456789abcdef0123456789abcdef\",\"output_index\":0,"
                        + "\"content_index\":0,\"delta\":\" relay\",\"logprobs\":[],\"obfuscation\":\"aaaaaaaa\"}");

        private final Dialect dialect;
        private final String name;
        private final String data;

        Api(Dialect dialect, String name, String data) {
            this.dialect = dialect;
            this.name = name;
            this.data = data;
        }
    }

    /** Which API. */
    @Param
    public Api api;

    private final ObjectMapper jackson = new ObjectMapper();
    private AnswerReader reader;
    private AnswerEvents events;
    private UsualEvents usual;
    private byte[] body = {};

    /** Makes the API's reader. */
    @Setup
    public void open(Blackhole seen) {
        Scrubber scrubber = new Scrubber("sk-bench-0123456789", Map.of());
        reader = api.dialect.reader(new Seen(seen), scrubber, false);
        events = new AnswerEvents(reader, new Seen(seen), scrubber, null);
        usual = events.usual(piece -> seen.consume(events.piece(piece)));
        StringBuilder several = new StringBuilder();
        for (int i = 0; i < EVENTS; i++) {
            several.append(api.name).append("data: ").append(api.data.replace("relay", "relay".substring(i % 5)));
            several.append("\n\n");
        }
        body = several.toString().getBytes(StandardCharsets.UTF_8);
    }

    /** From the body's bytes to the sink. */
    @Benchmark
    @OperationsPerInvocation(EVENTS)
    public void bytes() {
        if (usual.take(body, 0, body.length) != body.length) {
            throw new IllegalStateException("an event is not taken the short way");
        }
    }

    /** From the event's data to the sink. */
    @Benchmark
    public Object event() {
        return events.event(null, api.data, false);
    }

    /** From the event's data to the sink, by way of a tree. */
    @Benchmark
    public Object tree() throws JsonProcessingException {
        return reader.event(jackson.readTree(api.data));
    }

    /** Takes what it is told. */
    private static final class Seen implements Sink {
        private final Blackhole seen;

        private Seen(Blackhole seen) {
            this.seen = seen;
        }

        @Override
        public void text(String piece) {
            seen.consume(piece);
        }

        @Override
        public void reasoning(String piece) {
            seen.consume(piece);
        }

        @Override
        public void refusal(String piece) {
            seen.consume(piece);
        }

        @Override
        public void toolCall(int index, @Nullable String id, @Nullable String name, String arguments) {
            throw new IllegalStateException("no call is asked for");
        }

        @Override
        public void fieldSet(String path, String literal) {
            throw new IllegalStateException("no document is asked for");
        }

        @Override
        public void fieldAppend(String path, String piece) {
            throw new IllegalStateException("no document is asked for");
        }

        @Override
        public void usage(@Nullable Usage usage) {
            throw new IllegalStateException("no usage is told");
        }

        @Override
        public void resumable(@Nullable Origin origin) {}

        @Override
        public void hears(int sequence) {}

        @Override
        public void done(FinishReason reason, @Nullable String providerReason) {
            throw new IllegalStateException("the answer goes on");
        }

        @Override
        public void failed(ErrorCode code, String message, @Nullable Duration retryAfter) {
            throw new IllegalStateException(message);
        }
    }
}
