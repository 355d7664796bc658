package rivulet;

import io.javalin.http.Context;

/** Headers that tell a browser what may not be done with an answer. Pages say more, with a policy of their own. */
final class Hardening {
    /** A year, in seconds. */
    private static final String HTTPS_ONLY = "max-age=31536000";

    private static final int HTTPS_PORT = 443;

    private Hardening() {}

    /** Runs before each request. */
    static void before(Context ctx) {
        ctx.header("X-Content-Type-Options", "nosniff");
        ctx.header("Referrer-Policy", "no-referrer");
        // Opened as a page, an answer must run nothing, load nothing and stand in no frame.
        ctx.header("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
        // What another origin may read is CORS's business; as a picture or a script it may not even be loaded.
        ctx.header("Cross-Origin-Resource-Policy", "same-origin");
        if (isOfTheHttpsPort(ctx)) {
            ctx.header("Strict-Transport-Security", HTTPS_ONLY);
        }
    }

    /**
     * Strict-Transport-Security (RFC 6797) binds a whole host name: said from any other port, it would shut out what else
     * that machine serves on plain HTTP. The port is the one that the browser asked, whichever the server listens on.
     */
    private static boolean isOfTheHttpsPort(Context ctx) {
        return ctx.req().isSecure() && ctx.req().getServerPort() == HTTPS_PORT;
    }
}
