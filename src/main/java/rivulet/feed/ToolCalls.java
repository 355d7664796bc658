package rivulet.feed;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Tells the pieces of one answer's tool calls apart, and says the id and the name of each once. By Chat Completions'
 * letter the index alone does that; but some providers give all calls the same one, or none, and some repeat id and name
 * with every piece, or the name with a new id (vLLM, of a tool that the caller has named). So a piece that names a
 * function under another id than the last one of its index begins a call; where there is no id, or the same, or it has
 * changed amid arguments, one that names another function, or begins arguments anew behind whole ones.
 */
final class ToolCalls {
    private final Sink sink;
    /** The newest call of each of the upstream's indices. */
    private final Map<Integer, Call> newest = new HashMap<>();
    /** Of those that have an id, by the upstream's index and it. */
    private final Map<String, Call> known = new HashMap<>();

    private final Set<Integer> indices = new HashSet<>();

    ToolCalls(Sink sink) {
        this.sink = sink;
    }

    /** Whether there was any. */
    boolean any() {
        return !indices.isEmpty();
    }

    /**
     * Takes a piece.
     *
     * @param position the upstream's index
     * @param arguments the next piece of them, which may be empty
     * @return whether there was anything in it
     */
    boolean piece(int position, @Nullable String id, @Nullable String name, String arguments) {
        @Nullable Call named = id == null ? null : known.get(key(position, id));
        @Nullable Call meant = id == null && name == null ? newest.get(position) : named;
        if (meant != null && meant.isRepeated(id == null ? meant.name : name, arguments)) {
            // Once more, under its own id, or none: who took it for another would make the call twice.
            return false;
        }
        Call call = named == null ? find(position, id, name, arguments) : goingOn(named, name, arguments);
        boolean began = call == null;
        if (call == null) {
            call = new Call(freeIndex(position));
        }
        newest.put(position, call);
        @Nullable String newId = call.id == null ? id : null;
        @Nullable String newName = name == null || name.equals(call.name) ? null : name;
        if (newId != null) {
            call.id = newId;
            known.put(key(position, newId), call);
        }
        call.name = call.name == null ? name : call.name;
        boolean says = began || newId != null || newName != null || !arguments.isEmpty();
        if (says) {
            call.take(arguments);
            sink.toolCall(call.index, newId, newName, arguments);
        }
        return says;
    }

    private @Nullable Call find(int position, @Nullable String id, @Nullable String name, String arguments) {
        @Nullable Call last = newest.get(position);
        if (last == null || name == null) {
            return last;
        }
        if (id != null && last.goesOn(name)) {
            last.idTells = false;
        }
        boolean another = id != null && last.id != null && last.idTells;
        return another || last.endedBefore(name, arguments) ? null : last;
    }

    /** The call, unless the piece begins another under its id. */
    private static @Nullable Call goingOn(Call named, @Nullable String name, String arguments) {
        return name != null && named.endedBefore(name, arguments) ? null : named;
    }

    /** The upstream's own index, unless another call has it, or it is none: Bedrock Access Gateway counts from -1. */
    private int freeIndex(int position) {
        int index = Math.max(0, position);
        for (int next = indices.size(); !indices.add(index); next++) {
            index = next;
        }
        return index;
    }

    private static String key(int position, String id) {
        return position + " " + id;
    }

    /** One call, as far as it is known. */
    private static final class Call {
        private final int index;
        private @Nullable String id;
        private @Nullable String name;
        /** How many objects of its arguments are open. */
        private int depth;
        /** Whether another id is another call's: not where it changed before these arguments were whole. */
        private boolean idTells = true;

        /** How many characters of arguments there were, and their {@link String#hashCode}. */
        private int length;

        private int hash;
        private boolean anyArguments;
        private boolean inString;
        private boolean escaped;

        private Call(int index) {
            this.index = index;
        }

        /** Takes the next piece of its arguments. */
        void take(String piece) {
            length += piece.length();
            anyArguments |= !piece.isBlank();
            for (int i = 0; i < piece.length(); i++) {
                char c = piece.charAt(i);
                hash = 31 * hash + c;
                if (escaped) {
                    escaped = false;
                } else if (c == '"') {
                    inString = !inString;
                } else if (inString) {
                    escaped = c == '\\';
                } else if (c == '{') {
                    depth++;
                } else if (c == '}') {
                    depth--;
                }
            }
        }

        /** Whether a piece says the whole of this call once more. */
        boolean isRepeated(@Nullable String function, String piece) {
            return beginsAnew(piece)
                    && Objects.equals(name, function)
                    && piece.length() == length
                    && piece.hashCode() == hash;
        }

        /** Whether a piece that names that function is this call's, under whatever id: its arguments are not whole. */
        boolean goesOn(String function) {
            return (depth > 0 || inString) && function.equals(name);
        }

        /** Whether a piece that names a function, under no id that tells, is another call's. */
        boolean endedBefore(String function, String piece) {
            // A name without arguments may come in pieces.
            return anyArguments && (beginsAnew(piece) || (name != null && !name.equals(function)));
        }

        /** Whether a piece begins arguments, where there are whole ones or none. */
        private boolean beginsAnew(String piece) {
            return depth == 0 && !inString && piece.stripLeading().startsWith("{");
        }
    }
}
