package rivulet.log;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import redis.clients.jedis.AbstractPipeline;
import redis.clients.jedis.Response;

/** A log on its way to Redis: a position in it, as a viewer is. The writer's thread moves it; the rest is for any thread. */
final class Outgoing {
    /** Entries in one step: a step keeps all other clients of Redis waiting. */
    private static final int MAX_ENTRIES = 256;

    private final MemoryLog log;
    private final String owner;
    private final AtomicBoolean dirty = new AtomicBoolean();
    /** The index that Redis wants next. Written by the writer's thread only. */
    private volatile int next;
    /** What Redis was last told of how to go on with the log, and what it was told since. Written by the writer's thread only. */
    private volatile @Nullable Recovery told;

    private @Nullable Recovery sent;

    /**
     * @param owner this node's name, or with a number behind it where it has taken the stream over
     * @param next the index that Redis wants next
     */
    Outgoing(MemoryLog log, String owner, int next) {
        this.log = log;
        this.owner = owner;
        this.next = next;
    }

    String owner() {
        return owner;
    }

    MemoryLog log() {
        return log;
    }

    String id() {
        return log.start().stream();
    }

    /** Marks the log as one to be looked at; whether it was not marked before. */
    boolean markDirty() {
        return dirty.compareAndSet(false, true);
    }

    /** From here on an append marks it again. Called before the log is read. */
    void unmark() {
        dirty.set(false);
    }

    /** Whether Redis knows how another node can go on with the log. */
    boolean recoverable() {
        Recovery known = told;
        return known != null && known == log.recovery() && !log.ended();
    }

    /** The index that Redis wants next. */
    int wanted() {
        return next;
    }

    /** Redis has all before that index, and nothing from there on. */
    void wanted(int index) {
        // What it has lost of the log it has lost of all else, too.
        told = index < next ? null : sent;
        next = index;
    }

    /** Whether there is nothing left to send. */
    boolean complete() {
        return next > log.head();
    }

    /** About how many bytes of the log Redis does not have. */
    long behind() {
        long size = log.head() + 1L;
        return log.bytes() * Math.max(0, size - next) / size;
    }

    /**
     * Encodes what comes next; with nothing left, to ask all the same whether Redis still has what it had.
     *
     * @return for {@link #append}
     */
    List<String> next(RedisTimes times) {
        List<Entry> entries = log.entries(next - 1, MAX_ENTRIES);
        int first = entries.isEmpty() ? next : entries.get(0).index();
        boolean ends =
                !entries.isEmpty() && entries.get(entries.size() - 1).event().terminal();
        List<String> arguments = new ArrayList<>(
                List.of(owner, id(), String.valueOf(first), times.live(), times.ended(), ends ? "1" : "0"));
        addRecovery(arguments, first + entries.size() - 1);
        for (Entry entry : entries) {
            arguments.add(EventJson.name(entry.event()).orElse(""));
            arguments.add(new String(EventJson.stored(entry), StandardCharsets.UTF_8));
        }
        return arguments;
    }

    /** Sends what {@link #next} gave. */
    Response<Object> append(AbstractPipeline pipeline, String node, List<String> arguments) {
        List<String> keys = List.of(
                RedisKeys.stream(id()),
                RedisKeys.owner(id()),
                RedisKeys.live(node),
                RedisKeys.recovery(id()),
                RedisKeys.cancelled(id()));
        return RedisScript.APPEND.run(pipeline, keys, arguments);
    }

    /** @param head the index of the last entry that Redis has with this step */
    private void addRecovery(List<String> arguments, int head) {
        Recovery now = log.recovery();
        sent = now;
        if (now == null) {
            arguments.add(told == null ? "" : "-");
            arguments.add("");
        } else {
            arguments.add(now == told ? "" : now.facts());
            // A place ahead of what is sent goes with the next step.
            arguments.add(now.at(head).orElse(""));
        }
    }
}
