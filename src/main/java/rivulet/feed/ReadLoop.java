package rivulet.feed;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import rivulet.log.Wordless;

/**
 * One thread that reads many bodies, each when there is something to read: none of them has a thread that waits for it.
 * What is called here must not wait for anybody but the store's lease, which all of this node's streams wait for.
 */
final class ReadLoop implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(ReadLoop.class);
    /** As much as is read in one go: what many streams share may be large. */
    private static final int BUFFER_BYTES = 64 * 1024;

    /** A body that is read here: its methods are called on the loop's thread. */
    interface Body {
        SocketChannel channel();

        /**
         * There is something to read.
         *
         * @param buffer for use until this returns
         * @return whether more is to come
         */
        boolean read(byte[] buffer);

        /** Ends it before its time. */
        void cancel();

        /** Its channel was closed while more was to come. Of no effect the second time. */
        void closed();

        /** No more is to come, and the loop has let go of its channel. */
        void left();
    }

    private final Selector selector;
    private final ReadTurns turns;
    private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
    /** Those that have ended, and whose channels the selector still has. */
    private final List<Body> leaving = new ArrayList<>();

    private final byte[] buffer = new byte[BUFFER_BYTES];

    /** @param turns told between the bodies */
    ReadLoop(ReadTurns turns) {
        this.turns = turns;
        try {
            selector = Selector.open();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Reads a body from now on. On any thread. */
    void add(Body body) {
        execute(() -> register(body));
    }

    /** The channel of a body was closed, by another thread perhaps. On any thread. */
    void closed(Body body) {
        execute(body::closed);
    }

    /** Closes all bodies. On any thread. */
    void closeAll() {
        execute(() -> {
            for (SelectionKey key : List.copyOf(selector.keys())) {
                ((Body) key.attachment()).cancel();
            }
        });
    }

    /** Runs until its thread is interrupted. */
    @Override
    public void run() {
        turns.begin();
        try (selector) {
            while (!Thread.currentThread().isInterrupted()) {
                round();
            }
        } catch (IOException e) {
            LOG.debug("the last round of reading broke off", e);
        } finally {
            turns.end();
        }
    }

    private void round() {
        try {
            select();
            runTasks();
        } catch (Throwable t) {
            // Whatever it is, the loop goes on: new answers are given to it all the same.
            tell("a round of reading broke off", t);
        }
    }

    /**
     * Reads what is there, once. A channel is the selector's until the selection after the one in which its body ended, so
     * those that wait for that are let go here, and nothing else is waited for meanwhile.
     */
    private void select() throws IOException {
        int count = leaving.size();
        if (count == 0) {
            selector.select(this::ready);
        } else {
            selector.selectNow(this::ready);
        }
        List<Body> gone = leaving.subList(0, count);
        gone.forEach(body -> guarded(body::left));
        gone.clear();
    }

    private void execute(Runnable task) {
        tasks.add(task);
        selector.wakeup();
    }

    private void runTasks() {
        for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
            guarded(task);
            guarded(turns::waits);
        }
    }

    /** Runs what is one body's: whatever it throws, the others are to be read on. */
    private static void guarded(Runnable task) {
        try {
            task.run();
        } catch (Throwable t) {
            tell("an answer's reading broke off", t);
        }
    }

    private void register(Body body) {
        try {
            body.channel().register(selector, SelectionKey.OP_READ, body);
        } catch (ClosedChannelException | RuntimeException e) {
            body.closed();
        }
    }

    private void ready(SelectionKey key) {
        Body body = (Body) key.attachment();
        if (!reads(body)) {
            key.cancel();
            leaving.add(body);
        }
        // What was read is shown.
        guarded(turns::waits);
    }

    private boolean reads(Body body) {
        try {
            return body.read(buffer);
        } catch (Throwable t) {
            tell("an answer's reading broke off", t);
            return false;
        }
    }

    private static void tell(String what, Throwable failure) {
        try {
            LOG.error(what, new Wordless(failure));
        } catch (Throwable noMemoryForWords) {
            // Nobody would read this loop's answers any more, and those it is given later.
        }
    }
}
