package rivulet.feed;

import java.time.Duration;
import java.util.concurrent.ScheduledExecutorService;
import org.jspecify.annotations.Nullable;

/** Makes feeds. */
public final class Feeds {
    private final OpenAiUpstream upstream;
    private final ScheduledExecutorService timer;

    /**
     * @param upstream where models answer
     * @param timer runs the feeds that need no upstream
     */
    public Feeds(OpenAiUpstream upstream, ScheduledExecutorService timer) {
        this.upstream = upstream;
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
        return upstream.feed(request);
    }

    /** A model's answer as the fields of a document. */
    public Feed structured(ChatRequest request) {
        return new Structured(upstream.feed(request), request.schema());
    }

    /** The model that will be asked, if that is known before the upstream is. */
    public @Nullable String modelOf(ChatRequest request) {
        return upstream.modelOf(request);
    }
}
