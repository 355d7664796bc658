package rivulet.access;

import java.util.List;
import java.util.Optional;

/** What a request says of itself before its body. None of it can be believed but the remote address. */
public interface Head {
    /** The method, in capitals. */
    String method();

    /** The path as it is routed. */
    String path();

    /** The host that is asked for, without a port, as the request names it. */
    String host();

    /** The port that is asked for; empty where the request names none. */
    Optional<Integer> port();

    /** The address at the connection's other end. */
    String remote();

    /** All values of a header, in their order. */
    List<String> headers(String name);

    /** A header's first value. */
    default Optional<String> header(String name) {
        return headers(name).stream().findFirst();
    }
}
