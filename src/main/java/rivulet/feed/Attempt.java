package rivulet.feed;

import okhttp3.Call;
import okhttp3.EventListener;
import org.jspecify.annotations.Nullable;

/** How far one request came; a tag of the request, told by OkHttp. Once it was sent, it may have been billed. */
final class Attempt {
    private volatile boolean requestSent;

    /** Whether the upstream may have seen any of the request. */
    boolean requestSent() {
        return requestSent;
    }

    /** Tells each call's attempt of its progress. */
    static EventListener.Factory listeners() {
        return call -> {
            @Nullable Attempt attempt = call.request().tag(Attempt.class);
            return attempt == null ? EventListener.NONE : attempt.listener();
        };
    }

    private EventListener listener() {
        return new EventListener() {
            @Override
            public void requestHeadersStart(Call call) {
                requestSent = true;
            }
        };
    }
}
