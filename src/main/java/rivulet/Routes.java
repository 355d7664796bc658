package rivulet;

import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import io.javalin.http.HandlerType;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import rivulet.access.Door;
import rivulet.log.StoreAway;
import rivulet.log.StreamLog;
import rivulet.log.StreamState;
import rivulet.wire.Format;

/**
 * The routes. Each reads what it is asked, begins a stream or finds one, and has {@link Follow} show it. A request that
 * names a position continues that stream, whatever else it says: no second generation begins.
 */
final class Routes {
    private static final String STREAM_PREFIX = "/stream/";

    private final Config config;
    private final Streams streams;
    private final Asks asks;
    private final Follow follow;
    private final Door door;

    Routes(Config config, Streams streams, Asks asks, Follow follow, Door door) {
        this.door = door;
        this.config = config;
        this.streams = streams;
        this.asks = asks;
        this.follow = follow;
    }

    void register(RoutesConfig routes) {
        routes.get("/sse/countdown", ctx -> get(ctx, query(ctx), Format.TEXT, asks::countdown));
        routes.get("/sse/fake-llm", ctx -> get(ctx, query(ctx), Format.TEXT_DONE, asks::fakeLlm));
        routes.get("/sse/chat", ctx -> get(ctx, query(ctx), Format.TEXT_DONE, asks::chatByQuery));
        routes.post("/sse/chat", ctx -> post(ctx, Format.TEXT_DONE, asks::chatByBody));
        routes.get("/sse/chat-normal", this::chatNormal);
        routes.get(STREAM_PREFIX + "*", this::chatByPath);
        routes.post("/generate", ctx -> post(ctx, Format.NDJSON, asks::generate));
        routes.get("/helloworld", ctx -> get(ctx, query(ctx), Format.STATUS, asks::helloWorld));
        routes.post("/streams", this::create);
        routes.get("/streams/{id}", this::read);
        routes.delete("/streams/{id}", this::cancel);
    }

    private void get(Context ctx, Fields query, Format otherwise, Function<Fields, Asked> reader) {
        Format format = FormatChoice.of(ctx, query, otherwise);
        Optional<Position> position = Position.of(ctx, query);
        if (position.isPresent()) {
            resume(ctx, position.get(), format);
        } else {
            begin(ctx, format, query, reader);
        }
    }

    private void post(Context ctx, Format otherwise, Function<Fields, Asked> reader) {
        Fields query = query(ctx);
        Format format = FormatChoice.of(ctx, query, otherwise);
        Optional<Position> position = Position.of(ctx, query);
        query.rejectUnknown();
        if (position.isPresent()) {
            Body.skip(ctx, config.maxBodyBytes());
            resume(ctx, position.get(), format);
        } else {
            begin(ctx, format, Body.read(ctx, config.maxBodyBytes()), reader);
        }
    }

    private void begin(Context ctx, Format format, Fields fields, Function<Fields, Asked> reader) {
        Asked asked = reader.apply(fields);
        Optional<IdempotencyKey> key = IdempotencyKey.of(ctx, fields);
        fields.rejectUnknown();
        FormatChoice.requireSuits(format, asked);
        follow.begin(ctx, format, () -> streams.begin(asked, key, Entrance.caller(ctx)));
    }

    private void resume(Context ctx, Position position, Format format) {
        if (!follow.hasPlace()) {
            follow.later(ctx, format);
            return;
        }
        StreamLog log;
        try {
            log = streams.find(position.stream());
        } catch (StoreAway e) {
            follow.later(ctx, format);
            return;
        }
        FormatChoice.requireSuits(format, log.start().kind());
        // The end first: an index that is looked up after it cannot be beyond a head that was still moving.
        boolean ended = log.ended();
        int head = log.head();
        boolean mayBeAhead = ended && mayBeAhead(log);
        if (mayBeAhead && position.index() >= head && !position.endTold()) {
            follow.end(ctx, log, format);
            return;
        }
        if (ended && position.index() > head && !mayBeAhead) {
            throw RequestError.badRequest("The stream %s has ended at index %d; there is no index %d."
                    .formatted(position.stream(), head, position.index()));
        }
        if (ended && position.index() >= head && ctx.method().equals(HandlerType.GET)) {
            // All has been seen. This status stops EventSource, which would come again for ever after a 200.
            ctx.status(204);
        } else {
            follow.from(ctx, log, position.index(), format);
        }
    }

