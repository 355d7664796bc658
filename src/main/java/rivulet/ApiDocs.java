package rivulet;

import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** The API's description, {@code /openapi.json}, written by hand and held to the routes by a test; and a page to browse it. */
final class ApiDocs {
    private static final String FOLDER = "/api/";
    /** The library shows what is in the description, and sets styles on what it shows. No other origin is asked for anything. */
    private static final String POLICY =
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
                    + "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    /** What the page loads; each is read when first asked for. */
    private static final Map<String, String> FILES = Map.of(
            "/openapi.json", "openapi.json",
            "/docs", "docs.html",
            "/docs/docs.js", "docs.js",
            "/docs/swagger-ui-bundle.js", "swagger-ui-bundle.js",
            "/docs/swagger-ui.css", "swagger-ui.css");

    private final Map<String, StaticFile> read = new ConcurrentHashMap<>();

    void register(RoutesConfig routes) {
        for (String path : List.of("/openapi.json", "/docs", "/docs/{file}")) {
            routes.get(path, this::answer);
            routes.head(path, this::answer);
        }
    }

    private void answer(Context ctx) {
        @Nullable String name = FILES.get(ctx.path());
        if (name == null) {
            throw RequestError.noSuchRoute("There is no " + ctx.path() + " here.");
        }
        ctx.header("Content-Security-Policy", POLICY);
        read.computeIfAbsent(name, ApiDocs::read).answer(ctx, StaticFile.ASK_AGAIN);
    }

    private static StaticFile read(String name) {
        try (InputStream content = ApiDocs.class.getResourceAsStream(FOLDER + name)) {
            if (content == null) {
                throw new IllegalStateException(FOLDER + name + " is not on the class path");
            }
            return StaticFile.of(name, content.readAllBytes());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
