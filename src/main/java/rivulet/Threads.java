package rivulet;

import java.lang.reflect.InvocationTargetException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.LoggerFactory;

/** The threads of the server: all daemons, all named, virtual where there are any (Java 21 and later). */
final class Threads {
    /** Enough for what nests a thousand levels deep. Only what is used of it takes memory. */
    private static final long DEEP_STACK_BYTES = 16 * 1024 * 1024;

    private Threads() {}

    /** Whether tasks that wait get a virtual thread each. */
    static boolean virtual() {
        return Runtime.version().feature() >= 21;
    }

    /** For tasks that wait, such as one upstream call each. */
    static ExecutorService waiting(String name) {
        if (!virtual()) {
            return Executors.newCachedThreadPool(named(name));
        }
        try {
            // Compiled for Java 17, which has no such method.
            return (ExecutorService)
                    Executors.class.getMethod("newVirtualThreadPerTaskExecutor").invoke(null);
        } catch (NoSuchMethodException | IllegalAccessException | InvocationTargetException e) {
            throw new IllegalStateException("Java 21 and later have virtual threads", e);
        }
    }

    /** Runs one task on a thread of its own. */
    static Thread start(String name, Runnable task) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    /** For short tasks that never wait: as many threads as processors. */
    static ExecutorService working(String name) {
        return Executors.newFixedThreadPool(Math.max(2, Runtime.getRuntime().availableProcessors()), named(name));
    }

    /**
     * For tasks that may compute for seconds, and go deep: half as many threads as processors, so that they leave the
     * others to all else.
     */
    static ExecutorService computing(String name) {
        int threads = Math.max(1, Runtime.getRuntime().availableProcessors() / 2);
        return Executors.newFixedThreadPool(threads, named(name, DEEP_STACK_BYTES));
    }

    /** For what is due at some time, and is short. A task's own failure is logged: nobody asks for its result. */
    static ScheduledThreadPoolExecutor timer(String name) {
        ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1, named(name)) {
            @Override
            protected void afterExecute(Runnable task, Throwable thrown) {
                if (task instanceof java.util.concurrent.Future<?> future && future.isDone() && !future.isCancelled()) {
                    logFailure(future);
                }
            }
        };
        // A cancelled task would else hold its stream in memory until it was due.
        timer.setRemoveOnCancelPolicy(true);
        return timer;
    }

    private static void logFailure(java.util.concurrent.Future<?> done) {
        try {
            done.get();
        } catch (java.util.concurrent.ExecutionException e) {
            LoggerFactory.getLogger(Threads.class).error("a timed task failed", e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static ThreadFactory named(String name) {
        return named(name, 0);
    }

    /** @param stackBytes 0: as the JVM has it */
    private static ThreadFactory named(String name, long stackBytes) {
        AtomicInteger count = new AtomicInteger();
        return task -> {
            Thread thread = new Thread(null, task, name + "-" + count.incrementAndGet(), stackBytes);
            thread.setDaemon(true);
            return thread;
        };
    }
}
