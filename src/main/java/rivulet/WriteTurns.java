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
 * cost more than all the rest. Where many are woken so, or by another thread, the executor's threads run them.
 *
 * <p>What is run must not block.
 */
final class WriteTurns implements Executor, ReadTurns {
    private static final Logger LOG = LoggerFactory.getLogger(WriteTurns.class);
    /** Viewers that a reading thread runs itself: more would keep it from reading. */
    private static final int AT_ONCE = 2;
    /** Viewers that are handed over together: one by one, the handing over would cost as much as the writing. */
    private static final int TOGETHER = 64;

    /** What the thread's turn has woken so far; none outside of a turn. */
    private static final ThreadLocal<@Nullable List<Runnable>> WOKEN = new ThreadLocal<>();

    private final Executor executor;
    /** @param executor runs what no reading thread runs */
    WriteTurns(Executor executor) {
        this.executor = executor;
    }

    @Override
    public void execute(Runnable viewer) {
        List<Runnable> turn = WOKEN.get();
        if (turn == null) {
            executor.execute(viewer);
        } else {
            turn.add(viewer);
        }
    }

    @Override
    public void begin() {
        if (WOKEN.get() == null) {
            WOKEN.set(new ArrayList<>(AT_ONCE));
        }
    }

    @Override
    public void waits() {
        List<Runnable> turn = WOKEN.get();
        // One that is served may wake others; none may be left behind when the thread waits.
        while (turn != null && !turn.isEmpty()) {
            if (turn.size() == 1) {
                run(turn.remove(0));
            } else {
                List<Runnable> due = List.copyOf(turn);
                turn.clear();
                run(due);
            }
        }
    }

    @Override
    public void end() {
        List<Runnable> turn = WOKEN.get();
        WOKEN.remove();
        if (turn != null) {
            run(turn);
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

    private static void run(Runnable viewer) {
        try {
            viewer.run();
        } catch (RuntimeException e) {
            // One that fails must not keep the others from being shown.
            LOG.error("a viewer could not be served", e);
        }
    }
}
