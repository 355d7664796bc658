package rivulet;

import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/** Does what belongs to one key one after the other, on the threads that ask, which wait for it; other keys' at once. */
final class OneByOne {
    /** Of each key that has something done: completed once that is over. */
    private final Map<String, CompletableFuture<Void>> doing = new ConcurrentHashMap<>();

    /** What the task gives, or throws, once no other is done under the same key. Not to be nested. */
    <T> T run(String key, Supplier<T> task) {
        CompletableFuture<Void> own = new CompletableFuture<>();
        CompletableFuture<Void> other = doing.putIfAbsent(key, own);
        while (other != null) {
            other.join();
            other = doing.putIfAbsent(key, own);
        }
        try {
            return task.get();
        } finally {
            doing.remove(key);
            own.complete(null);
        }
    }
}
