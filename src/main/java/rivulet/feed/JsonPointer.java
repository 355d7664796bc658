package rivulet.feed;

import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * Where a parser is in a document: the open containers, and the RFC 6901 pointer of the value at hand. One buffer holds
 * the pointer and each container only how much of it is its own; were each to keep its whole pointer, a thousand nested
 * names would cost the square of their length.
 */
final class JsonPointer {
    private static final class Container {
        final boolean array;
        final int pathLength;
        int elements;

        Container(boolean array, int pathLength) {
            this.array = array;
            this.pathLength = pathLength;
        }
    }

    private final ArrayDeque<Container> containers = new ArrayDeque<>();
    private final StringBuilder path = new StringBuilder();
    /** {@code path} as a string, kept because a long text grows many times at one path. */
    private @Nullable String text = "";

    /** The value at hand is a container, and what follows is inside it. */
    void open(boolean array) {
        containers.addLast(new Container(array, path.length()));
    }

    /** The innermost container ends: it is the value at hand again. */
    void close() {
        truncate(containers.removeLast().pathLength);
    }

    /** Goes to the next element of the array that is open. */
    void element() {
        Container array = containers.getLast();
        truncate(array.pathLength);
        path.append('/').append(array.elements++);
    }

    /** Goes to a member of the object that is open, with {@code ~} and {@code /} escaped as RFC 6901 section 3 asks. */
    void member(String name) {
        truncate(containers.getLast().pathLength);
        path.append('/');
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            switch (c) {
                case '~' -> path.append("~0");
                case '/' -> path.append("~1");
                default -> path.append(c);
            }
        }
    }

    /** The value at hand has ended: back to the container around it, if there is one. */
    void leave() {
        truncate(containers.isEmpty() ? 0 : containers.getLast().pathLength);
    }

    boolean inArray() {
        return containers.getLast().array;
    }

    int depth() {
        return containers.size();
    }

    private void truncate(int length) {
        path.setLength(length);
        text = null;
    }

    /** The pointer of the value at hand. */
    @Override
    public String toString() {
        String known = text;
        if (known == null) {
            known = path.toString();
            text = known;
        }
        return known;
    }
}
