package rivulet.telemetry;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
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
    private final Map<Series, Counter> counters = new ConcurrentHashMap<>();
    private final Map<Series, Timer> timers = new ConcurrentHashMap<>();
    private final Map<Series, DistributionSummary> summaries = new ConcurrentHashMap<>();

    /** A meter with the values of its labels: the registry would have to be told all of it for each answer. */
    private record Series(String name, String first, String second, String third) {
        private Series(String name, String first) {
            this(name, first, "", "");
        }

        private Series(String name, String first, String second) {
            this(name, first, second, "");
        }
    }

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
        ended(kind.wireName(), generation.end(), generation.code()).increment();
        deltas(kind.wireName()).increment(outcome.deltas());
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
        String model = models.label(generation.start().model(), outcome.ttft() != null);
        duration(model, errorType(generation)).record(outcome.elapsed());
        if (outcome.end() instanceof Event.Done && outcome.ttft() != null) {
            firstToken(model).record(outcome.ttft());
        }
        Usage usage = outcome.usage();
        if (usage != null && !usage.estimated()) {
            count("input", usage.inputTokens(), model);
            count("output", usage.outputTokens(), model);
            nextToken(outcome, usage, model);
        }
    }

    private void nextToken(Outcome outcome, Usage usage, String model) {
        Long output = usage.outputTokens();
        if (outcome.end() instanceof Event.Done
                && outcome.ttft() != null
                && outcome.lastDelta() != null
                && output != null
                && output > 1) {
            perToken(model).record(outcome.lastDelta().minus(outcome.ttft()).dividedBy(output - 1));
        }
    }

    private void count(String type, @Nullable Long count, String model) {
        if (count != null) {
            tokens(model, type).record(count);
        }
    }

    private Counter ended(String kind, String end, String code) {
        return counters.computeIfAbsent(
                new Series("rivulet.generations", kind, end, code),
                series -> Counter.builder(series.name())
                        .description("Generations that ended, by what they ended with.")
                        .tags("kind", kind, "end", end, "code", code)
                        .register(registry));
    }

    private Counter deltas(String kind) {
        return counters.computeIfAbsent(
                new Series("rivulet.deltas", kind),
                series -> Counter.builder(series.name())
                        .description("Deltas of generations that ended.")
                        .tags("kind", kind)
                        .register(registry));
    }

    private Counter cancels(String cause) {
        return counters.computeIfAbsent(
                new Series("rivulet.cancels", cause),
                series -> Counter.builder(series.name())
                        .description("Generations that were ended before their answer was complete, by why.")
                        .tags("cause", cause)
                        .register(registry));
    }

    private Timer duration(String model, String errorType) {
        return timers.computeIfAbsent(
                new Series("gen_ai.server.request.duration", model, errorType),
                series -> timer(series)
                        .description("From a question to the end of its answer.")
                        .serviceLevelObjectives(REQUEST)
                        .tag("error.type", errorType)
                        .register(registry));
    }

    private Timer firstToken(String model) {
        return timers.computeIfAbsent(
                new Series("gen_ai.server.time_to_first_token", model),
                series -> timer(series)
                        .description("From a question to the first delta of its answer.")
                        .serviceLevelObjectives(FIRST_TOKEN)
                        .register(registry));
    }

    private Timer perToken(String model) {
        return timers.computeIfAbsent(
                new Series("gen_ai.server.time_per_output_token", model),
                series -> timer(series)
                        .description("From one token of an answer to the next.")
                        .serviceLevelObjectives(NEXT_TOKEN)
                        .register(registry));
    }

    private DistributionSummary tokens(String model, String type) {
        return summaries.computeIfAbsent(
                new Series("gen_ai.client.token.usage", model, type),
                series -> DistributionSummary.builder(series.name())
                        .description("Tokens of a question or an answer, as the provider counts them.")
                        .serviceLevelObjectives(TOKENS)
                        .tags(CHAT.and(MODEL, model, "gen_ai.token.type", type))
                        .register(registry));
    }

    private static Timer.Builder timer(Series series) {
        return Timer.builder(series.name()).tags(CHAT.and(MODEL, series.first()));
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
