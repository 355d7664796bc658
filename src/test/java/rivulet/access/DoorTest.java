package rivulet.access;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Who gets in, and as whom. */
@Timeout(value = 20, unit = TimeUnit.SECONDS)
class DoorTest {
    private static final String ANN = "ann-0123456789abcdef";
    private static final String BOB = "bob-0123456789abcdef";

    private final AtomicLong seconds = new AtomicLong(1_700_000_000);
    private final Door door = door("ann:" + ANN, "bob:" + BOB);

    private Door door(String... tokens) {
        return new Door(
                new Hosts("127.0.0.1", List.of()),
                new Origins(List.of("https://friend.example")),
                Tokens.of(List.of(tokens)),
                TrustedProxies.of(List.of()),
                head -> head.path().equals("/"),
                head -> head.path().equals("/sign-in"),
                seconds::get);
    }

    private static String refused(Door door, Head head) {
        return assertThrows(Refusal.class, () -> door.enter(head)).code();
    }

    @Test
    void aTokenGivesItsNameInAnyCaseOfTheScheme() {
        assertEquals(
                "ann", door.enter(TestHead.with("Authorization: Bearer " + ANN)).name());
        assertEquals(
                "bob",
                door.enter(TestHead.with("authorization: bearer  " + BOB)).name());
    }

    @Test
    void withoutTokensNobodyHasAName() {
        Caller caller =
                door().enter(TestHead.with("Authorization: Bearer sk-whatever").from("10.1.1.1"));
        assertNull(caller.name());
        assertEquals("10.1.1.1", caller.address());
    }

    @Test
    void noTokenAndAWrongOneAreToldApart() {
        assertEquals("token_required", refused(door, TestHead.with()));
        assertEquals("token_required", refused(door, TestHead.with("Authorization: Basic YTpi")));
        assertEquals("token_required", refused(door, TestHead.with("Authorization: Bearer")));
        assertEquals("token_unknown", refused(door, TestHead.with("Authorization: Bearer " + ANN + "x")));
        assertEquals("token_unknown", refused(door, TestHead.with("Authorization: Bearer " + ANN.substring(1))));
        Refusal refusal = assertThrows(Refusal.class, () -> door.enter(TestHead.with()));
        assertTrue(String.valueOf(refusal.headers().get("WWW-Authenticate")).startsWith("Bearer "));
    }

    @Test
    void whatIsForAllNeedsNone() {
        assertNull(door.enter(TestHead.with().asking("GET", "/")).name());
        assertNull(door.enter(TestHead.with().asking("POST", "/sign-in")).name());
    }

    @Test
    void aCookieHoldsUntilItsTimeAndUnderItsOwnName() {
        String cookie = door.signIn(TestHead.with(), ANN);
        assertFalse(cookie.contains(ANN));
        assertEquals("ann", signedIn(door, cookie).orElse(""));
        assertEquals(
                "ann",
                door.enter(TestHead.with("Cookie: a=b; rivulet=x; rivulet=" + cookie))
                        .name());
        assertTrue(signedIn(door, cookie.replace("ann.", "bob.")).isEmpty());
        assertTrue(signedIn(door, cookie.replaceFirst("\\.\\d+\\.", ".9999999999."))
                .isEmpty());
        assertTrue(signedIn(door, cookie.substring(0, cookie.length() - 1)).isEmpty());
        assertTrue(signedIn(door("ann:" + BOB), cookie).isEmpty(), "the token was replaced");
        seconds.addAndGet(Tokens.SIGNED_IN.toSeconds() + 1);
        assertTrue(signedIn(door, cookie).isEmpty());
    }

    private static Optional<String> signedIn(Door door, String cookie) {
        try {
            return Optional.ofNullable(
                    door.enter(TestHead.with("Cookie: rivulet=" + cookie)).name());
        } catch (Refusal refusal) {
            return Optional.empty();
        }
    }

    @Test
    void aWrongTokenIsNotMadeGoodByACookie() {
        String cookie = door.signIn(TestHead.with(), ANN);
        assertEquals(
                "token_unknown", refused(door, TestHead.with("Authorization: Bearer x", "Cookie: rivulet=" + cookie)));
    }

    @Test
    void manyWrongTokensAreSlowedAndLockNobodyOut() {
        Refusal refusal = guess();
        // On a machine that stands still meanwhile some are forgiven.
        for (int i = 0; i < 1000 && refusal.status() != 429; i++) {
            assertEquals("token_unknown", refusal.code());
            refusal = guess();
        }
        assertEquals(429, refusal.status());
        assertTrue(Integer.parseInt(String.valueOf(refusal.headers().get("Retry-After"))) >= 1);
        assertEquals(
                429,
                assertThrows(Refusal.class, () -> door.signIn(TestHead.with(), "guess"))
                        .status());
        assertEquals(
                "ann", door.enter(TestHead.with("Authorization: Bearer " + ANN)).name());
        assertEquals(
                "token_unknown",
                refused(door, TestHead.with("Authorization: Bearer x").from("10.0.0.9")));
    }

