package rivulet.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DelayLineTest {
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    private final BlockingQueue<String> handedOn = new LinkedBlockingQueue<>();

    @AfterEach
    void stop() {
        timer.shutdownNow();
    }

    private DelayLine<String> line(Duration delay) {
        return line(delay, System::nanoTime);
    }

    private DelayLine<String> line(Duration delay, LongSupplier nanoTime) {
        return new DelayLine<>(delay, Duration.ofMillis(5), timer, nanoTime, item -> {
            handedOn.add(item);
            if (item.equals("bad")) {
                throw new IllegalStateException("bad");
            }
            if (item.equals("worse")) {
                throw new AssertionError("worse");
            }
        });
    }

    private String take() throws InterruptedException {
        return String.valueOf(handedOn.poll(10, TimeUnit.SECONDS));
    }

    @Test
    void eachIsHandedOnInItsTurnAndNotBeforeItsTime() throws Exception {
        // It wraps meanwhile, as nanoTime may.
        AtomicLong clock = new AtomicLong(Long.MAX_VALUE - 10);
        Duration delay = Duration.ofMillis(30);
        DelayLine<String> line = line(delay, clock::get);
        List<Long> since = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            since.add(clock.addAndGet(3));
            line.add("item " + i);
        }
        for (int i = 0; i < 20; i++) {
            clock.set(since.get(i) + delay.toNanos());
            assertEquals("item " + i, take());
            assertNull(handedOn.peek(), "its time has not come");
        }
        assertNull(line.poll());
    }

    @ParameterizedTest
    @ValueSource(strings = {"bad", "worse"})
    void oneThatFailsHoldsNobodyUp(String item) throws Exception {
        DelayLine<String> line = line(Duration.ofMillis(1));
        line.add(item);
        line.add("good");
        assertEquals(item, take());
        assertEquals("good", take());
        // And the line goes on.
        line.add("later");
        assertEquals("later", take());
    }

    @Test
    void whatIsTakenBeforeItsTimeIsNotHandedOn() {
        DelayLine<String> line = line(Duration.ofHours(1));
        line.add("first");
        line.add("second");
        assertEquals("first", line.poll());
        assertEquals("second", line.poll());
        assertNull(line.poll());
        assertTrue(handedOn.isEmpty());
    }

    @Test
    void itTakesItemsWhenItsTimerIsShutDown() {
        DelayLine<String> line = line(Duration.ofMillis(1));
        timer.shutdownNow();
        line.add("late");
        assertEquals("late", line.poll());
    }
}
