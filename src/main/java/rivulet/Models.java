package rivulet;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** What models a page can let its user choose from: {@code {"default":"…","models":["…"]}}. */
final class Models {
    private final Supplier<CompletableFuture<List<String>>> upstream;
    private final String defaultModel;
    private final Predicate<String> allowed;

    /**
     * @param upstream asks for the ids
     * @param defaultModel asked for where a request names none; empty: the upstream's first
     * @param allowed whether a caller may name a model
     */
    Models(Supplier<CompletableFuture<List<String>>> upstream, String defaultModel, Predicate<String> allowed) {
        this.allowed = allowed;
        this.upstream = upstream;
        this.defaultModel = defaultModel;
    }

    void register(RoutesConfig routes) {
        routes.get("/models", this::list);
        routes.head("/models", this::list);
    }

    private void list(Context ctx) {
        ctx.header("Cache-Control", "no-store");
        // Many servers offer no list and answer all the same: that is an empty list, and no error.
        ctx.future(() -> upstream.get()
                .handle((ids, failure) -> failure == null ? ids : List.<String>of())
                .thenAccept(ids ->
                        ctx.contentType("application/json").result(answer(ids).toString())));
    }

    private ObjectNode answer(List<String> ids) {
        @Nullable String first = defaultModel.isEmpty() && !ids.isEmpty() ? ids.get(0) : defaultModel;
        ObjectNode answer = JsonNodeFactory.instance.objectNode().put("default", first);
        ArrayNode models = answer.putArray("models");
        ids.stream().filter(allowed).forEach(models::add);
        return answer;
    }
}
