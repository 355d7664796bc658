package rivulet;

import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import java.io.IOException;
import java.io.InputStream;
import java.net.JarURLConnection;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The page's files, read once from the class path and kept: plain, gzipped, hashed.
 *
 * <p>Every file is also found under one version, the hash of them all: {@code /assets/<version>/app.js}. The page names
 * its script and style so, and modules import each other by relative paths, so whatever the page loads lies under one
 * version. These addresses may be kept for ever; a new build has new ones, and no page ever mixes two builds.
 * {@code /assets/app.js} is the same file, looked at again each time.
 *
 * <p>A path is looked up among the names known, never in a file system: it cannot leave the folder.
 */
final class StaticFiles {
    private static final String ROOT = "public/";
    private static final String PREFIX = "/assets/";
    private static final String INDEX = "index.html";
    private static final String FOR_EVER = "public, max-age=31536000, immutable";
    /** No inline script or style, no other origin, no frame; Trusted Types let only DOMPurify make HTML of text. */
    private static final String POLICY =
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
                    + "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
                    + "require-trusted-types-for 'script'; trusted-types dompurify";

    private static final Pattern REFERENCE = Pattern.compile("(?<=(?:href|src)=\")[\\w./-]+\\.(?:css|js|svg)(?=\")");
    /** Neither the libraries, which are not all modules, nor the languages, of which one is used. */
    private static final Pattern MODULE = Pattern.compile("(?:demos/)?[\\w-]+\\.js");

    /** All of them, by name, and the hash of them all. */
    private record Loaded(String version, Map<String, StaticFile> files) {}

    private volatile @Nullable Loaded loaded;

    void register(RoutesConfig routes) {
        routes.get("/", this::index);
        routes.head("/", this::index);
        routes.get(PREFIX + "*", this::asset);
        routes.head(PREFIX + "*", this::asset);
    }

    private void index(Context ctx) {
        ctx.header("Content-Security-Policy", POLICY);
        ctx.header("Cross-Origin-Opener-Policy", "same-origin");
        file(INDEX, ctx).answer(ctx, StaticFile.ASK_AGAIN);
    }

    private void asset(Context ctx) {
        String path = ctx.path().substring(PREFIX.length());
        String version = path.length() > StaticFile.HASH_CHARS && path.charAt(StaticFile.HASH_CHARS) == '/'
                ? path.substring(0, StaticFile.HASH_CHARS)
                : "";
        boolean versioned = version.matches("[0-9a-f]{" + StaticFile.HASH_CHARS + "}");
        StaticFile file = file(versioned ? path.substring(StaticFile.HASH_CHARS + 1) : path, ctx);
        // A page of an older build may still ask: it gets what there is, but nobody keeps it under that name.
        file.answer(ctx, version.equals(loaded().version) ? FOR_EVER : StaticFile.ASK_AGAIN);
    }

    private StaticFile file(String name, Context ctx) {
        return Optional.ofNullable(loaded().files.get(name))
                .orElseThrow(() -> RequestError.noSuchRoute("There is no " + ctx.path() + " here."));
    }

    /** Read when first asked for, so that a start does not wait for it; twice at worst, with the same outcome. */
    private Loaded loaded() {
        Loaded known = loaded;
        if (known == null) {
            known = load();
            loaded = known;
        }
        return known;
    }

    private static Loaded load() {
        Map<String, byte[]> contents = contents();
        String version = version(contents);
        contents.computeIfPresent(INDEX, (name, page) -> withVersions(page, version, contents));
        Map<String, StaticFile> files = new TreeMap<>();
        contents.forEach((name, content) -> files.put(name, StaticFile.of(name, content)));
        return new Loaded(version, files);
    }

    /** What a browser that loads everything has to fetch. */
    static int gzippedBytes() {
        return load().files.values().stream()
                .mapToInt(file -> file.gzipped().length)
                .sum();
    }

    private static byte[] withVersions(byte[] page, String version, Map<String, byte[]> files) {
        return REFERENCE
                .matcher(withPreloads(new String(page, StandardCharsets.UTF_8), files))
                // Relative, so that the page also works under a path of its own behind a proxy.
                .replaceAll(name -> files.containsKey(name.group()) ? "assets/" + version + "/$0" : "$0")
                .getBytes(StandardCharsets.UTF_8);
    }

    /** Our modules, asked for at once: found import by import, each level of them would cost a round trip. */
    private static String withPreloads(String page, Map<String, byte[]> files) {
        return page.replace(
                "</head>",
                files.keySet().stream()
                                .filter(name -> MODULE.matcher(name).matches())
                                .map("<link rel=\"modulepreload\" href=\"%s\">\n"::formatted)
                                .collect(Collectors.joining())
                        + "</head>");
    }

    private static String version(Map<String, byte[]> contents) {
        MessageDigest digest = StaticFile.sha256();
        contents.forEach((name, content) -> {
            digest.update(name.getBytes(StandardCharsets.UTF_8));
            digest.update(content);
        });
        return StaticFile.hash(digest.digest());
    }

    /** The files by name, in the names' order: from the jar, or from a folder while the project is being built. */
    private static Map<String, byte[]> contents() {
        URL index = StaticFiles.class.getResource("/" + ROOT + INDEX);
        if (index == null) {
            throw new IllegalStateException(ROOT + INDEX + " is not on the class path");
        }
        try {
            return index.openConnection() instanceof JarURLConnection jar
                    ? fromJar(jar)
                    : fromFolder(Path.of(index.toURI()).resolveSibling(""));
        } catch (IOException | URISyntaxException e) {
            throw new IllegalStateException("the page's files cannot be read", e);
        }
    }

    private static Map<String, byte[]> fromJar(JarURLConnection connection) throws IOException {
        Map<String, byte[]> contents = new TreeMap<>();
        // Not the shared one: closing that would take the class loader's own away.
        connection.setUseCaches(false);
        try (JarFile jar = connection.getJarFile()) {
            for (JarEntry entry : (Iterable<JarEntry>) jar.stream()::iterator) {
                if (entry.getName().startsWith(ROOT) && !entry.isDirectory()) {
                    try (InputStream content = jar.getInputStream(entry)) {
                        contents.put(entry.getName().substring(ROOT.length()), content.readAllBytes());
                    }
                }
            }
        }
        return contents;
    }

    private static Map<String, byte[]> fromFolder(Path folder) throws IOException {
        Map<String, byte[]> contents = new TreeMap<>();
        try (Stream<Path> paths = Files.walk(folder)) {
            for (Path path : (Iterable<Path>) paths.filter(Files::isRegularFile)::iterator) {
                contents.put(folder.relativize(path).toString().replace('\\', '/'), Files.readAllBytes(path));
            }
        }
        return contents;
    }
}
