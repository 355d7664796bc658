package rivulet.simulator;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;

/**
 * A response as it is to be sent.
 *
 * @param firstByteAfter how long nothing is sent
 * @param gap the time between two deltas
 * @param ending what follows the last frame
 * @param drip whether each byte is written by itself
 * @param deltaSeen whether a delta has come before, so that the first one here waits for its turn
 * @param over when that holds, nothing more is sent and the body ends
 */
record Reply(
        int status,
        Map<String, String> headers,
        List<Frame> frames,
        Duration firstByteAfter,
        Duration gap,
        Ending ending,
        boolean drip,
        boolean deltaSeen,
        BooleanSupplier over) {

    enum Ending {
        /** The body is complete. */
        END,
        /** The connection breaks. */
        BREAK,
        /** Nothing, for ever. */
        SILENCE
    }

    /** Events, one after the other. */
    static Reply stream(List<Frame> events, Ending ending, Script script) {
        return of(200, Map.of("Content-Type", "text/event-stream; charset=utf-8"), events, ending, script);
    }

    /** One JSON object. */
    static Reply json(int status, ObjectNode body, Script script) {
        Frame whole = new Frame(false, () -> Json.bytes(body));
        return of(status, Map.of("Content-Type", "application/json"), List.of(whole), Ending.END, script);
    }

    static Reply error(ApiError error, Script script) {
        return json(error.status(), error.json(), script).with(error.headers());
    }

    static Reply html(int status, String title, Script script) {
        Frame page = Frame.of("<html>\r\n<head><title>" + title + "</title></head>\r\n<body>\r\n<center><h1>" + title
                + "</h1></center>\r\n</body>\r\n</html>\r\n");
        return of(status, Map.of("Content-Type", "text/html"), List.of(page), Ending.END, script);
    }

    /** The same response with further headers. */
    Reply with(Map<String, String> more) {
        Map<String, String> all = new HashMap<>(headers);
        all.putAll(more);
        return new Reply(status, all, frames, firstByteAfter, gap, ending, drip, deltaSeen, over);
    }

    /** The same response when the model must think for so long before it is sent. */
    Reply after(Duration thinking) {
        return new Reply(status, headers, frames, firstByteAfter.plus(thinking), gap, ending, drip, deltaSeen, over);
    }

    /** The same response from somewhere in its middle; what was due in the past comes at once. */
    Reply from(Duration due, boolean seen) {
        return new Reply(status, headers, frames, due, gap, ending, drip, seen, over);
    }

    /** The same response until something holds. */
    Reply until(BooleanSupplier ends) {
        return new Reply(status, headers, frames, firstByteAfter, gap, ending, drip, deltaSeen, ends);
    }

    /** The first half of the same response, and then that ending. */
    Reply broken(Ending broken) {
        Frame whole = frames.get(0);
        Frame half = new Frame(false, () -> {
            byte[] bytes = whole.bytes().get();
            return Arrays.copyOf(bytes, bytes.length / 2);
        });
        return new Reply(status, headers, List.of(half), firstByteAfter, gap, broken, drip, deltaSeen, over);
    }

    private static Reply of(int status, Map<String, String> headers, List<Frame> frames, Ending ending, Script script) {
        return new Reply(
                status,
                headers,
                frames,
                script.firstByteAfter(),
                script.gap(),
                ending,
                script.has(Script.Directive.DRIP),
                false,
                () -> false);
    }
}
