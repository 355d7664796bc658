package rivulet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import rivulet.feed.Upstream;
import rivulet.telemetry.LineFormat;

class WarmUpTest {
    private static final int CLIENTS = 5;

    @ParameterizedTest
    @EnumSource
    void eachQuestionIsAnsweredInFull(Upstream.Api api) throws IOException {
        try (WarmUpUpstream upstream = new WarmUpUpstream(WarmUp.answers(api));
                TestServer server = TestServer.with(
                        "OPENAI_BASE_URL", upstream.url(), "OPENAI_MODEL", "m", "UPSTREAM_API", api.wireName());
                WarmUpClient client = new WarmUpClient(server.port(), CLIENTS, WarmUp.QUESTIONS)) {
            for (int i = 0; i < 60; i++) {
                client.ask(i % 2 == 0);
            }
            Scrape.until(server, Scrape.NOTHING, s -> s.sum("rivulet_generations_total") == 60 * CLIENTS);
            assertEquals(
                    60 * CLIENTS,
                    Scrape.of(server).sum("rivulet_generations_total", "end=\"done\""),
                    () -> Scrape.of(server).text());
        }
    }

    @Test
    void anAnswerThatBreaksOffIsTold() throws IOException {
        try (RawUpstream upstream =
                        RawUpstream.saying("HTTP/1.1 200 OK\r\n\r\nhalf".getBytes(StandardCharsets.US_ASCII));
                WarmUpClient client =
                        new WarmUpClient(URI.create(upstream.url()).getPort(), 1, WarmUp.QUESTIONS)) {
            assertThrows(IOException.class, () -> client.ask(false));
        }
    }

    @Test
    void itEndsAndIsReadyOnceItHasTakenItsTime() {
        WarmUp warmUp = new WarmUp(() -> false, Upstream.Api.CHAT, LineFormat.LOGFMT, clock(Duration.ofSeconds(4)));
        assertFalse(warmUp.ready());
        warmUp.run();
        assertTrue(warmUp.ready());
    }

    @Test
    void usersDoNotKeepItFromBeingReady() {
        AtomicInteger looks = new AtomicInteger();
        WarmUp[] made = new WarmUp[1];
        AtomicInteger readyAt = new AtomicInteger();
        made[0] = new WarmUp(
                () -> {
                    if (looks.incrementAndGet() > 0 && made[0].ready() && readyAt.get() == 0) {
                        readyAt.set(looks.get());
                    }
                    return true;
                },
                Upstream.Api.CHAT,
                LineFormat.OFF,
                clock(Duration.ofSeconds(4)));
        made[0].run();
        assertTrue(readyAt.get() > 0 && readyAt.get() < looks.get(), "ready while it waits, not when it gives up");
    }

    /** A clock that moves on by so much each time it is read. */
    private static LongSupplier clock(Duration step) {
        AtomicLong nanos = new AtomicLong();
        return () -> nanos.addAndGet(step.toNanos());
    }
}