    /**
     * Whether a viewer of a node that was lost may hold more than the ended log: events that never reached the store, and
     * that no other node has told again, since there was none or it was cut short.
     */
    private boolean mayBeAhead(StreamLog log) {
        boolean changesHands = config.background() && config.redis().isPresent();
        return StreamState.ownerLost(log) || (changesHands && StreamState.cutShort(log));
    }

    private void chatNormal(Context ctx) {
        Fields query = query(ctx);
        Asked asked = asks.chatByQuery(query);
        Optional<IdempotencyKey> key = IdempotencyKey.of(ctx, query);
        query.rejectUnknown();
        follow.beginWhole(ctx, () -> streams.begin(asked, key, Entrance.caller(ctx)));
    }

    private void chatByPath(Context ctx) {
        Address address = Address.of(ctx);
        PathText path = PathText.of(address.path(), STREAM_PREFIX, address.query());
        Fields query =
                path.hasParameters() ? query(ctx) : Fields.ofQuery(Map.of()).traced(Requests.trace(ctx));
        get(ctx, query, Format.TEXT, fields -> {
            if (path.text().isBlank()) {
                throw RequestError.badRequest("Put the prompt into the path, as in /stream/What is SSE?");
            }
            return asks.chatByPath(path.text(), fields);
        });
    }

    private void create(Context ctx) {
        Fields query = query(ctx);
        if (!FormatChoice.wantsState(ctx, query)) {
            post(ctx, Format.JSON, asks::ofKind);
            return;
        }
        Optional<Position> position = Position.of(ctx, query);
        query.rejectUnknown();
        if (position.isPresent()) {
            Body.skip(ctx, config.maxBodyBytes());
            answerState(ctx, streams.find(position.get().stream()));
            return;
        }
        Fields body = Body.read(ctx, config.maxBodyBytes());
        Asked asked = asks.ofKind(body);
        body.rejectUnknown();
        StreamLog log = streams.begin(asked, IdempotencyKey.of(ctx, body), Entrance.caller(ctx))
                .log();
        ctx.status(201).header("Location", "/streams/" + log.start().stream());
        answerState(ctx, log);
    }

    private void read(Context ctx) {
        Fields query = query(ctx);
        String id = Position.requireStream(ctx.pathParam("id"));
        Optional<Integer> after = query.integer("after", -1, Integer.MAX_VALUE);
        Format format = FormatChoice.of(ctx, query, Format.JSON);
        Optional<Position> position = Position.of(ctx, query);
        query.rejectUnknown();
        if (FormatChoice.wantsState(ctx, query)) {
            answerState(ctx, streams.find(id));
            return;
        }
        if (position.isPresent() && !position.get().stream().equals(id)) {
            throw RequestError.badRequest("The last event id is of another stream than " + id + ".");
        }
        resume(ctx, position.orElseGet(() -> new Position(id, after.orElse(-1), false)), format);
    }

    private void cancel(Context ctx) {
        query(ctx).rejectUnknown();
        StreamLog log = streams.find(Position.requireStream(ctx.pathParam("id")));
        door.checkCreator(Entrance.caller(ctx), Optional.ofNullable(log.start().creator()));
        streams.cancel(log);
        follow.onceEnded(ctx, log, () -> answerState(ctx, log));
    }

    private static Fields query(Context ctx) {
        return Fields.ofQuery(Percent.query(Address.of(ctx).query())).traced(Requests.trace(ctx));
    }

    private static void answerState(Context ctx, StreamLog log) {
        ctx.header("Stream-Id", log.start().stream());
        ctx.contentType("application/json").result(StreamState.of(log).text());
    }
}
