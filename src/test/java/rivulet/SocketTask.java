package rivulet;

import java.io.IOException;

/** Work on sockets that ends when one of them does. */
@FunctionalInterface
public interface SocketTask {
    void run() throws IOException;

    /** Runs a task on a thread of its own. */
    static void start(SocketTask task) {
        Thread thread = new Thread(() -> {
            try {
                task.run();
            } catch (IOException e) {
                // One side has closed, as it may.
            }
        });
        thread.setDaemon(true);
        thread.start();
    }
}
