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

    private final List<Named> feeds;
    private final LongAdder fallbacks;

    /** A feed, and the name of the upstream that it comes from. */
    record Named(String upstream, Feed feed) {}

    /**
     * @param feeds at least one, the one to hear first before the others
     * @param fallbacks counts how often the next one was heard
     */
    Fallback(List<Named> feeds, LongAdder fallbacks) {
        this.feeds = feeds;
        this.fallbacks = fallbacks;
    }

    @Override
    public Cancellation start(Sink sink) {
        Turn turn = new Turn(sink);
        turn.start(0);
        return turn;
    }

    /** Which feed speaks now. */
    private final class Turn implements Cancellation {
        private final Sink sink;

        @GuardedBy("this")
        private int started = 1;

        /** Whether the sink was told the end, or wants to hear no more. */
        @GuardedBy("this")
        private boolean over;

        @GuardedBy("this")
        private @Nullable Cancellation speaking;

        private Turn(Sink sink) {
            this.sink = sink;
        }

        /** Starts the next feed, without a lock: it may call back at once. */
        private void start(int index) {
            Cancellation cancellation = feeds.get(index).feed.start(new Voice(index));
            boolean unwanted;
            synchronized (this) {
                // A feed that failed at once has started its successor already, which is the one to stop then.
                boolean failed = started != index + 1;
                speaking = failed ? speaking : cancellation;
                unwanted = over || failed;
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

        /**
         * What one of the feeds says: of one that has failed, nothing more. A limit fails it on the timer's thread, while the
         * thread that reads may be about to say something.
         */
        private final class Voice implements Sink {
            private final int index;
            /** Whether it has said anything: then no other one speaks after it. */
            private volatile boolean heard;

            private Voice(int index) {
                this.index = index;
            }

            /** Whether it is its turn; if it says anything, for good. */
            private boolean speaks(boolean says) {
                if (heard) {
                    return true;
                }
                synchronized (Turn.this) {
                    boolean speaks = started == index + 1;
                    heard = speaks && says;
                    return speaks;
                }
            }

            @GuardedBy("Turn.this")
            private boolean mayTryNext(ErrorCode code) {
                boolean anotherMayDo =
                        code.retryable() || code == ErrorCode.UPSTREAM_AUTH || code == ErrorCode.UPSTREAM_QUOTA;
                return !heard && !over && anotherMayDo && started < feeds.size();
            }

            @Override
            public void failed(ErrorCode code, String message, @Nullable Duration retryAfter) {
                int next;
                synchronized (Turn.this) {
                    if (started != index + 1) {
                        return;
                    }
                    next = mayTryNext(code) ? started++ : -1;
                    over |= next < 0;
                }
                if (next < 0) {
                    sink.failed(code, message, retryAfter);
                    return;
                }
                LOG.warn(
                        "upstream {} failed ({}), {} is asked",
                        feeds.get(index).upstream,
                        code.wireName(),
                        feeds.get(next).upstream);
                letGo();
                fallbacks.increment();
                start(next);
            }

            @Override
            public void readAt(long nanos) {
                if (speaks(false)) {
                    sink.readAt(nanos);
                }
            }

            @Override
            public void text(String piece) {
                if (speaks(!piece.isEmpty())) {
                    sink.text(piece);
                }
            }

            @Override
            public void reasoning(String piece) {
                if (speaks(!piece.isEmpty())) {
                    sink.reasoning(piece);
                }
            }

            @Override
            public void refusal(String piece) {
                if (speaks(!piece.isEmpty())) {
                    sink.refusal(piece);
                }
            }

            @Override
            public void toolCall(int index, @Nullable String id, @Nullable String name, String arguments) {
                if (speaks(true)) {
                    sink.toolCall(index, id, name, arguments);
                }
            }

            @Override
            public void fieldSet(String path, String literal) {
                if (speaks(true)) {
                    sink.fieldSet(path, literal);
                }
            }

            @Override
            public void fieldAppend(String path, String piece) {
                if (speaks(true)) {
                    sink.fieldAppend(path, piece);
                }
            }

            @Override
            public void resumable(@Nullable Origin origin) {
                if (speaks(false)) {
                    sink.resumable(origin);
                }
            }

            @Override
            public void hears(int sequence) {
                if (speaks(false)) {
                    sink.hears(sequence);
                }
            }

            @Override
            public void usage(@Nullable Usage usage) {
                if (speaks(false)) {
                    sink.usage(usage);
                }
            }

            @Override
            public void done(FinishReason reason, @Nullable String providerReason) {
                if (speaks(true)) {
                    synchronized (Turn.this) {
                        over = true;
                    }
                    sink.done(reason, providerReason);
                }
            }
        }
    }
}
