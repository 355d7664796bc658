package rivulet.feed;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import rivulet.log.ErrorCode;
import rivulet.log.FinishReason;
import rivulet.log.Origin;
import rivulet.log.Usage;

/**
 * Several feeds for one stream: where one fails before it has said anything, the next one speaks. What the request itself
 * is to blame for is not tried again.
 */
final class Fallback implements Feed {
    private static final Logger LOG = LoggerFactory.getLogger(Fallback.class);

    private final List<Feed> feeds;
    private final LongAdder fallbacks;

    /**
     * @param feeds at least one, the one to hear first before the others
     * @param fallbacks counts how often the next one was heard
     */
    Fallback(List<Feed> feeds, LongAdder fallbacks) {
        this.feeds = feeds;
        this.fallbacks = fallbacks;
    }

    @Override
    public Cancellation start(Sink sink) {
        Turn turn = new Turn(sink);
        turn.next();
        return turn;
    }

    /** Which feed speaks now. */
    private final class Turn implements Sink, Cancellation {
        private final Sink sink;
        private volatile boolean said;

        @GuardedBy("this")
        private int started;

        /** Whether the sink was told the end, or wants to hear no more. */
        @GuardedBy("this")
        private boolean over;

        @GuardedBy("this")
        private @Nullable Cancellation speaking;

        private Turn(Sink sink) {
            this.sink = sink;
        }

        /** Starts the next feed, without a lock: it may call back at once. */
        private void next() {
            int index;
            synchronized (this) {
                index = started++;
            }
            Cancellation cancellation = feeds.get(index).start(this);
            boolean unwanted;
            synchronized (this) {
                // A feed that failed at once has started its successor already, which is the one to stop then.
                if (started == index + 1) {
                    speaking = cancellation;
                }
                unwanted = over;
            }
            if (unwanted) {
                cancellation.cancel();
            }
        }

        @Override
        public void cancel() {
            Cancellation current;
            synchronized (this) {
                over = true;
                current = speaking;
            }
            if (current != null) {
                current.cancel();
            }
        }

        @Override
        public void abandon() {
            Cancellation current;
            synchronized (this) {
                over = true;
                current = speaking;
            }
            if (current != null) {
                current.abandon();
            }
        }

        @Override
        public void failed(ErrorCode code, String message, @Nullable Duration retryAfter) {
            if (mayTryNext(code)) {
                LOG.warn("an upstream failed ({}), the next one is asked", code.wireName());
                letGo();
                fallbacks.increment();
                next();
            } else {
                sink.failed(code, message, retryAfter);
            }
        }

        /** Of the one that failed: what it asked for may go on at its upstream, and must not for nothing. */
        private void letGo() {
            Cancellation failed;
            synchronized (this) {
                failed = speaking;
                speaking = null;
            }
            if (failed != null) {
                failed.cancel();
            }
            sink.resumable(null);
            sink.usage(null);
        }

        private synchronized boolean mayTryNext(ErrorCode code) {
            boolean anotherMayDo =
                    code.retryable() || code == ErrorCode.UPSTREAM_AUTH || code == ErrorCode.UPSTREAM_QUOTA;
            boolean may = !said && !over && anotherMayDo && started < feeds.size();
            over |= !may;
            return may;
        }

        @Override
        public void readAt(long nanos) {
            sink.readAt(nanos);
        }

        @Override
        public void text(String piece) {
            said |= !piece.isEmpty();
            sink.text(piece);
        }

        @Override
        public void reasoning(String piece) {
            said |= !piece.isEmpty();
            sink.reasoning(piece);
        }

        @Override
        public void refusal(String piece) {
            said |= !piece.isEmpty();
            sink.refusal(piece);
        }

        @Override
        public void toolCall(int index, @Nullable String id, @Nullable String name, String arguments) {
            said = true;
            sink.toolCall(index, id, name, arguments);
        }

        @Override
        public void fieldSet(String path, String literal) {
            said = true;
            sink.fieldSet(path, literal);
        }

        @Override
        public void fieldAppend(String path, String piece) {
            said = true;
            sink.fieldAppend(path, piece);
        }

        @Override
        public void resumable(@Nullable Origin origin) {
            sink.resumable(origin);
        }

        @Override
        public void hears(int sequence) {
            sink.hears(sequence);
        }

        @Override
        public void usage(@Nullable Usage usage) {
            sink.usage(usage);
        }

        @Override
        public void done(FinishReason reason, @Nullable String providerReason) {
            synchronized (this) {
                over = true;
            }
            sink.done(reason, providerReason);
        }
    }
}
