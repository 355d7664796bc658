package rivulet.simulator;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;

/** The responses in background mode, kept as long as OpenAI says that it keeps them. Safe on any thread. */
final class BackgroundResponses {
    private static final Duration KEPT = Duration.ofMinutes(10);
    /** A bound for memory: more than anyone tests with. */
    private static final int MOST = 10_000;

    private static final int ID_BYTES = 8;

    private final SecureRandom random = new SecureRandom();

    @GuardedBy("this")
    private final Map<String, BackgroundResponse> byId = new LinkedHashMap<>();

    /** A response's id. Not made of the request: two that ask the same are two responses. */
    String newId(Prompt prompt) {
        byte[] bytes = new byte[ID_BYTES];
        random.nextBytes(bytes);
        return "resp_" + prompt.seed() + HexFormat.of().formatHex(bytes);
    }

    synchronized void add(BackgroundResponse response) {
        Iterator<BackgroundResponse> oldestFirst = byId.values().iterator();
        boolean enough = false;
        while (!enough && oldestFirst.hasNext()) {
            enough = oldestFirst.next().age().compareTo(KEPT) < 0 && byId.size() < MOST;
            if (!enough) {
                oldestFirst.remove();
            }
        }
        byId.put(response.id(), response);
    }

    /** The response with that id. */
    synchronized BackgroundResponse find(String id) {
        BackgroundResponse found = byId.get(id);
        if (found == null) {
            throw ApiError.noSuchResponse(id);
        }
        return found;
    }
}
