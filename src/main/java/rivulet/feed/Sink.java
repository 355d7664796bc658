package rivulet.feed;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import rivulet.log.ErrorCode;
import rivulet.log.FinishReason;
import rivulet.log.Origin;
import rivulet.log.Usage;

/**
 * What a feed speaks to. One thread at a time, but for {@link #failed}: a limit is reached on the timer's thread,
 * while another may still speak. {@link #done} or {@link #failed} ends it; what is said after that is
 * ignored. Pieces may be empty and may be cut inside a surrogate pair: the sink puts that right.
 */
public interface Sink {
    /**
     * When what is said next was read from the upstream, on the clock of {@link System#nanoTime}. A feed that reads none
     * does not say.
     */
    default void readAt(long nanos) {}

    /** A piece of the answer. */
    void text(String piece);

    /** A piece of what the model thinks before it answers. */
    void reasoning(String piece);

    /** A piece of the model's words for why it does not answer. */
    void refusal(String piece);

    /** A piece of a call that the model asks for; id and name are given once. */
    void toolCall(int index, @Nullable String id, @Nullable String name, String arguments);

    /** The member of a document at a JSON Pointer gets a value, given as JSON. */
    void fieldSet(String path, String literal);

    /** The string of a document at a JSON Pointer grows. */
    void fieldAppend(String path, String piece);

    /**
     * What the answer costs, as far as is known now; of each count the last word counts.
     *
     * @param usage null: what was told before is of another answer than the one that is told from now on
     */
    void usage(@Nullable Usage usage);

    /**
     * The answer goes on at its upstream without a connection, and can be read again from any place.
     *
     * @param origin which answer it is; null: this one can't, unlike what was said before
     */
    void resumable(@Nullable Origin origin);

    /** What is told from now on, until the next call, is told by the upstream's event with that number. */
    void hears(int sequence);

    /**
     * The end: the answer is complete, or the provider cut it.
     *
     * @param providerReason the provider's own word, if it had one
     */
    void done(FinishReason reason, @Nullable String providerReason);

    /**
     * The end: anything else.
     *
     * @param retryAfter how long the upstream asked to wait, if it did
     */
    void failed(ErrorCode code, String message, @Nullable Duration retryAfter);
}
