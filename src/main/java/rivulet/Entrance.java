package rivulet;

import static java.util.Objects.requireNonNull;

import io.javalin.http.Context;
import io.javalin.http.HandlerType;
import java.util.List;
import java.util.Set;
import java.util.function.IntPredicate;
import org.eclipse.jetty.server.Request;
import org.jspecify.annotations.Nullable;
import rivulet.access.Caller;
import rivulet.access.Door;
import rivulet.access.Head;
import rivulet.access.Origins;

/** Lets requests in before any route sees them, and remembers who makes them. */
final class Entrance {
    private static final String CALLER = Entrance.class.getName();
    private static final Set<String> OPEN = Set.of("/", "/health", "/health/ready", "/openapi.json", "/docs");
    private static final List<String> FILES = List.of("/assets/", "/docs/");

    /** What a question to an upstream may be longer than the body that asks it: by instructions, or a prompt in a path. */
    private static final int QUESTION_BYTES = 1_000_000;

    private final Door door;
    private final IntPredicate simulatorsOwn;
    private final int mostBodyBytes;

    /** @param simulatorsOwn whether a port is the simulator's own, where this process calls itself: let in as it is */
    Entrance(Config config, IntPredicate simulatorsOwn) {
        AccessConfig access = config.access();
        this.simulatorsOwn = simulatorsOwn;
        this.mostBodyBytes = config.maxBodyBytes() + QUESTION_BYTES;
        door = new Door(
                access.hosts(),
                new Origins(config.corsOrigins()),
                access.tokens(),
                access.proxies(),
                Entrance::isForAll,
                head -> head.path().equals(SignIn.SIGN_IN) || head.path().equals(SignIn.SIGN_OUT),
                () -> System.currentTimeMillis() / 1000);
    }

    Door door() {
        return door;
    }

    /** Refuses what asks for another host. */
    void checkHost(Context ctx) {
        if (!simulatorsOwn.test(ctx.req().getLocalPort())) {
            door.checkHost(JettyHead.of(ctx));
        }
    }

    /** Refuses who may not call. */
    void enter(Context ctx) {
        if (!simulatorsOwn.test(ctx.req().getLocalPort())) {
            ctx.attribute(CALLER, door.enter(JettyHead.of(ctx)));
        }
    }

    /** How large a body may be that any route takes: a question's to the simulator. */
    int mostBodyBytes() {
        return mostBodyBytes;
    }

    /** How much of a request's body any route might take: nothing, if it will not get past here. */
    int maxBodyBytes(Request request) {
        if (simulatorsOwn.test(Request.getLocalPort(request))) {
            return mostBodyBytes;
        }
        JettyHead head = JettyHead.of(request);
        if (!door.admits(head)) {
            return 0;
        }
        return head.path().equals(SignIn.SIGN_IN) ? SignIn.BODY_BYTES : mostBodyBytes;
    }

    /** Who makes the request, which has been let in. */
    static Caller caller(Context ctx) {
        Caller caller = ctx.attribute(CALLER);
        return requireNonNull(caller, "the routes of callers are behind the entrance");
    }

    /** The name of who made the request; null if it has none, or was not let in. */
    static @Nullable String callerName(Request request) {
        return request.getAttribute(CALLER) instanceof Caller caller ? caller.name() : null;
    }

    private static boolean isForAll(Head head) {
        boolean reads =
                head.method().equals(HandlerType.GET.name()) || head.method().equals(HandlerType.HEAD.name());
        return reads && (OPEN.contains(head.path()) || FILES.stream().anyMatch(head.path()::startsWith));
    }
}
