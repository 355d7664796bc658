package rivulet.log;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.util.JsonRecyclerPools;
import com.fasterxml.jackson.databind.json.JsonMapper;

/**
 * Jackson for threads that live as long as a stream, where each has little to read or write. By default every thread that
 * has done so once keeps 16 KiB of buffers for the next time; here all threads share what is needed at once.
 */
public final class SharedBuffers {
    private SharedBuffers() {}

    /** What makes such a mapper. */
    public static JsonMapper.Builder mapper() {
        return JsonMapper.builder(JsonFactory.builder()
                .recyclerPool(JsonRecyclerPools.sharedConcurrentDequePool())
                .build());
    }
}
