package rivulet.simulator;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import java.util.List;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * An upstream without a model: it speaks OpenAI's API, for those who have no key and for tests. What it does is said by
 * the model's name, see {@link Script}; {@code sim-fast} answers at once, {@code sim-cut-after-10} breaks off. It takes
 * any key, and answers the same request with the same bytes. It keeps nothing but the responses in background mode, whose
 * ids are new each time: a connection that breaks, as by {@code cut-after}, does not end those.
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
    private final BackgroundResponses background = new BackgroundResponses();
    private final AtomicInteger live = new AtomicInteger();

    /** @param timer runs every step of every answer; steps are short and never block */
    public Simulator(ScheduledExecutorService timer) {
        this.timer = timer;
    }

    /** Registers the API below a prefix, {@code /simulator/v1} for instance. */
    public void routes(RoutesConfig routes, String prefix) {
        routes.post(prefix + "/chat/completions", this::complete);
        routes.post(prefix + "/responses", this::respond);
        routes.get(prefix + "/responses/{id}", ctx -> send(ctx, retrieved(ctx)));
        routes.post(prefix + "/responses/{id}/cancel", ctx -> send(ctx, cancelled(ctx.pathParam("id"))));
        routes.get(prefix + "/models", ctx -> send(ctx, Reply.json(200, models(), AT_ONCE)));
        // In angle brackets the name may have slashes, as those of OpenRouter do.
        routes.get(prefix + "/models/<id>", ctx -> send(ctx, model(ctx.pathParam("id"))));
    }

    /** The events in which the answer to a question to {@code /chat/completions} would come, each as its bytes. */
    public static List<byte[]> chatEvents(byte[] question) {
        Prompt prompt = Prompt.chat(question);
        return bytes(new ChatCompletionsShape(prompt, Answer.to(prompt)));
    }

    /** The events in which the answer to a question to {@code /responses} would come, each as its bytes. */
    public static List<byte[]> responseEvents(byte[] question) {
        Prompt prompt = Prompt.responses(question);
        return bytes(new ResponsesShape(prompt, Answer.to(prompt)));
    }

    private static List<byte[]> bytes(Shape shape) {
        return shape.events().stream().map(event -> event.bytes().get()).toList();
    }

    /** How many answers have begun and neither ended nor been left by their peer. */
    public int live() {
        return live.get();
    }

    private void complete(Context ctx) {
        answer(ctx, authorization -> {
            Prompt prompt = Prompt.chat(ctx.bodyAsBytes());
            Answer answer = Answer.to(prompt);
            return new Performance(prompt, answer, new ChatCompletionsShape(prompt, answer)).reply(authorization);
        });
    }

    private void respond(Context ctx) {
        answer(ctx, authorization -> {
            Prompt prompt = Prompt.responses(ctx.bodyAsBytes());
            Answer answer = Answer.to(prompt);
            return prompt.background()
                    ? inBackground(prompt, answer, authorization)
                    : new Performance(prompt, answer, new ResponsesShape(prompt, answer)).reply(authorization);
        });
    }

    private Reply inBackground(Prompt prompt, Answer answer, @Nullable String authorization) {
        ResponseObject response = new ResponseObject(prompt, answer, background.newId(prompt));
        Performance performance = new Performance(prompt, answer, new ResponsesShape(answer, response));
        Reply reply = performance.reply(authorization);
        if (reply.status() != 200) {
            return reply;
        }
        BackgroundResponse generating = new BackgroundResponse(prompt, response, performance.generated());
        background.add(generating);
        return prompt.stream()
                ? reply.until(generating::cancelled)
                : Reply.json(200, response.unended("queued"), AT_ONCE);
    }

    private Reply retrieved(Context ctx) {
        try {
            BackgroundResponse found = background.find(ctx.pathParam("id"));
            if (!Boolean.parseBoolean(ctx.queryParam("stream"))) {
                return Reply.json(200, found.state(), AT_ONCE);
            }
            if (!found.streamed()) {
                throw ApiError.notStreamed(found.id());
            }
            return found.streamAfter(startingAfter(ctx.queryParam("starting_after")));
        } catch (ApiError refused) {
            return Reply.error(refused, AT_ONCE);
        }
    }

    private static int startingAfter(@Nullable String number) {
        if (number == null) {
            return -1;
        }
        if (!number.matches("\\d{1,9}")) {
            throw ApiError.wrongType("starting_after", "an integer");
        }
        return Integer.parseInt(number);
    }

    private Reply cancelled(String id) {
        try {
            BackgroundResponse found = background.find(id);
            found.cancel();
            return Reply.json(200, found.state(), AT_ONCE);
        } catch (ApiError refused) {
            return Reply.error(refused, AT_ONCE);
        }
    }

    private void answer(Context ctx, Function<@Nullable String, Reply> answer) {
        Reply reply;
        try {
            reply = answer.apply(ctx.header("Authorization"));
        } catch (ApiError refused) {
            reply = Reply.error(refused, AT_ONCE);
        }
        send(ctx, reply);
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
