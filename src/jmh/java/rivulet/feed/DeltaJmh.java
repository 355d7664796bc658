package rivulet.feed;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
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

/** What it costs to find the delta in an upstream's event: the usual way ({@link UsualPiece}) and by a tree. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class DeltaJmh {
    /** As OpenAI sends them, padding and all. */
    public enum Api {
        /** Chat Completions. */
        CHAT(
                new ChatCompletions(true),
                "{\"id\":\"chatcmpl-B1x2y3z4A5b6C7d8E9f0G1h2I3j4K\",\"object\":\"chat.completion.chunk\","
                        + "\"created\":1730000000,\"model\":\"gpt-4o-mini-2024-07-18\",\"service_tier\":\"default\","
                        + "\"system_fingerprint\":\"fp_0123456789\",\"choices\":[{\"index\":0,\"delta\":{\"content\":"
                        + "\" relay\"},\"logprobs\":null,\"finish_reason\":null}],\"obfuscation\":\"aaaaaaaa\"}"),
        /** Responses. */
        RESPONSES(
                new Responses(),
                "{\"type\":\"response.output_text.delta\",\"sequence_number\":17,\"item_id\":"
                        + "\"msg_0123456789abcdef0123456789abcdef0123456789abcdef\",\"output_index\":0,"
                        + "\"content_index\":0,\"delta\":\" relay\",\"logprobs\":[],\"obfuscation\":\"aaaaaaaa\"}");

        private final Dialect dialect;
        private final String data;

        Api(Dialect dialect, String data) {
            this.dialect = dialect;
            this.data = data;
        }
    }

    /** Which API. */
    @Param
    public Api api;

    private final ObjectMapper jackson = new ObjectMapper();
    private AnswerReader reader;
    private AnswerEvents events;

    /** Makes the API's reader. */
    @Setup
    public void open(Blackhole seen) {
        Scrubber scrubber = new Scrubber("sk-bench-0123456789", List.of());
        reader = api.dialect.reader(new Seen(seen), scrubber);
        events = new AnswerEvents(reader, new Seen(seen), scrubber, null);
    }

    /** As an event goes in the product, from its data to the sink. */
    @Benchmark
    public Object event() {
        return events.event(null, api.data, false);
    }

    /** The piece alone. */
    @Benchmark
    public String usualPiece() throws JsonCursor.Unusual {
        return reader.usualPiece(api.data);
    }

    /** The other way, which is taken for what is unusual, from the data to the sink. */
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
        public void usage(Usage usage) {
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
