package rivulet.telemetry;

import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.atomic.LongAdder;

/**
 * Lines on their way to whoever reads them, and may stop reading, as a terminal does or a full pipe: then they are left
 * out, and nobody waits. One thread writes. Safe on any thread.
 */
final class Lines implements AutoCloseable {
    /** Lines that wait to be written: some seconds of a busy server. */
    private static final int MOST_WAITING = 16_384;
    /** How long the last ones may take. */
    private static final Duration LAST_WORDS = Duration.ofSeconds(1);

    private final PrintStream out;
    private final BlockingQueue<String> waiting = new ArrayBlockingQueue<>(MOST_WAITING);
    private final LongAdder taken = new LongAdder();
    private final Object progress = new Object();
    private final Thread writer;
    private long written;

    /**
     * Begins to write.
     *
     * @param thread the name of the thread that writes
     */
    Lines(String thread, PrintStream out) {
        this.out = out;
        writer = new Thread(this::write, thread);
        writer.setDaemon(true);
        writer.start();
    }

    /** Has a line written, to which its end is added; false if it is left out, since too many wait. */
    boolean put(String line) {
        boolean room = waiting.offer(line);
        if (room) {
            taken.increment();
        }
        return room;
    }

    /** Waits until all is written that was put before, for a second at most. */
    void awaitWritten() {
        long deadline = System.nanoTime() + LAST_WORDS.toNanos();
        long all = taken.sum();
        synchronized (progress) {
            try {
                for (long left = LAST_WORDS.toMillis(); written < all && left > 0; ) {
                    progress.wait(left);
                    left = Duration.ofNanos(deadline - System.nanoTime()).toMillis();
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Writes what is left, if somebody still reads. */
    @Override
    public void close() {
        awaitWritten();
        // It may still wait on a pipe that nobody reads.
        writer.interrupt();
    }

    private void write() {
        List<String> next = new ArrayList<>();
        try {
            while (true) {
                next.add(waiting.take());
                waiting.drainTo(next);
                write(next);
                synchronized (progress) {
                    written += next.size();
                    progress.notifyAll();
                }
                next.clear();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void write(List<String> lines) {
        try {
            StringBuilder text = new StringBuilder();
            lines.forEach(line -> text.append(line).append('\n'));
            byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
            out.write(bytes, 0, bytes.length);
            out.flush();
        } catch (OutOfMemoryError e) {
            // These are lost; without this thread all that follow would be.
        }
    }
}
