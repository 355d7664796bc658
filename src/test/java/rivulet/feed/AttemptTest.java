package rivulet.feed;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import okhttp3.internal.http2.ConnectionShutdownException;
import okhttp3.internal.http2.ErrorCode;
import okhttp3.internal.http2.StreamResetException;
import org.junit.jupiter.api.Test;

/** Which questions cannot have been billed, and may be asked again. */
class AttemptTest {
    @Test
    void whatWasNeverReadMayBeAskedAgain() {
        assertTrue(Attempt.refusedUnread(new StreamResetException(ErrorCode.REFUSED_STREAM)));
        // The connection was found fit, and given up by the upstream before the question was written.
        assertTrue(Attempt.refusedUnread(new ConnectionShutdownException()));
        assertFalse(Attempt.refusedUnread(new StreamResetException(ErrorCode.INTERNAL_ERROR)));
        assertFalse(Attempt.refusedUnread(new IOException("the connection was closed")));
        assertFalse(Attempt.refusedUnread(null));
    }
}
