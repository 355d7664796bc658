package rivulet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarFile;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The jar says what is in it, and under which licences. */
@Timeout(value = 30, unit = TimeUnit.SECONDS)
class LicensesIT {
    private static final Pattern LISTED = Pattern.compile("\\((\\S+:\\S+:\\S+) - ");

    @Test
    void whatIsInTheJarIsInBothLists() throws Exception {
        try (JarFile jar = new JarFile("target/rivulet.jar")) {
            Set<String> licensed = licensed(jar);
            assertTrue(licensed.size() > 30, licensed.toString());
            assertEquals(components(jar), licensed);
            Set<String> missing = shaded(jar);
            missing.removeAll(licensed);
            assertEquals(Set.of(), missing);
        }
    }

    @Test
    void eachLicenceThatWantsItsTextBesideTheCodeHasIt() throws Exception {
        try (JarFile jar = new JarFile("target/rivulet.jar")) {
            assertTrue(text(jar, "LICENSE").contains("Apache License"));
            List<String> texts = jar.stream()
                    .map(ZipEntry::getName)
                    .filter(name -> name.startsWith("META-INF/licenses/") && !name.endsWith("/"))
                    .toList();
            for (String artifact : Set.copyOf(notApache(jar))) {
                String name = artifact.split(":", -1)[1];
                assertTrue(
                        texts.stream()
                                .anyMatch(text -> text.startsWith("META-INF/licenses/" + name + "-jar/")
                                        || text.equals("META-INF/licenses/" + name + ".txt")),
                        "no licence of " + artifact);
            }
            assertTrue(texts.stream().anyMatch(text -> text.endsWith("/swagger-ui-bundle.js.LICENSE.txt")));
        }
    }

    private static Set<String> licensed(JarFile jar) throws IOException {
        Set<String> names = new TreeSet<>();
        for (Matcher listed = LISTED.matcher(text(jar, "META-INF/THIRD-PARTY.txt")); listed.find(); ) {
            names.add(listed.group(1));
        }
        return names;
    }

    /** Those that are under no form of the Apache licence, which stands once for all. */
    private static Set<String> notApache(JarFile jar) throws IOException {
        Set<String> apache = new TreeSet<>();
        boolean inApache = false;
        for (String line : text(jar, "META-INF/THIRD-PARTY.txt").lines().toList()) {
            if (line.matches("    \\S.*:")) {
                inApache = line.contains("Apache");
            }
            Matcher listed = LISTED.matcher(line);
            if (inApache && listed.find()) {
                apache.add(listed.group(1));
            }
        }
        Set<String> others = licensed(jar);
        others.removeAll(apache);
        return others;
    }

    private static Set<String> components(JarFile jar) throws IOException {
        Set<String> names = new TreeSet<>();
        for (JsonNode component :
                TestServer.json(text(jar, "META-INF/sbom/rivulet.cdx.json")).path("components")) {
            names.add("%s:%s:%s"
                    .formatted(
                            component.path("group").asText(),
                            component.path("name").asText(),
                            component.path("version").asText()));
        }
        return names;
    }

    /** What the libraries say of themselves, where they do. */
    private static Set<String> shaded(JarFile jar) throws IOException {
        Set<String> names = new TreeSet<>();
        for (ZipEntry entry : jar.stream().toList()) {
            if (entry.getName().matches("META-INF/maven/.*/pom\\.properties")
                    && !entry.getName().contains("/dev.rivulet/")) {
                Properties properties = new Properties();
                try (InputStream in = jar.getInputStream(entry)) {
                    properties.load(in);
                }
                names.add("%s:%s:%s"
                        .formatted(
                                properties.getProperty("groupId"),
                                properties.getProperty("artifactId"),
                                properties.getProperty("version")));
            }
        }
        assertTrue(names.size() > 10, names.toString());
        return names;
    }

    private static String text(JarFile jar, String name) throws IOException {
        ZipEntry entry = jar.getEntry(name);
        assertTrue(entry != null, name + " is not in the jar");
        try (InputStream in = jar.getInputStream(java.util.Objects.requireNonNull(entry))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
