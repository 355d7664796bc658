package rivulet.telemetry;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.List;
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

    /** A meter and its labels, names and values: the registry would have to be told all of it for each answer. */
    private record Series(String name, List<String> labels) {}

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
        counter(
                        "rivulet.generations",
                        "Generations that ended, by what they ended with.",
                        "kind",
                        kind.wireName(),
                        "end",
                        generation.end(),
                        "code",
                        generation.code())
                .increment();
        counter("rivulet.deltas", "Deltas of generations that ended.", "kind", kind.wireName())
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
        String model = models.label(generation.start().model(), outcome.ttft() != null);
        timer(
                        "gen_ai.server.request.duration",
                        "From a question to the end of its answer.",
                        REQUEST,
                        MODEL,
                        model,
                        "error.type",
                        errorType(generation))
                .record(outcome.elapsed());
        if (outcome.end() instanceof Event.Done && outcome.ttft() != null) {
            timer(
                            "gen_ai.server.time_to_first_token",
                            "From a question to the first delta of its answer.",
                            FIRST_TOKEN,
                            MODEL,
                            model)
                    .record(outcome.ttft());
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
            timer(
                            "gen_ai.server.time_per_output_token",
                            "From one token of an answer to the next.",
                            NEXT_TOKEN,
                            MODEL,
                            model)
                    .record(outcome.lastDelta().minus(outcome.ttft()).dividedBy(output - 1));
        }
    }

    private void count(String type, @Nullable Long count, String model) {
        if (count != null) {
            tokens(MODEL, model, "gen_ai.token.type", type).record(count);
        }
    }

    private Counter cancels(String cause) {
        return counter(
                "rivulet.cancels",
                "Generations that were ended before their answer was complete, by why.",
                "cause",
                cause);
    }

    private Counter counter(String name, String description, String... labels) {
        return counters.computeIfAbsent(
                new Series(name, List.of(labels)),
                made -> Counter.builder(name)
                        .description(description)
                        .tags(labels)
                        .register(registry));
    }

    private Timer timer(String name, String description, Duration[] buckets, String... labels) {
        return timers.computeIfAbsent(
                new Series(name, List.of(labels)),
                made -> Timer.builder(name)
                        .description(description)
                        .serviceLevelObjectives(buckets)
                        .tags(CHAT.and(labels))
                        .register(registry));
    }

    private DistributionSummary tokens(String... labels) {
        String name = "gen_ai.client.token.usage";
        return summaries.computeIfAbsent(
                new Series(name, List.of(labels)),
                made -> DistributionSummary.builder(name)
                        .description("Tokens of a question or an answer, as the provider counts them.")
                        .serviceLevelObjectives(TOKENS)
                        .tags(CHAT.and(labels))
                        .register(registry));
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
