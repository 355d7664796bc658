package rivulet.feed;

import java.time.Duration;
import java.util.concurrent.ScheduledExecutorService;
import org.jspecify.annotations.Nullable;

/** Makes feeds. */
public final class Feeds {
    private final Upstreams upstreams;
    private final ScheduledExecutorService timer;

    /**
     * @param upstreams where models answer
     * @param timer runs the feeds that need no upstream
     */
    public Feeds(Upstreams upstreams, ScheduledExecutorService timer) {
        this.upstreams = upstreams;
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

    /** A model's answer as the fields of a document. */
    public Feed structured(ChatRequest request) {
        return new Structured(upstreams.feed(request), request.schema());
    }

    /** The model that will be asked, if that is known before the upstream is. */
    public @Nullable String modelOf(ChatRequest request) {
        return upstreams.modelOf(request);
    }
}
