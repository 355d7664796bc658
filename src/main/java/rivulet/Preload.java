package rivulet;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;

/**
 * Has the JVM load what the first answer needs while the start, which does not, goes on beside it: of all libraries the
 * JSON one has the most classes, more than 300.
 */
final class Preload implements Runnable {
    @Override
    public void run() {
        try {
            Object unused = new ObjectMapper().readTree("{\"message\":[1]}");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
