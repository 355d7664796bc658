package rivulet;

import io.javalin.http.Context;
import jakarta.servlet.http.HttpServletResponse;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import org.eclipse.jetty.ee10.servlet.HttpOutput;
import org.eclipse.jetty.util.Callback;

/**
 * Bodies that are sent whole, without a thread that waits for a peer that does not read: some hundred of those would take
 * all threads there are.
 */
final class LongBody {
    /** Jetty gathers less than 8 KiB, and sends it when the handler has returned. */
    private static final int SHORT_BYTES = 4096;

    private LongBody() {}

    /** Sends what a handler has answered, unless it is short: then Javalin may. */
    static void after(Context ctx) {
        if (ctx.resultInputStream() instanceof ByteArrayInputStream result && result.available() > SHORT_BYTES) {
            send(result.readAllBytes(), ctx.res());
        }
    }

    /** Sends the last, and only, bytes of a response: Jetty ends it behind them, or once the peer was idle for too long. */
    static void send(byte[] body, HttpServletResponse response) {
        response.setContentLength(body.length);
        try {
            ((HttpOutput) response.getOutputStream()).sendContent(ByteBuffer.wrap(body), Callback.NOOP);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
