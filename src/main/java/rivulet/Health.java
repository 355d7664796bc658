package rivulet;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import java.util.function.BooleanSupplier;
import rivulet.feed.Upstream;
import rivulet.log.StoreState;
import rivulet.wire.Viewers;

/** Whether the server is well, for people and for balancers. */
final class Health {
    private final Config config;
    private final Streams streams;
    private final Viewers viewers;
    private final BooleanSupplier started;
    private final long startMillis = System.currentTimeMillis();

    /** @param started whether the server has nothing more to do before it takes its load */
    Health(Config config, Streams streams, Viewers viewers, BooleanSupplier started) {
        this.config = config;
        this.streams = streams;
        this.viewers = viewers;
        this.started = started;
    }

    void register(RoutesConfig routes) {
        routes.get("/health", this::health);
        routes.head("/health", this::health);
        routes.get("/health/ready", this::ready);
        routes.head("/health/ready", this::ready);
    }

    private void health(Context ctx) {
        ObjectNode health = JsonNodeFactory.instance
                .objectNode()
                .put("status", "ok")
                .put("message", "Server is running")
                .put("version", App.version())
                .put("uptime_s", (System.currentTimeMillis() - startMillis) / 1000)
                .put("live_streams", streams.liveCount())
                .put("viewers", viewers.count());
        health.putObject("upstream")
                .put("name", config.upstream().label())
                .put("api", config.upstream().api().wireName())
                .put("model", config.upstream().model())
                .put("background", config.background() && config.upstream().api() == Upstream.Api.RESPONSES);
        answer(ctx, 200, health);
    }

    private void ready(Context ctx) {
        StoreState store = streams.storeState();
        boolean up = started.getAsBoolean() && store != StoreState.NEVER_REACHED;
        String status = streams.draining() ? "draining" : up ? "ready" : "starting";
        ObjectNode ready = JsonNodeFactory.instance.objectNode().put("status", status);
        if (store != StoreState.REACHABLE) {
            // With the store away this node still serves; a 503 would take all nodes out at once.
            ready.put("store", StoreState.UNREACHABLE.wireName());
        }
        boolean takesLoad = status.equals("ready");
        if (!takesLoad) {
            ctx.header("Retry-After", "1");
        }
        answer(ctx, takesLoad ? 200 : 503, ready);
    }

    private static void answer(Context ctx, int status, ObjectNode json) {
        ctx.status(status).header("Cache-Control", "no-store");
        ctx.contentType("application/json").result(json.toString());
    }
}
