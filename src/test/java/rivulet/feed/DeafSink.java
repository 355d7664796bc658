package rivulet.feed;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import rivulet.log.ErrorCode;
import rivulet.log.FinishReason;
import rivulet.log.Origin;
import rivulet.log.Usage;

/** A sink that minds nothing it is told. */
class DeafSink implements Sink {
    @Override
    public void text(String piece) {}

    @Override
    public void reasoning(String piece) {}

    @Override
    public void refusal(String piece) {}

    @Override
    public void toolCall(int index, @Nullable String id, @Nullable String name, String arguments) {}

    @Override
    public void fieldSet(String path, String literal) {}

    @Override
    public void fieldAppend(String path, String piece) {}

    @Override
    public void usage(@Nullable Usage usage) {}

    @Override
    public void resumable(@Nullable Origin origin) {}

    @Override
    public void hears(int sequence) {}

    @Override
    public void done(FinishReason reason, @Nullable String providerReason) {}

    @Override
    public void failed(ErrorCode code, String message, @Nullable Duration retryAfter) {}
}
