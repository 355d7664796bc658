package rivulet;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import rivulet.access.Door;

/**
 * Signs the page in, with a cookie, since {@code EventSource} sends no headers. Scripts cannot read it, and it stays
 * away from requests that other sites make (RFC 6265bis, SameSite=Strict).
 */
final class SignIn {
    static final String SIGN_IN = "/sign-in";
    static final String SIGN_OUT = "/sign-out";
    static final int BODY_BYTES = 4096;

    private final Door door;

    SignIn(Door door) {
        this.door = door;
    }

    void register(RoutesConfig routes) {
        routes.get(SIGN_IN, this::state);
        routes.head(SIGN_IN, this::state);
        routes.post(SIGN_IN, this::signIn);
        routes.post(SIGN_OUT, this::signOut);
    }

    private void state(Context ctx) {
        ObjectNode state = JsonNodeFactory.instance.objectNode().put("required", door.tokensRequired());
        @Nullable String name = Entrance.caller(ctx).name();
        if (name != null) {
            state.put("name", name);
        }
        ctx.header("Cache-Control", "no-store").contentType("application/json").result(state.toString());
    }

    private void signIn(Context ctx) {
        Fields body = Body.read(ctx, BODY_BYTES, "a token is shorter");
        String token = body.text("token")
                .orElseThrow(() -> RequestError.badRequest("Give a \"token\", one of ACCESS_TOKENS."));
        body.rejectUnknown();
        if (door.tokensRequired()) {
            setCookie(ctx, door.signIn(JettyHead.of(ctx), token.strip()), door.signedInFor());
        }
        ctx.status(204);
    }

    private void signOut(Context ctx) {
        setCookie(ctx, "", Duration.ZERO);
        ctx.status(204);
    }

    private static void setCookie(Context ctx, String value, Duration age) {
        // Behind a proxy that ends TLS only the browser tells; one that lies here harms nobody but itself.
        boolean tls = ctx.req().isSecure()
                || Optional.ofNullable(ctx.header("Origin")).orElse("").startsWith("https://");
        ctx.header("Cache-Control", "no-store");
        ctx.header(
                "Set-Cookie",
                Door.COOKIE + "=" + value + "; Path=/; Max-Age=" + age.toSeconds() + "; HttpOnly; SameSite=Strict"
                        + (tls ? "; Secure" : ""));
    }
}
