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

    private final MeterRegistry registry;
    private final ModelNames names = new ModelNames();
    private final Map<Ended, Counter> ended = new ConcurrentHashMap<>();
    private final Map<Kind, Counter> deltas = new ConcurrentHashMap<>();
    private final Map<String, Counter> cancels = new ConcurrentHashMap<>();
    private final Map<String, Model> models = new ConcurrentHashMap<>();

    private record Ended(Kind kind, String end, String code) {}

    GenerationMeters(MeterRegistry registry) {
        this.registry = registry;
        // There from the first scrape on: a rate over a series that begins with its first event misses that event.
        for (CancelCause cause : CancelCause.values()) {
            Counter unused = cancels(cause.wireName());
        }
    }

    void record(Generation generation) {
        Outcome outcome = generation.outcome();
        Kind kind = generation.start().kind();
        ended.computeIfAbsent(new Ended(kind, generation.end(), generation.code()), this::ended)
                .increment();
        deltas.computeIfAbsent(kind, this::deltas).increment(outcome.deltas());
        if (outcome.cause() != null) {
            cancels(outcome.cause().wireName()).increment();
        } else if (outcome.end() instanceof Event.Failed failed && failed.code() == ErrorCode.SHUTTING_DOWN) {
            cancels("server_stop").increment();
        }
        if (kind.asksModel()) {
            String name = names.label(generation.start().model(), outcome.ttft() != null);
            models.computeIfAbsent(name, Model::new).answered(outcome, errorType(generation));
        }
    }

    private Counter ended(Ended how) {
        return Counter.builder("rivulet.generations")
                .description("Generations that ended, by what they ended with.")
                .tags("kind", how.kind().wireName(), "end", how.end(), "code", how.code())
                .register(registry);
    }

    private Counter deltas(Kind kind) {
        return Counter.builder("rivulet.deltas")
                .description("Deltas of generations that ended.")
                .tags("kind", kind.wireName())
                .register(registry);
    }

    private Counter cancels(String cause) {
        return cancels.computeIfAbsent(
                cause,
                made -> Counter.builder("rivulet.cancels")
                        .description("Generations that were ended before their answer was complete, by why.")
                        .tags("cause", cause)
                        .register(registry));
    }

    /** What is measured of one model's answers. */
    private final class Model {
        private final Tags tags;
        /** By what went wrong. */
        private final Map<String, Timer> requests = new ConcurrentHashMap<>();

        private final Timer firstToken;
        private final Timer nextToken;
        private final DistributionSummary input;
        private final DistributionSummary output;

        private Model(String name) {
            tags = CHAT.and("gen_ai.request.model", name);
            firstToken = timer(
                    "gen_ai.server.time_to_first_token",
                    "From a question to the first delta of its answer.",
                    FIRST_TOKEN,
                    tags);
            nextToken = timer(
                    "gen_ai.server.time_per_output_token",
                    "From one token of an answer to the next.",
                    NEXT_TOKEN,
                    tags);
            input = tokens("input");
            output = tokens("output");
        }

        private void answered(Outcome outcome, String errorType) {
            requests.computeIfAbsent(errorType, this::requests).record(outcome.elapsed());
            Duration first = outcome.end() instanceof Event.Done ? outcome.ttft() : null;
            if (first != null) {
                firstToken.record(first);
            }
            Usage usage = outcome.usage();
            if (usage == null || usage.estimated()) {
                return;
            }
            if (usage.inputTokens() != null) {
                input.record(usage.inputTokens());
            }
            if (usage.outputTokens() != null) {
                output.record(usage.outputTokens());
                if (first != null && outcome.lastDelta() != null && usage.outputTokens() > 1) {
                    nextToken.record(outcome.lastDelta().minus(first).dividedBy(usage.outputTokens() - 1));
                }
            }
        }

        private Timer requests(String errorType) {
            return timer(
                    "gen_ai.server.request.duration",
                    "From a question to the end of its answer.",
                    REQUEST,
                    tags.and("error.type", errorType));
        }

        private Timer timer(String name, String description, Duration[] buckets, Tags labels) {
            return Timer.builder(name)
                    .description(description)
                    .serviceLevelObjectives(buckets)
                    .tags(labels)
                    .register(registry);
        }

        private DistributionSummary tokens(String type) {
            return DistributionSummary.builder("gen_ai.client.token.usage")
                    .description("Tokens of a question or an answer, as the provider counts them.")
                    .serviceLevelObjectives(TOKENS)
                    .tags(tags.and("gen_ai.token.type", type))
                    .register(registry);
        }
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
