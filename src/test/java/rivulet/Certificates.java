package rivulet;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.net.ssl.SSLContext;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import okhttp3.tls.HandshakeCertificates;
import okhttp3.tls.HeldCertificate;

/** A certificate of one's own in two PEM files, and clients that trust it. */
public final class Certificates {
    private final HeldCertificate held;
    private final Path certificate;
    private final Path key;

    private Certificates(HeldCertificate held, Path folder) {
        this.held = held;
        this.certificate = folder.resolve("cert.pem");
        this.key = folder.resolve("key.pem");
        write(held);
    }

    /** For this machine, of a curve as most certificates are today. */
    public static Certificates in(Path folder) {
        return new Certificates(make(), folder);
    }

    static HeldCertificate make() {
        return new HeldCertificate.Builder()
                .addSubjectAlternativeName("localhost")
                .addSubjectAlternativeName("127.0.0.1")
                .build();
    }

    /** Puts another certificate in the same files. */
    void write(HeldCertificate other) {
        write(certificate, other.certificatePem());
        write(key, other.privateKeyPkcs8Pem());
    }

    static void write(Path file, String text) {
        try {
            Files.writeString(file, text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Path certificate() {
        return certificate;
    }

    Path key() {
        return key;
    }

    /** The settings that make a server use it, and those given beside them. */
    public String[] settings(String... more) {
        List<String> settings = new java.util.ArrayList<>(List.of(more));
        settings.addAll(List.of("TLS_CERT", certificate.toString(), "TLS_KEY", key.toString()));
        return settings.toArray(new String[0]);
    }

    HandshakeCertificates trust() {
        return trustBuilder().build();
    }

    HandshakeCertificates.Builder trustBuilder() {
        return new HandshakeCertificates.Builder().addTrustedCertificate(held.certificate());
    }

    /** Believes any server, which here is always one's own. */
    static SSLContext trusting() {
        HandshakeCertificates trust = new HandshakeCertificates.Builder()
                .addPlatformTrustedCertificates()
                .addInsecureHost("127.0.0.1")
                .build();
        return trust.sslContext();
    }

    /** A client that offers one protocol. */
    OkHttpClient client(Protocol protocol) {
        HandshakeCertificates trust = trust();
        return new OkHttpClient.Builder()
                .sslSocketFactory(trust.sslSocketFactory(), trust.trustManager())
                // OkHttp wants HTTP/1.1 in the list; the server prefers HTTP/2.
                .protocols(
                        protocol == Protocol.HTTP_2
                                ? List.of(Protocol.HTTP_2, Protocol.HTTP_1_1)
                                : List.of(Protocol.HTTP_1_1))
                .readTimeout(java.time.Duration.ofSeconds(20))
                .retryOnConnectionFailure(false)
                .build();
    }
}
