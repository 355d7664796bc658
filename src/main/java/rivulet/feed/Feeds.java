package rivulet.feed;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import org.jspecify.annotations.Nullable;
import rivulet.log.Origin;

/** Makes feeds. */
public final class Feeds {
    private final Upstreams upstreams;
    private final ScheduledExecutorService timer;
    private final JsonFields.Limits limits;
    private final Executor checks;

    /**
     * @param upstreams where models answer
     * @param timer runs the feeds that need no upstream
     * @param limits bounds documents
     * @param checks runs the checks of documents: some seconds each at most, with a deep stack
     */
    public Feeds(Upstreams upstreams, ScheduledExecutorService timer, JsonFields.Limits limits, Executor checks) {
        this.upstreams = upstreams;
        this.limits = limits;
        this.checks = checks;
        this.timer = timer;
    }

    /** Numbers counted down from {@code from}, at least 1. */
    public Feed countdown(int from, Duration interval) {
        return Countdown.feed(from, interval, timer);
    }

    /** A text as if a model said it, one character each {@code delay}. */
    public Feed fakeLlm(String text, Duration delay) {
        return FakeLlm.feed(text, delay, timer);
    }

    /** A model's answer. */
    public Feed chat(ChatRequest request) {
        return upstreams.feed(request);
    }

    /**
     * A model's answer as the fields of a document.
     *
     * @throws IllegalArgumentException if the request's schema cannot be used; the message says why
     */
    public Feed structured(ChatRequest request) {
        ObjectNode schema = requireNonNull(request.schema(), "a structured answer has a schema");
        return new Structured(upstreams.feed(request), schema, limits, checks);
    }

    /**
     * The rest of an answer that another node has begun to read, if this node can read it.
     *
     * @param sequence the number of the upstream's last event that was read, -1 if none
     */
    public Optional<Feed> resume(Origin origin, int sequence) {
        String schema = origin.schema();
        Optional<Feed> text = upstreams.resume(origin, sequence);
        return schema == null
                ? text
                : text.map(feed -> new Structured(feed, Structured.readSchema(schema), limits, checks));
    }

    /** Whether this node could read the rest of such an answer; quick, where to make the feed may take a schema's time. */
    public boolean canResume(Origin origin) {
        return upstreams.resume(origin, -1).isPresent();
    }

    /** The model that will be asked, if that is known before the upstream is. */
    public @Nullable String modelOf(ChatRequest request) {
        return upstreams.modelOf(request);
    }
}
