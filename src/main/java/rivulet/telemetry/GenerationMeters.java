package rivulet.telemetry;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.stream.DoubleStream;
import org.jspecify.annotations.Nullable;
import rivulet.feed.CancelCause;
import rivulet.feed.Outcome;
import rivulet.log.ErrorCode;
import rivulet.log.Event;
import rivulet.log.FinishReason;
import rivulet.log.Kind;
import rivulet.log.Usage;

/**
 * What is measured of a generation, once, when it has ended. A model's answers go by the names and the buckets of
 * OpenTelemetry's semantic conventions for generative AI; the demos, which ask no model, only by our own.
 */
final class GenerationMeters {
    private static final Duration[] REQUEST =
            seconds(0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92);
    private static final Duration[] FIRST_TOKEN =
            seconds(0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10);
    private static final Duration[] NEXT_TOKEN =
            seconds(0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5);
    private static final double[] TOKENS =
            DoubleStream.iterate(1, n -> n * 4).limit(14).toArray();
    /** The flavour of the API that is spoken, as the conventions have it; who answers behind it nobody knows. */
    private static final Tags CHAT = Tags.of("gen_ai.operation.name", "chat", "gen_ai.provider.name", "openai");

    private static final String MODEL = "gen_ai.request.model";

    private final MeterRegistry registry;
    private final ModelNames models = new ModelNames();

    GenerationMeters(MeterRegistry registry) {
        this.registry = registry;
        // There from the first scrape on: a rate over a series that begins with its first event misses that event.
        for (CancelCause cause : CancelCause.values()) {
            cancels(cause.wireName());
        }
    }

    void record(Generation generation) {
        Outcome outcome = generation.outcome();
        Kind kind = generation.start().kind();
        Counter.builder("rivulet.generations")
                .description("Generations that ended, by what they ended with.")
                .tags("kind", kind.wireName(), "end", generation.end(), "code", generation.code())
                .register(registry)
                .increment();
        Counter.builder("rivulet.deltas")
                .description("Deltas of generations that ended.")
                .tags("kind", kind.wireName())
                .register(registry)
                .increment(outcome.deltas());
        if (outcome.cause() != null) {
            cancels(outcome.cause().wireName()).increment();
        } else if (outcome.end() instanceof Event.Failed failed && failed.code() == ErrorCode.SHUTTING_DOWN) {
            cancels("server_stop").increment();
        }
        if (kind == Kind.CHAT || kind == Kind.STRUCTURED) {
            answered(generation);
        }
    }

    private void answered(Generation generation) {
        Outcome outcome = generation.outcome();
        Tags tags = CHAT.and(MODEL, models.label(generation.start().model(), outcome.ttft() != null));
        timer("gen_ai.server.request.duration", "From a question to the end of its answer.", REQUEST)
                .tags(tags.and("error.type", errorType(generation)))
                .register(registry)
                .record(outcome.elapsed());
        if (outcome.end() instanceof Event.Done && outcome.ttft() != null) {
            timer("gen_ai.server.time_to_first_token", "From a question to the first delta of its answer.", FIRST_TOKEN)
                    .tags(tags)
                    .register(registry)
                    .record(outcome.ttft());
        }
        Usage usage = outcome.usage();
        if (usage != null && !usage.estimated()) {
            tokens("input", usage.inputTokens(), tags);
            tokens("output", usage.outputTokens(), tags);
            nextToken(outcome, usage, tags);
        }
    }

    private void nextToken(Outcome outcome, Usage usage, Tags tags) {
        Long output = usage.outputTokens();
        if (outcome.end() instanceof Event.Done
                && outcome.ttft() != null
                && outcome.lastDelta() != null
                && output != null
                && output > 1) {
            timer("gen_ai.server.time_per_output_token", "From one token of an answer to the next.", NEXT_TOKEN)
                    .tags(tags)
                    .register(registry)
                    .record(outcome.lastDelta().minus(outcome.ttft()).dividedBy(output - 1));
        }
    }

    private void tokens(String type, @Nullable Long count, Tags tags) {
        if (count != null) {
            DistributionSummary.builder("gen_ai.client.token.usage")
                    .description("Tokens of a question or an answer, as the provider counts them.")
                    .serviceLevelObjectives(TOKENS)
                    .tags(tags.and("gen_ai.token.type", type))
                    .register(registry)
                    .record(count);
        }
    }

    private Counter cancels(String cause) {
        return Counter.builder("rivulet.cancels")
                .description("Generations that were ended before their answer was complete, by why.")
                .tags("cause", cause)
                .register(registry);
    }

    private static Timer.Builder timer(String name, String description, Duration... buckets) {
        return Timer.builder(name).description(description).serviceLevelObjectives(buckets);
    }

    /** Empty where there was none: the conventions leave the attribute out, and so does Prometheus. */
    private static String errorType(Generation generation) {
        boolean well = generation.outcome().end() instanceof Event.Done done && done.reason() != FinishReason.CANCELLED;
        return well ? "" : generation.code();
    }

    private static Duration[] seconds(double... seconds) {
        return DoubleStream.of(seconds)
                .mapToObj(s -> Duration.ofNanos(Math.round(s * 1e9)))
                .toArray(Duration[]::new);
    }
}
