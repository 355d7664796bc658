package rivulet.access;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.github.bucket4j.Bandwidth;
import io.github.bucket4j.Bucket;
import io.github.bucket4j.BucketConfiguration;
import io.github.bucket4j.local.LocalBucketBuilder;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;

/** Buckets in this machine's memory, of those who called last: of strangers there are more than memory has room for. */
final class LocalBuckets {
    /** About 500 bytes each. */
    private static final int MOST = 50_000;

    @GuardedBy("this")
    private final Map<String, Bucket> byUse = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Bucket> eldest) {
            return size() > MOST;
        }
    };

    /** The bucket under that key, made full if there is none. */
    synchronized Bucket of(String key, Supplier<BucketConfiguration> limit) {
        return byUse.computeIfAbsent(key, k -> full(limit.get()));
    }

    private static Bucket full(BucketConfiguration limit) {
        LocalBucketBuilder builder = Bucket.builder();
        if (Arrays.stream(limit.getBandwidths()).noneMatch(Bandwidth::isIntervallyAligned)) {
            // A wall clock that is set back would fill nothing until it is where it was.
            builder.withNanosecondPrecision();
        }
        Arrays.stream(limit.getBandwidths()).forEach(builder::addLimit);
        return builder.build();
    }
}
