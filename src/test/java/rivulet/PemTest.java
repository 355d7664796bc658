package rivulet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.security.interfaces.ECPrivateKey;
import java.util.concurrent.TimeUnit;
import okhttp3.tls.HeldCertificate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Certificates and keys as the usual tools write them. */
@Timeout(value = 20, unit = TimeUnit.SECONDS)
class PemTest {
    /** As openssl ecparam -genkey writes it, made for this test alone. */
    private static final String SEC1 = """
            -----BEGIN EC PARAMETERS-----
            BggqhkjOPQMBBw==
            -----END EC PARAMETERS-----
            -----BEGIN EC PRIVATE KEY-----
            MHcCAQEEIO7Bz6iB6UwPmzji0tsDdfj5m/l1fVBiFDuKFJVB9SPjoAoGCCqGSM49
            AwEHoUQDQgAEYtHadvz/UgOn0ADex/mrb0mdLWK7TyK44mGFDdaeR0TAIYp32Evt
            8alUTy2X61n0lJNDcJdPfYpqLr3A7kc+LQ==
            -----END EC PRIVATE KEY-----
            """;

    private static final String SEC1_IN_PKCS8 = """
            -----BEGIN PRIVATE KEY-----
            MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg7sHPqIHpTA+bOOLS
            2wN1+Pmb+XV9UGIUO4oUlUH1I+OhRANCAARi0dp2/P9SA6fQAN7H+atvSZ0tYrtP
            IrjiYYUN1p5HRMAhinfYS+3xqVRPLZfrWfSUk0Nwl099imouvcDuRz4t
            -----END PRIVATE KEY-----
            """;

    @Test
    void keysOfEveryFormAreRead() {
        HeldCertificate rsa = new HeldCertificate.Builder().rsa2048().build();
        assertEquals(rsa.keyPair().getPrivate(), Pem.key(rsa.privateKeyPkcs8Pem()));
        assertEquals(rsa.keyPair().getPrivate(), Pem.key(rsa.privateKeyPkcs1Pem()));
        HeldCertificate ec = new HeldCertificate.Builder().build();
        assertEquals(ec.keyPair().getPrivate(), Pem.key(ec.privateKeyPkcs8Pem()));
        // Not equal as a whole: this form repeats the public key.
        ECPrivateKey wrapped = (ECPrivateKey) Pem.key(SEC1);
        ECPrivateKey plain = (ECPrivateKey) Pem.key(SEC1_IN_PKCS8);
        assertEquals(plain.getS(), wrapped.getS());
        assertEquals(plain.getParams().toString(), wrapped.getParams().toString());
    }

    @Test
    void aChainIsReadInItsOrderWhateverStandsBetween() {
        HeldCertificate first = new HeldCertificate.Builder().build();
        HeldCertificate second = new HeldCertificate.Builder().build();
        assertEquals(
                java.util.List.of(first.certificate(), second.certificate()),
                Pem.certificates("subject=a\n" + first.certificatePem() + "\nsubject=é\n" + second.certificatePem()));
    }

    @Test
    void aCutKeyIsRefusedAtWhateverByte() {
        byte[] der = java.util.Base64.getMimeDecoder()
                .decode(SEC1.replaceAll("(?s).*BEGIN EC PRIVATE KEY-----(.*)-----END EC PRIVATE.*", "$1"));
        for (int length = 0; length < der.length - 70; length++) {
            String cut = "-----BEGIN EC PRIVATE KEY-----\n"
                    + java.util.Base64.getEncoder().encodeToString(java.util.Arrays.copyOf(der, length))
                    + "\n-----END EC PRIVATE KEY-----";
            assertThrows(RuntimeException.class, () -> Pem.key(cut));
        }
    }
}
