package rivulet.feed;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import rivulet.log.Origin;

/** The upstreams, in the order in which they are asked: each question goes to those that offer its model. */
public final class Upstreams {
    private final List<OpenAiUpstream> all;
    private final LongAdder fallbacks = new LongAdder();

    /** @param all at least one */
    public Upstreams(List<OpenAiUpstream> all) {
        this.all = List.copyOf(all);
    }

    /**
     * The answer to a question: of the first upstream that offers the model, or, where that one fails before it says
     * anything, of the next.
     *
     * @throws IllegalArgumentException if none offers the model; the message names those that are
     */
    public Feed feed(ChatRequest request) {
        List<OpenAiUpstream> asked = offering(request);
        if (asked.isEmpty()) {
            throw new IllegalArgumentException("No upstream offers the model \"" + request.model() + "\"; they offer "
                    + String.join(
                            ", ",
                            all.stream()
                                    .flatMap(u -> u.patterns().stream())
                                    .distinct()
                                    .toList()) + ".");
        }
        if (asked.size() == 1) {
            return asked.get(0).feed(request);
        }
        return new Fallback(
                asked.stream()
                        .map(upstream -> new Fallback.Named(upstream.name(), upstream.feed(request)))
                        .toList(),
                fallbacks);
    }

    /** The answer that another node has begun to read, if this node can read it. */
    public Optional<Feed> resume(Origin origin, int sequence) {
        return all.stream()
                .filter(upstream -> upstream.name().equals(origin.upstream()))
                .findFirst()
                .flatMap(upstream -> upstream.resume(origin.response(), sequence));
    }

    /** How many answers are still to be cancelled at their upstreams. */
    public int cancelling() {
        return all.stream().mapToInt(OpenAiUpstream::cancelling).sum();
    }

    /** The model that will be asked, if that is known yet. */
    public @Nullable String modelOf(ChatRequest request) {
        List<OpenAiUpstream> asked = offering(request);
        return asked.isEmpty() ? request.model() : asked.get(0).modelOf(request);
    }

    /** The ids of the models that the upstreams offer; those of an upstream that does not tell are left out. */
    public CompletableFuture<List<String>> models() {
        CompletableFuture<List<String>> models = CompletableFuture.completedFuture(List.of());
        for (OpenAiUpstream upstream : all) {
            models = models.thenCombine(upstream.models().exceptionally(failure -> List.of()), Upstreams::both);
        }
        return models;
    }

    /** How often a question was asked again at the same upstream. */
    public long retries() {
        return all.stream().mapToLong(OpenAiUpstream::retries).sum();
    }

    /** How often a question went on to the next upstream. */
    public long fallbacks() {
        return fallbacks.sum();
    }

    /** Lets go of all connections. */
    public void close() {
        all.forEach(OpenAiUpstream::close);
    }

    private List<OpenAiUpstream> offering(ChatRequest request) {
        String model = request.model();
        return model == null
                ? all
                : all.stream().filter(upstream -> upstream.offers(model)).toList();
    }

    private static List<String> both(List<String> first, List<String> second) {
        List<String> both = new ArrayList<>(first);
        both.addAll(second);
        return both.stream().distinct().toList();
    }
}
