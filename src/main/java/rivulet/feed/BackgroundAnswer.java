package rivulet.feed;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import rivulet.log.Origin;

/**
 * One answer that OpenAI generates in background mode, whether or not somebody is connected: which one it is, and how far
 * it was read. A connection that breaks is followed by another that begins behind the last event; and an answer that
 * nobody wants any more must be cancelled by a call of its own, or it is generated, and paid for, to its end.
 *
 * <p>{@code ASKED -> IDENTIFIED -> OVER}, by the upstream's events; the reading thread's, but for {@link #cancel} and
 * {@link #abandon}, which are for any.
 *
 * @see <a href="https://developers.openai.com/api/docs/guides/background">OpenAI: background mode</a>
 */
final class BackgroundAnswer {
    /** Waits before one connection follows another that brought nothing; more of them, and the answer is given up. */
    private static final List<Duration> WAITS = List.of(
            Duration.ZERO,
            Duration.ofMillis(250),
            Duration.ofMillis(500),
            Duration.ofSeconds(1),
            Duration.ofSeconds(2),
            Duration.ofSeconds(4));
    /** Behind these the upstream generates nothing more. */
    private static final Set<String> LAST =
            Set.of("response.completed", "response.incomplete", "response.failed", "response.cancelled");

    /** What an id may be: it becomes a part of a path. */
    private static final String ID = "[A-Za-z0-9_-]{1,200}";

    /** What an event is to one who has read some before. */
    enum Heard {
        /** The next one. */
        NEW,
        /** Read before. */
        KNOWN,
        /** Not the next one: others are missing. */
        BEYOND_A_GAP
    }

    private final String upstream;
    private final Sink sink;
    private final Consumer<String> canceller;
    private final boolean takenOver;
    private int sequence;
    private boolean numbered = true;
    private boolean resumed;
    private volatile boolean heardAny;
    private int waits;

    @GuardedBy("this")
    private @Nullable String id;

    /**
     * Whether nothing is to be cancelled any more: the upstream has ended it, or another node reads it; or the upstream
     * knows no background mode, and it ends with its connection.
     */
    @GuardedBy("this")
    private boolean over;

    @GuardedBy("this")
    private boolean unwanted;

    /** @param canceller cancels the answer of an id */
    BackgroundAnswer(String upstream, Sink sink, Consumer<String> canceller) {
        this(upstream, null, -1, sink, canceller);
    }

    /**
     * An answer that another node has begun to read.
     *
     * @param sequence the number of the last event that it read, -1 if none
     */
    BackgroundAnswer(String upstream, @Nullable String known, int sequence, Sink sink, Consumer<String> canceller) {
        this.upstream = upstream;
        this.id = known;
        this.takenOver = known != null;
        this.resumed = takenOver;
        this.sequence = sequence;
        this.sink = sink;
        this.canceller = canceller;
    }

    /** Whether it becomes an answer's id in a path as it stands. */
    static boolean usable(String id) {
        return id.matches(ID);
    }

    /** The upstream's id of the answer, once it is known. */
    synchronized @Nullable String id() {
        return id;
    }

    /** The number of the last event that was read, -1 before the first. */
    int sequence() {
        return sequence;
    }

    /** Whether another node began it, and nothing of it has been read here. */
    boolean unheard() {
        return takenOver && !heardAny;
    }

    /** Takes note of an event, before it is read. */
    Heard hear(JsonNode event) {
        JsonNode response = event.path("response");
        if (id() == null && response.path("background").asBoolean()) {
            identify(response.path("id").asText());
        }
        if ((id() == null && response.isObject())
                || LAST.contains(event.path("type").asText())) {
            over();
        }
        if (id() == null) {
            // No other connection follows this one, so that its numbers, which at some servers do not grow, say
            // nothing.
            return Heard.NEW;
        }
        JsonNode number = event.path("sequence_number");
        if (!number.isInt()) {
            // Behind an event without a number no other connection could begin.
            numbered = false;
            return Heard.NEW;
        }
        int next = number.intValue();
        if (next <= sequence) {
            return Heard.KNOWN;
        }
        if (resumed && sequence >= 0 && next != sequence + 1) {
            return Heard.BEYOND_A_GAP;
        }
        resumed = false;
        heardAny = true;
        waits = 0;
        sequence = next;
        sink.hears(next);
        return Heard.NEW;
    }

    /** Whether the answer's id may still come, without which it cannot be cancelled. */
    synchronized boolean idToCome() {
        return id == null && !over;
    }

    /** The next connection is to begin behind the last event, after that time; null: there is no use in one. */
    @Nullable
    Duration resumeAfter() {
        synchronized (this) {
            if (id == null || over || unwanted || !numbered) {
                return null;
            }
        }
        resumed = true;
        return waits < WAITS.size() ? WAITS.get(waits++) : null;
    }

    /**
     * Has the answer cancelled at its upstream, unless that has ended it: now, or as soon as its id is known.
     *
     * @return whether the id is not known yet, so that the connection must stay until it is
     */
    boolean cancel() {
        String cancelled;
        synchronized (this) {
            if (over) {
                return false;
            }
            cancelled = unwanted ? null : id;
            unwanted = true;
            if (id == null) {
                return true;
            }
        }
        if (cancelled != null) {
            canceller.accept(cancelled);
        }
        return false;
    }

    /** Leaves the answer to another node: from now on it is not cancelled from here. */
    void abandon() {
        over();
    }

    private synchronized void over() {
        over = true;
    }

    private void identify(String given) {
        boolean cancels;
        synchronized (this) {
            if (!usable(given)) {
                return;
            }
            id = given;
            cancels = unwanted && !over;
        }
        if (cancels) {
            canceller.accept(given);
        } else {
            sink.resumable(new Origin(upstream, given, null));
        }
    }
}
