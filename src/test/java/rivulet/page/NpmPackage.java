package rivulet.page;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;

/** A package that is not to be had from Maven Central: npm brings it into {@code target}, once. */
final class NpmPackage {
    private static final Path HOME = Path.of("target", "npm");

    private final Path directory;

    /** Where npm is missing, or cannot bring it, the test shows as skipped. */
    NpmPackage(String name, String version) {
        directory = HOME.resolve("node_modules").resolve(name);
        Assumptions.assumeTrue(Files.exists(directory) || installed(name + "@" + version), "npm cannot bring " + name);
    }

    String read(String file) {
        try {
            return Files.readString(directory.resolve(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean installed(String what) {
        try {
            Files.createDirectories(HOME);
            Process npm = new ProcessBuilder(
                            "npm",
                            "install",
                            "--ignore-scripts",
                            "--no-audit",
                            "--no-fund",
                            "--prefix",
                            HOME.toString(),
                            what)
                    .redirectErrorStream(true)
                    .redirectOutput(HOME.resolve("install.log").toFile())
                    .start();
            boolean over = npm.waitFor(40, TimeUnit.SECONDS);
            npm.destroy();
            return over && npm.exitValue() == 0;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
