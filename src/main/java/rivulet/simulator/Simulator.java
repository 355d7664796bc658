package rivulet.simulator;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import java.util.List;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * An upstream without a model: it speaks OpenAI's API, for those who have no key and for tests. What it does is said by
 * the model's name, see {@link Script}; {@code sim-fast} answers at once, {@code sim-cut-after-10} breaks off. It keeps
 * nothing, takes any key, and answers the same request with the same bytes.
 */
public final class Simulator {
    /** Models that are listed; any other name works too. */
    private static final List<String> MODELS = List.of(
            "gpt-4o-mini",
            "sim-fast",
            "sim-50tps",
            "sim-wait-2s",
            "sim-500tokens",
            "sim-echo",
            "sim-markdown",
            "sim-reasoning",
            "sim-refusal",
            "sim-tools",
            "sim-cut-after-10",
            "sim-stall",
            "sim-429",
            "sim-500",
            "sim-error-mid-stream");
    /** For answers that no model's name delays. */
    private static final Script AT_ONCE = Script.parse("sim-fast");

    private final ScheduledExecutorService timer;
    private final AtomicInteger live = new AtomicInteger();

    /** @param timer runs every step of every answer; steps are short and never block */
    public Simulator(ScheduledExecutorService timer) {
        this.timer = timer;
    }

    /** Registers the API below a prefix, {@code /simulator/v1} for instance. */
    public void routes(RoutesConfig routes, String prefix) {
        routes.post(prefix + "/chat/completions", ctx -> answer(ctx, Prompt::chat, ChatCompletionsShape::new));
        routes.post(prefix + "/responses", ctx -> answer(ctx, Prompt::responses, ResponsesShape::new));
        routes.get(prefix + "/models", ctx -> send(ctx, Reply.json(200, models(), AT_ONCE)));
        // In angle brackets the name may have slashes, as those of OpenRouter do.
        routes.get(prefix + "/models/<id>", ctx -> send(ctx, model(ctx.pathParam("id"))));
    }

    /** How many answers have begun and neither ended nor been left by their peer. */
    public int live() {
        return live.get();
    }

    private void answer(Context ctx, Function<byte[], Prompt> read, BiFunction<Prompt, Answer, Shape> shape) {
        @Nullable String authorization = ctx.header("Authorization");
        send(ctx, reply(ctx.bodyAsBytes(), authorization, read, shape));
    }

    private static Reply reply(
            byte[] body,
            @Nullable String authorization,
            Function<byte[], Prompt> read,
            BiFunction<Prompt, Answer, Shape> shape) {
        try {
            Prompt prompt = read.apply(body);
            Answer answer = Answer.to(prompt);
            return new Performance(prompt, answer, shape.apply(prompt, answer)).reply(authorization);
        } catch (ApiError refused) {
            return Reply.error(refused, AT_ONCE);
        }
    }

    private void send(Context ctx, Reply reply) {
        live.incrementAndGet();
        SimulatedStream.start(ctx, reply, timer, live::decrementAndGet);
    }

    private static Reply model(String id) {
        try {
            Script.parse(id);
            return Reply.json(200, modelObject(id), AT_ONCE);
        } catch (ApiError unknown) {
            return Reply.error(unknown.asNotFound(), AT_ONCE);
        }
    }

    private static ObjectNode models() {
        ObjectNode list = Json.object().put("object", "list");
        ArrayNode data = list.putArray("data");
        MODELS.forEach(id -> data.add(modelObject(id)));
        return list;
    }

    private static ObjectNode modelObject(String id) {
        return Json.object()
                .put("id", id)
                .put("object", "model")
                .put("created", Shape.CREATED)
                .put("owned_by", "simulator");
    }
}
