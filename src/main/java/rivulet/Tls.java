package rivulet;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.SignatureException;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.eclipse.jetty.alpn.server.ALPNServerConnectionFactory;
import org.eclipse.jetty.http2.server.HTTP2ServerConnectionFactory;
import org.eclipse.jetty.server.ConnectionFactory;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.SslConnectionFactory;
import org.eclipse.jetty.util.ssl.SslContextFactory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The server's certificate, from two PEM files that are looked at again while it runs: those who renew certificates, every
 * two months and soon more often, only write the files. A connection keeps the certificate that it began with.
 */
final class Tls {
    private static final Logger LOG = LoggerFactory.getLogger(Tls.class);
    private static final Duration LOOK = Duration.ofSeconds(10);
    /** The store is in memory only; Jetty wants one. */
    private static final String PASSWORD = "in memory";

    /** Its name in the choice of a protocol, which counts upper and lower case. */
    private static final String HTTP_1 = "http/1.1";

    private final Path certificate;
    private final Path key;
    private final SslContextFactory.Server factory = new SslContextFactory.Server();
    /** What the files said when they were last read, whether they could be used or not; the timer's thread. */
    private String seen;

    private String complaint = "";

    /**
     * Reads the files.
     *
     * @throws SettingError if they cannot be used; it says which, and why
     */
    Tls(Path certificate, Path key) {
        this.certificate = certificate;
        this.key = key;
        this.seen = read(certificate, Setting.TLS_CERT) + read(key, Setting.TLS_KEY);
        factory.setKeyStore(store());
        factory.setKeyStorePassword(PASSWORD);
        // Which names are served is the Host check's business; here a name that is not in the certificate would be 400.
        factory.setSniRequired(false);
    }

    /** What is spoken inside TLS: HTTP/2 with those who offer it (RFC 7301), as browsers do, else HTTP/1.1. */
    ConnectionFactory[] protocols(HttpConfiguration http, HttpConnectionFactory http1) {
        ALPNServerConnectionFactory choice = new ALPNServerConnectionFactory("h2", HTTP_1);
        choice.setDefaultProtocol(HTTP_1);
        return new ConnectionFactory[] {
            new SslConnectionFactory(factory, choice.getProtocol()),
            choice,
            new HTTP2ServerConnectionFactory(http),
            http1
        };
    }

    /** Looks after the files from now on. */
    void watch(ScheduledExecutorService timer) {
        timer.scheduleWithFixedDelay(this::look, LOOK.toMillis(), LOOK.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Takes the files if they have changed. What cannot be used is told once, and the certificate in use stays. */
    void look() {
        try {
            String now = read(certificate, Setting.TLS_CERT) + read(key, Setting.TLS_KEY);
            if (now.equals(seen)) {
                return;
            }
            seen = now;
            KeyStore store = store();
            factory.reload(f -> f.setKeyStore(store));
            complaint = "";
            LOG.info("the certificate in {} is in use", certificate);
        } catch (SettingError e) {
            // One file may be written before the other: the next look finds both.
            if (!complaint.equals(e.getMessage())) {
                complaint = String.valueOf(e.getMessage());
                LOG.warn("the certificate is not renewed: {}", complaint);
            }
        } catch (Exception e) {
            LOG.error("the certificate is not renewed", e);
        }
    }

    private KeyStore store() {
        List<X509Certificate> chain = parse(certificate, Setting.TLS_CERT, Pem::certificates);
        PrivateKey secret = parse(key, Setting.TLS_KEY, Pem::key);
        try {
            if (!belong(chain.get(0), secret)) {
                throw new SettingError("%s %s is not the key of the first certificate in %s %s"
                        .formatted(Setting.TLS_KEY, key, Setting.TLS_CERT, certificate));
            }
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(null, null);
            store.setKeyEntry("server", secret, PASSWORD.toCharArray(), chain.toArray(new Certificate[0]));
            return store;
        } catch (GeneralSecurityException | IOException e) {
            throw new SettingError(Setting.TLS_CERT + " " + certificate + " cannot be used: " + e.getMessage());
        }
    }

    /** Whether what one signs the other confirms. */
    private static boolean belong(X509Certificate certificate, PrivateKey key) throws GeneralSecurityException {
        String kind = certificate.getPublicKey().getAlgorithm();
        if (!kind.equals(key.getAlgorithm())) {
            return false;
        }
        Signature signature = Signature.getInstance(
                kind.equals("RSA") ? "SHA256withRSA" : kind.equals("EC") ? "SHA256withECDSA" : "EdDSA");
        byte[] text = {1};
        signature.initSign(key);
        signature.update(text);
        byte[] signed = signature.sign();
        signature.initVerify(certificate.getPublicKey());
        signature.update(text);
        try {
            return signature.verify(signed);
        } catch (SignatureException e) {
            // Of another curve, or another length.
            return false;
        }
    }

    private static <T> T parse(Path file, Setting setting, Function<String, T> parser) {
        try {
            return parser.apply(read(file, setting));
        } catch (IllegalArgumentException | ArrayIndexOutOfBoundsException e) {
            String why = e instanceof IllegalArgumentException ? String.valueOf(e.getMessage()) : "it is not whole";
            throw new SettingError(setting + " " + file + " cannot be used: " + why + ".");
        }
    }

    private static String read(Path file, Setting setting) {
        try {
            return Pem.text(Files.readAllBytes(file));
        } catch (NoSuchFileException e) {
            throw new SettingError(setting + " names " + file + ", which is not there.");
        } catch (AccessDeniedException e) {
            throw new SettingError(setting + " names " + file + ", which this user may not read.");
        } catch (IOException e) {
            throw new SettingError(setting + " " + file + " cannot be read: " + e.getMessage());
        }
    }
}
