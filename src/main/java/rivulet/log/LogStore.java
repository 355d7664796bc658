package rivulet.log;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Where the logs are kept: the seam between this machine's memory and a store that several nodes share. */
public interface LogStore extends AutoCloseable {

    /** Opens a new stream, under a new id that cannot be guessed, with its {@link Event.Start} at index 0. */
    StreamLog create(Kind kind, @Nullable String model);

    /** The stream with that id, if it is live or ended less than the store's retention ago. */
    Optional<StreamLog> find(String id);

    /** Lets go of threads and connections. */
    @Override
    void close();
}
