package rivulet;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.security.Security;
import java.util.Locale;

/**
 * Has the JVM load what is needed later while the start goes on beside it, in the order in which it is: what OkHttp and
 * Jetty look through when they are made, ciphers and languages; then, for the first answer, the JSON library, which has
 * the most classes of all, more than 300.
 */
final class Preload implements Runnable {
    @Override
    public void run() {
        Object unused = Security.getProviders();
        unused = Locale.getAvailableLocales();
        try {
            unused = new ObjectMapper().readTree("{\"message\":[1]}");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
