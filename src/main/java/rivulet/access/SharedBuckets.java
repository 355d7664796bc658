package rivulet.access;

import io.github.bucket4j.Bucket;
import io.github.bucket4j.BucketConfiguration;
import io.github.bucket4j.distributed.proxy.ClientSideConfig;
import io.github.bucket4j.distributed.proxy.generic.compare_and_swap.AbstractCompareAndSwapBasedProxyManager;
import io.github.bucket4j.distributed.proxy.generic.compare_and_swap.AsyncCompareAndSwapOperation;
import io.github.bucket4j.distributed.proxy.generic.compare_and_swap.CompareAndSwapOperation;
import io.github.bucket4j.distributed.remote.RemoteBucketState;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import rivulet.log.SharedCells;

/** Buckets that all nodes share: each is a cell, which whoever takes from it reads and swaps. */
final class SharedBuckets {
    private final Manager manager;

    SharedBuckets(SharedCells cells) {
        manager = new Manager(cells);
    }

    /** The bucket under that key; what is asked of it throws {@link rivulet.log.StoreAway} where it is out of reach. */
    Bucket of(String key, Supplier<BucketConfiguration> limit) {
        return manager.builder().build(key, limit);
    }

    private static final class Manager extends AbstractCompareAndSwapBasedProxyManager<String> {
        private final SharedCells cells;

        private Manager(SharedCells cells) {
            super(ClientSideConfig.getDefault());
            this.cells = cells;
        }

        @Override
        protected CompareAndSwapOperation beginCompareAndSwapOperation(String key) {
            return new CompareAndSwapOperation() {
                @Override
                public Optional<byte[]> getStateData(Optional<Long> timeoutNanos) {
                    return cells.read(key);
                }

                @Override
                public boolean compareAndSwap(
                        byte @Nullable [] was, byte[] is, RemoteBucketState state, Optional<Long> timeoutNanos) {
                    return cells.swap(key, Optional.ofNullable(was), is);
                }
            };
        }

        @Override
        protected AsyncCompareAndSwapOperation beginAsyncCompareAndSwapOperation(String key) {
            throw new UnsupportedOperationException("asked on the request's own thread");
        }

        @Override
        public boolean isAsyncModeSupported() {
            return false;
        }

        @Override
        public void removeProxy(String key) {
            throw new UnsupportedOperationException("a cell is forgotten by itself");
        }

        @Override
        protected CompletableFuture<Void> removeAsync(String key) {
            throw new UnsupportedOperationException("a cell is forgotten by itself");
        }
    }
}
