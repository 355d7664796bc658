package rivulet;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import rivulet.feed.ReadTurns;

/**
 * Runs the viewers. One that is woken by a thread that reads an answer has its turn on that thread, just before it waits
 * for more: all that one read has brought is shown by one write, and no other thread need be woken for it, which would
 * cost more than all the rest. Where many are woken so, or by another thread, the executor's threads run them. What is to
 * be done when they were shown it all follows, before the thread waits.
 *
 * <p>What is run must not block.
 */
final class WriteTurns implements Executor, ReadTurns {
    private static final Logger LOG = LoggerFactory.getLogger(WriteTurns.class);
    /** Viewers that a reading thread runs itself: more would keep it from reading. */
    private static final int AT_ONCE = 2;
    /** Viewers that are handed over together: one by one, the handing over would cost as much as the writing. */
    private static final int TOGETHER = 64;

    /** The thread's turn; none outside of one. */
    private static final ThreadLocal<@Nullable Turn> TURN = new ThreadLocal<>();

    private final Executor executor;
    /** @param executor runs what no reading thread runs */
    WriteTurns(Executor executor) {
        this.executor = executor;
    }

    @Override
    public void execute(Runnable viewer) {
        Turn turn = TURN.get();
        if (turn == null) {
            executor.execute(viewer);
        } else {
            turn.woken.add(viewer);
        }
    }

    /** Does something on this thread when the viewers have been shown what the turn has brought; outside of one, now. */
    void whenShown(Runnable task) {
        Turn turn = TURN.get();
        if (turn == null) {
            task.run();
        } else {
            turn.whenShown.add(task);
        }
    }

    @Override
    public void begin() {
        if (TURN.get() == null) {
            TURN.set(new Turn());
        }
    }

    @Override
    public void waits() {
        Turn turn = TURN.get();
        if (turn != null) {
            show(turn);
            runAll(turn.whenShown);
            turn.whenShown.clear();
        }
    }

    @Override
    public void end() {
        try {
            waits();
        } finally {
            TURN.remove();
        }
    }

    private void show(Turn turn) {
        List<Runnable> woken = turn.woken;
        // One that is served may wake others; none may be left behind when the thread waits.
        while (!woken.isEmpty()) {
            if (woken.size() == 1) {
                run(woken.remove(0));
            } else {
                List<Runnable> due = List.copyOf(woken);
                woken.clear();
                run(due);
            }
        }
    }

    private void run(List<Runnable> due) {
        if (due.size() <= AT_ONCE) {
            runAll(due);
            return;
        }
        for (int from = 0; from < due.size(); from += TOGETHER) {
            List<Runnable> together = due.subList(from, Math.min(due.size(), from + TOGETHER));
            executor.execute(() -> runAll(together));
        }
    }

    private static void runAll(List<Runnable> due) {
        due.forEach(WriteTurns::run);
    }

    private static void run(Runnable task) {
        try {
            task.run();
        } catch (Throwable t) {
            // One that fails, of whatever, must not keep the others from being run: nobody would wake them again.
            LOG.error("a viewer could not be served, or what was to follow", t);
        }
    }

    /** What a thread has to do before it waits. */
    private static final class Turn {
        /** Viewers, whom it has something to show. */
        private final List<Runnable> woken = new ArrayList<>(AT_ONCE);

        private final List<Runnable> whenShown = new ArrayList<>(1);
    }
}
