package rivulet;

import java.util.concurrent.Executor;
import java.util.concurrent.Semaphore;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/**
 * Runs what a request has begun, and waits for, on the request's own thread, once that has handled it: it would only be put
 * to sleep, and another one woken, which is a tenth of what a short answer costs. Jetty takes the request for one that is
 * still being handled, and reads no next one from its connection; so this is for a task that is over before the response
 * is. Where there are virtual threads, which are woken for less, each task has one of its own.
 */
final class RequestThreads extends Handler.Wrapper implements Executor {
    /** So many tasks at once; and as many of the server's threads stay for those who come meanwhile. */
    static final int MOST_TASKS = 100;

    private static final ThreadLocal<@Nullable Handling> HANDLING = new ThreadLocal<>();

    private final Executor others;
    private final Semaphore free = new Semaphore(MOST_TASKS);

    /** What this thread is handling. */
    private static final class Handling {
        private boolean lent;
        private @Nullable Runnable task;
    }

    /** @param others run the tasks that no request's thread can take */
    RequestThreads(Executor others) {
        this.others = others;
    }

    /**
     * Lends the thread of the request that is being handled, if this is one, to the first task that is begun by this. The
     * response is to end after that task, whatever happens.
     */
    static void lend(Runnable begins) {
        Handling handling = HANDLING.get();
        if (handling == null || Threads.virtual()) {
            begins.run();
            return;
        }
        handling.lent = true;
        try {
            begins.run();
        } finally {
            handling.lent = false;
        }
    }

    /** Runs a task soon: never on this thread before its caller, and the request it is lent by, are done with it. */
    @Override
    public void execute(Runnable task) {
        Handling handling = HANDLING.get();
        if (handling != null && handling.lent && handling.task == null && free.tryAcquire()) {
            handling.task = task;
        } else {
            others.execute(task);
        }
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) throws Exception {
        Handling handling = new Handling();
        HANDLING.set(handling);
        try {
            return super.handle(request, response, callback);
        } finally {
            HANDLING.remove();
            if (handling.task != null) {
                try {
                    handling.task.run();
                } finally {
                    free.release();
                }
            }
        }
    }
}
