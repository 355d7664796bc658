package rivulet;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Certificates and keys as text (RFC 7468). Keys come in three forms: PKCS#8, and the older ones of RSA (PKCS#1, RFC 8017)
 * and of elliptic curves (SEC 1, RFC 5915), which some tools still write and Java does not read: they are wrapped into
 * PKCS#8 here.
 */
final class Pem {
    private static final Pattern BLOCK =
            Pattern.compile("-----BEGIN ([A-Z0-9 ]+)-----([A-Za-z0-9+/=\\s]*)-----END \\1-----");
    private static final List<String> ALGORITHMS = List.of("RSA", "EC", "EdDSA");
    /** The algorithm of RSA keys, whose parameters are NULL. */
    private static final byte[] RSA = HexFormat.of().parseHex("300d06092a864886f70d0101010500");
    /** The object identifier of keys of elliptic curves; the curve's own follows it. */
    private static final byte[] EC = HexFormat.of().parseHex("06072a8648ce3d0201");

    private static final byte[] VERSION_0 = {2, 1, 0};
    private static final int SEQUENCE = 0x30;
    private static final int OCTETS = 0x04;
    /** SEC 1 tags the curve so. */
    private static final int CURVE = 0xa0;

    private Pem() {}

    /**
     * The certificates in a text, the server's own first.
     *
     * @throws IllegalArgumentException if there is none, or one cannot be read
     */
    static List<X509Certificate> certificates(String text) {
        if (!text.contains("-----BEGIN CERTIFICATE-----")) {
            throw new IllegalArgumentException("it holds no BEGIN CERTIFICATE");
        }
        List<X509Certificate> chain = new ArrayList<>();
        try {
            // Only the blocks: Java would stumble over what some tools write between them.
            CertificateFactory factory = CertificateFactory.getInstance("X.509");
            for (byte[] der : blocks(text, "CERTIFICATE")) {
                for (Certificate one : factory.generateCertificates(new ByteArrayInputStream(der))) {
                    chain.add((X509Certificate) one);
                }
            }
        } catch (CertificateException e) {
            throw new IllegalArgumentException("its certificate cannot be read: " + e.getMessage(), e);
        }
        if (chain.isEmpty()) {
            throw new IllegalArgumentException("its certificate is not whole");
        }
        return chain;
    }

    /**
     * The first key in a text.
     *
     * @throws IllegalArgumentException if there is none that can be read
     */
    static PrivateKey key(String text) {
        if (text.contains("ENCRYPTED")) {
            throw new IllegalArgumentException(
                    "its key is encrypted; openssl pkey -in FILE -out PLAIN_FILE takes the password away");
        }
        for (byte[] der : blocks(text, "PRIVATE KEY")) {
            return pkcs8(der);
        }
        for (byte[] der : blocks(text, "RSA PRIVATE KEY")) {
            return pkcs8(der(SEQUENCE, VERSION_0, RSA, der(OCTETS, der)));
        }
        for (byte[] der : blocks(text, "EC PRIVATE KEY")) {
            return pkcs8(der(SEQUENCE, VERSION_0, der(SEQUENCE, EC, curve(der)), der(OCTETS, der)));
        }
        throw new IllegalArgumentException("it holds no BEGIN PRIVATE KEY");
    }

    private static List<byte[]> blocks(String text, String label) {
        List<byte[]> found = new ArrayList<>();
        for (Matcher block = BLOCK.matcher(text); block.find(); ) {
            if (block.group(1).equals(label)) {
                found.add(Base64.getMimeDecoder().decode(block.group(2)));
            }
        }
        return found;
    }

    private static PrivateKey pkcs8(byte[] der) {
        for (String algorithm : ALGORITHMS) {
            try {
                return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(der));
            } catch (InvalidKeySpecException e) {
                // The next algorithm may know it.
            } catch (GeneralSecurityException e) {
                throw new IllegalStateException("every Java has " + algorithm, e);
            }
        }
        throw new IllegalArgumentException("its key cannot be read; RSA, EC and Ed25519 keys can");
    }

    /** The content of the element with the curve, which follows the version and the secret. */
    private static byte[] curve(byte[] sec1) {
        int at = contentAt(sec1, 0);
        while (at < sec1.length - 1) {
            int content = contentAt(sec1, at);
            int end = Math.min(sec1.length, content + contentLength(sec1, at));
            if ((sec1[at] & 0xff) == CURVE) {
                return Arrays.copyOfRange(sec1, content, end);
            }
            at = end;
        }
        throw new IllegalArgumentException(
                "its key does not name its curve; openssl pkcs8 -topk8 -nocrypt -in FILE -out NEW_FILE adds it");
    }

    /** Lengths above 127 are told in as many bytes as the lower bits of the first say (X.690, 8.1.3). */
    private static int contentAt(byte[] der, int at) {
        int first = der[at + 1];
        return at + 2 + (first < 0 ? first & 0x7f : 0);
    }

    private static int contentLength(byte[] der, int at) {
        if (der[at + 1] >= 0) {
            return der[at + 1];
        }
        int length = 0;
        for (int i = at + 2; i < Math.min(der.length, contentAt(der, at)); i++) {
            length = (length << 8) | (der[i] & 0xff);
        }
        return Math.max(0, length);
    }

    private static byte[] der(int tag, byte[]... parts) {
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            content.writeBytes(part);
        }
        ByteArrayOutputStream element = new ByteArrayOutputStream();
        element.write(tag);
        writeLength(element, content.size());
        element.writeBytes(content.toByteArray());
        return element.toByteArray();
    }

    /** In as few bytes as it takes (X.690, 10.1); two do for any key. */
    private static void writeLength(ByteArrayOutputStream element, int length) {
        if (length > 0xff) {
            element.write(0x82);
            element.write(length >> 8);
        } else if (length > 0x7f) {
            element.write(0x81);
        }
        element.write(length);
    }

    /** A text of ASCII, whatever else may be in the file. */
    static String text(byte[] file) {
        return new String(file, StandardCharsets.ISO_8859_1);
    }
}
