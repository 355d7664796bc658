package rivulet.telemetry;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Models as values of a label. Whoever asks may name any, and each new name costs Prometheus some hundred series for ever:
 * so the first ones that have answered are told apart, and all others are one. Safe on any thread.
 */
final class ModelNames {
    static final String OTHER = "other";

    private static final String UNKNOWN = "unknown";
    private static final int MOST = 40;
    /** As models are named; what ends a line, or is long, is no name but an attempt. */
    private static final Pattern NAME = Pattern.compile("[\\x21-\\x7E]{1,100}");

    private final Set<String> names = ConcurrentHashMap.newKeySet();

    /**
     * The label for a model.
     *
     * @param answered whether it has answered: a name that no upstream knows takes nobody's place
     */
    String label(@Nullable String model, boolean answered) {
        if (model == null) {
            return UNKNOWN;
        }
        if (names.contains(model)) {
            return model;
        }
        return answered && NAME.matcher(model).matches() && take(model) ? model : OTHER;
    }

    private synchronized boolean take(String model) {
        return names.size() < MOST && names.add(model);
    }
}