    @Test
    void aTokenFromAPageThatMayNotCallIsNoGuess() {
        for (String token : List.of(ANN, "wrong")) {
            for (int i = 0; i < 100; i++) {
                TestHead head = TestHead.with("Authorization: Bearer " + token, "Origin: https://evil.example");
                Refusal refusal = assertThrows(Refusal.class, () -> door.enter(head));
                assertEquals(403, refusal.status());
                assertEquals("origin_not_allowed", refusal.code());
            }
        }
        assertEquals("token_unknown", guess().code());
    }

    @Test
    void aWrongTokenIsAGuessWhereNoneIsNeededToo() {
        TestHead head = TestHead.with("Authorization: Bearer guess").asking("GET", "/sign-in");
        assertEquals("token_unknown", refused(door, head));
    }

    private Refusal guess() {
        return assertThrows(Refusal.class, () -> door.enter(TestHead.with("Authorization: Bearer guess")));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            # Sec-Fetch-Site | Origin                  | gets in
            ''               | ''                      | true
            same-origin      | ''                      | true
            same-origin      | http://localhost:8080   | true
            none             | ''                      | true
            cross-site       | ''                      | false
            cross-site       | https://evil.example    | false
            cross-site       | null                    | false
            cross-site       | http://localhost:8080   | false
            cross-site       | https://friend.example  | true
            same-site        | http://localhost:3000   | false
            same-site        | ''                      | false
            nonsense         | ''                      | false
            ''               | http://localhost:8080   | true
            ''               | https://localhost:8080  | true
            ''               | http://LOCALHOST:8080   | true
            ''               | http://localhost        | false
            ''               | http://localhost:3000   | false
            ''               | https://evil.example    | false
            ''               | https://friend.example  | true
            ''               | https://friend.example. | false
            ''               | null                    | false
            ''               | not an origin           | false
            """)
    void onlyOurOwnPageAndAllowedOnesGetIn(String site, String origin, boolean in) {
        TestHead head = TestHead.with(
                site.isEmpty() ? "X: y" : "Sec-Fetch-Site: " + site, origin.isEmpty() ? "X: y" : "Origin: " + origin);
        Door open = door();
        if (in) {
            open.enter(head);
        } else {
            assertEquals("origin_not_allowed", refused(open, head));
        }
        assertEquals(in, open.admits(head));
        open.enter(head.asking("GET", "/"));
    }

    @Test
    void aProxyThatEndsTlsLeavesTheUsualPortOut() {
        Head head = new TestHead(
                "POST",
                "/streams",
                "chat.example",
                Optional.empty(),
                "127.0.0.1",
                List.of("Origin: https://chat.example"));
        door().enter(head);
    }

    @Test
    void aPageUnderANameThatOnlyTheDnsTakesIsOurOwn() {
        door().enter(TestHead.with("Origin: http://my_host:8080").at("my_host"));
        door().enter(TestHead.with("Origin: http://[::1]:8080").at("[::1]"));
        assertEquals("origin_not_allowed", refused(door(), TestHead.with("Origin: http://my_host:8080")));
        assertEquals(
                "origin_not_allowed",
                refused(door(), TestHead.with("Origin: http://my_host:80:8080").at("my_host")));
    }

    @Test
    void onlyTheCreatorMayCancelWhereThereAreTokens() {
        Caller ann = new Caller("ann", "::1");
        door.checkCreator(ann, Optional.of("ann"));
        door.checkCreator(ann, Optional.empty());
        assertThrows(Refusal.class, () -> door.checkCreator(ann, Optional.of("bob")));
        door().checkCreator(new Caller(null, "::1"), Optional.of("bob"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            short-but-no-name     | entry 1 is not a name
            ann:short             | the token of ann has 5 characters
            ann:0123456789abcdef,ann:fedcba9876543210 | the name ann stands twice
            ann:0123456789abcdef,bob:0123456789abcdef | the token of bob is another one's too
            a b:0123456789abcdef  | entry 1 is not a name
            """)
    void aTokenThatCannotBeUsedIsNamedAndNotShown(String list, String message) {
        String said = String.valueOf(assertThrows(
                        IllegalArgumentException.class, () -> Tokens.of(List.of(list.split(",", -1))))
                .getMessage());
        assertTrue(said.startsWith(message), said);
        assertFalse(said.contains("0123456789"), said);
        assertFalse(Tokens.of(List.of("ann:0123456789abcdef")).toString().contains("0123"));
    }
}
