package rivulet;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import io.javalin.http.HttpResponseException;
import io.javalin.http.MethodNotAllowedResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import org.eclipse.jetty.http.HttpException;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.io.EofException;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.handler.ErrorHandler;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import rivulet.access.Refusal;
import rivulet.log.Excerpt;
import rivulet.log.StoreAway;
import rivulet.log.Wordless;

/** Every answer that is not 2xx, in one shape: <code>{"error":{"code":"…","message":"…"}}</code>. */
final class Errors {
    private static final Logger LOG = LoggerFactory.getLogger(Errors.class);
    /** Of a message: it may quote a path of 64 KiB. */
    private static final int MOST_CHARS = 1000;

    private Errors() {}

    /** Maps whatever a handler throws. */
    static void routes(RoutesConfig routes) {
        routes.exception(Exception.class, Errors::handle);
        // Javalin has a mapper of its own for these, which would come first.
        routes.exception(HttpResponseException.class, Errors::handle);
    }

    /** Answers with an error. */
    static void answer(Context ctx, RequestError error) {
        error.headers().forEach(ctx::header);
        ctx.status(error.status()).contentType("application/json").result(json(error.code(), error.getMessage()));
    }

    private static void handle(Exception thrown, Context ctx) {
        if (committed(ctx)) {
            // Too late to say anything, and touching a response that is over would make Javalin spin for ever.
            LOG.debug("after the response had begun", new Wordless(thrown));
            return;
        }
        Throwable cause =
                thrown instanceof CompletionException && thrown.getCause() != null ? thrown.getCause() : thrown;
        answer(ctx, translate(cause, ctx));
    }

    private static boolean committed(Context ctx) {
        try {
            return ctx.res().isCommitted();
        } catch (RuntimeException recycled) {
            return true;
        }
    }

    private static RequestError translate(Throwable thrown, Context ctx) {
        if (thrown instanceof RequestError error) {
            return error;
        }
        if (thrown instanceof MethodNotAllowedResponse notAllowed) {
            return RequestError.methodNotAllowed(
                    Optional.ofNullable(notAllowed.getDetails().get("availableMethods"))
                            .orElse("GET"));
        }
        if (thrown instanceof HttpResponseException known) {
            return known.getStatus() == HttpStatus.NOT_FOUND_404
                    ? RequestError.noSuchRoute("There is no " + ctx.path() + " here; the routes are in the README.")
                    : RequestError.ofStatus(known.getStatus(), String.valueOf(known.getMessage()));
        }
        if (thrown instanceof HttpException broken && broken.getCode() < HttpStatus.INTERNAL_SERVER_ERROR_500) {
            return RequestError.ofStatus(broken.getCode(), HttpStatus.getMessage(broken.getCode()) + ".");
        }
        if (thrown instanceof EofException) {
            return RequestError.cutBody();
        }
        if (thrown instanceof Refusal refusal) {
            return RequestError.ofRefusal(refusal);
        }
        if (thrown instanceof StoreAway) {
            return RequestError.storeAway();
        }
        // By the route: a path may be a prompt.
        LOG.error("{} {} failed", ctx.method(), Requests.routeOf(ctx), new Wordless(thrown));
        return RequestError.internal();
    }

    private static String json(String code, String message) {
        ObjectNode error = JsonNodeFactory.instance.objectNode();
        error.putObject("error").put("code", code).put("message", Excerpt.of(message, MOST_CHARS));
        return error.toString();
    }

    /** What the server refuses before any route sees it, in the same shape. */
    static final class OfJetty extends ErrorHandler {
        private final Cors cors;

        /** @param cors says whose pages are to see why */
        OfJetty(Cors cors) {
            this.cors = cors;
        }

        @Override
        public boolean handle(Request request, Response response, Callback callback) {
            RequestError error = error(request, response.getStatus());
            cors.before(request, response);
            response.getHeaders().put(HttpHeader.CONTENT_TYPE, "application/json");
            response.getHeaders().put("X-Content-Type-Options", "nosniff");
            if (error.status() == HttpStatus.SERVICE_UNAVAILABLE_503) {
                response.getHeaders().put(HttpHeader.RETRY_AFTER, "1");
            }
            error.headers().forEach(response.getHeaders()::put);
            response.setStatus(error.status());
            String body = json(error.code(), error.getMessage());
            response.write(true, ByteBuffer.wrap(body.getBytes(StandardCharsets.UTF_8)), callback);
            return true;
        }

        private static RequestError error(Request request, int status) {
            // Whatever it has run into while its parts end is nobody's mistake.
            return status >= HttpStatus.INTERNAL_SERVER_ERROR_500 && stops(request)
                    ? RequestError.draining()
                    : RequestError.ofStatus(status, words(request, status));
        }

        private static boolean stops(Request request) {
            return !request.getConnectionMetaData().getConnector().getServer().isRunning();
        }

        private static String words(Request request, int status) {
            return switch (status) {
                case HttpStatus.BAD_REQUEST_400 -> unreadable(request);
                case HttpStatus.HTTP_VERSION_NOT_SUPPORTED_505 -> "This server speaks HTTP/1.1 and HTTP/2.";
                case HttpStatus.URI_TOO_LONG_414 -> "The request line is too long; send a long message by POST.";
                case HttpStatus.REQUEST_HEADER_FIELDS_TOO_LARGE_431 ->
                    "The request's head is larger than 64 KiB; send a long message by POST.";
                case HttpStatus.REQUEST_TIMEOUT_408 ->
                    "The body took too long to arrive; a larger BODY_TIMEOUT would wait for it.";
                case HttpStatus.SERVICE_UNAVAILABLE_503 -> "Too many bytes arrive at once; try again soon.";
                default -> HttpStatus.getMessage(status) + ".";
            };
        }

        /** The head, if Jetty's parser says so; else the body, which {@link BodyFirst} takes in. */
        private static String unreadable(Request request) {
            if (!(request.getAttribute(ERROR_EXCEPTION) instanceof HttpException broken)) {
                return "The body did not arrive whole; send it again.";
            }
            @Nullable String reason = broken.getReason();
            boolean known = reason != null && !reason.equals(HttpStatus.getMessage(broken.getCode()));
            return "The request's head cannot be read%s: it must have a Host, a path without %%00, and no control characters."
                    .formatted(known ? " (" + reason + ")" : "");
        }
    }
}
