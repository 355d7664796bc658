package rivulet.access;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** A request's head, said in a line. */
record TestHead(String method, String path, String host, Optional<Integer> port, String remote, List<String> lines)
        implements Head {
    /** A GET of a stream from this machine, with these headers, each as {@code Name: value}. */
    static TestHead with(String... lines) {
        return new TestHead("GET", "/sse/chat", "localhost", Optional.of(8080), "127.0.0.1", Arrays.asList(lines));
    }

    TestHead at(String otherHost) {
        return new TestHead(method, path, otherHost, port, remote, lines);
    }

    TestHead from(String otherRemote) {
        return new TestHead(method, path, host, port, otherRemote, lines);
    }

    TestHead asking(String otherMethod, String otherPath) {
        return new TestHead(otherMethod, otherPath, host, port, remote, lines);
    }

    @Override
    public List<String> headers(String name) {
        String start = name.toLowerCase(java.util.Locale.ROOT) + ": ";
        return lines.stream()
                .filter(line -> line.toLowerCase(java.util.Locale.ROOT).startsWith(start))
                .map(line -> line.substring(start.length()))
                .toList();
    }
}
