package rivulet;

import io.javalin.http.Context;
import java.util.List;
import java.util.Optional;
import org.eclipse.jetty.ee10.servlet.ServletContextRequest;
import org.eclipse.jetty.server.Request;
import rivulet.access.Head;

/** The head of a request as Jetty has it, HTTP/1.1 or HTTP/2. */
record JettyHead(Request request, String path) implements Head {
    /** The head of the request that a route is to answer, with the path by which that route is found. */
    static JettyHead of(Context ctx) {
        return new JettyHead(ServletContextRequest.getServletContextRequest(ctx.req()), ctx.path());
    }

    /** The head of a request that no route has seen yet. */
    static JettyHead of(Request request) {
        return new JettyHead(request, request.getHttpURI().getPath());
    }

    @Override
    public String method() {
        return request.getMethod();
    }

    @Override
    public String host() {
        return Request.getServerName(request);
    }

    @Override
    public Optional<Integer> port() {
        return Optional.of(request.getHttpURI().getPort()).filter(port -> port > 0);
    }

    @Override
    public String remote() {
        return Request.getRemoteAddr(request);
    }

    @Override
    public List<String> headers(String name) {
        return request.getHeaders().getValuesList(name);
    }
}
