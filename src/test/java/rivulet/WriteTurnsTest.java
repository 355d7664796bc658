package rivulet;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(10)
class WriteTurnsTest {
    private final List<Runnable> handedOver = new ArrayList<>();
    private final List<String> shown = new ArrayList<>();
    private final WriteTurns turns = new WriteTurns(handedOver::add);

    @AfterEach
    void endsItsTurn() {
        turns.end();
    }

    private void wake(String viewer) {
        turns.execute(() -> shown.add(viewer));
    }

    @Test
    void whoIsWokenOutsideOfATurnIsHandedOver() {
        wake("a");
        turns.waits();
        assertEquals(1, handedOver.size());
        assertEquals(List.of(), shown);
    }

    @Test
    void whoIsWokenInATurnIsServedByThatThreadBeforeItWaits() {
        turns.begin();
        wake("a");
        wake("b");
        assertEquals(List.of(), shown);
        turns.waits();
        assertEquals(List.of("a", "b"), shown);
        turns.waits();
        assertEquals(List.of("a", "b"), shown);
        assertEquals(List.of(), handedOver);
    }

    @Test
    void whoIsLeftAtTheEndIsServed() {
        turns.begin();
        wake("a");
        turns.end();
        assertEquals(List.of("a"), shown);
        turns.end();
        wake("b");
        assertEquals(1, handedOver.size());
    }

    @Test
    void whoIsWokenWhileOthersAreServedIsNotLeftBehind() {
        turns.begin();
        turns.execute(() -> wake("second"));
        turns.waits();
        assertEquals(List.of("second"), shown);
        turns.execute(() -> wake("fourth"));
        turns.end();
        assertEquals(List.of("second", "fourth"), shown);
        assertEquals(List.of(), handedOver);
    }

    @Test
    void aCrowdIsHandedOver() {
        turns.begin();
        IntStream.range(0, 1000).forEach(i -> wake("" + i));
        turns.waits();
        assertEquals(List.of(), shown);
        assertEquals(16, handedOver.size());
        handedOver.forEach(Runnable::run);
        assertEquals(IntStream.range(0, 1000).mapToObj(i -> "" + i).toList(), shown);
    }

    @Test
    void whatIsForWhenTheyWereShownItIsDoneThen() {
        turns.whenShown(() -> shown.add("outside of a turn"));
        turns.begin();
        turns.whenShown(() -> shown.add("then"));
        turns.execute(() -> wake("second"));
        assertEquals(List.of("outside of a turn"), shown);
        turns.waits();
        assertEquals(List.of("outside of a turn", "second", "then"), shown);
        turns.waits();
        assertEquals(3, shown.size(), "once");
        turns.whenShown(() -> shown.add("at the end"));
        wake("third");
        turns.end();
        assertEquals(List.of("third", "at the end"), shown.subList(3, 5));
    }

    @Test
    void oneThatFailsKeepsNobodyFromBeingServed() {
        turns.begin();
        turns.execute(() -> {
            throw new IllegalStateException("as it is meant to");
        });
        wake("a");
        turns.waits();
        assertEquals(List.of("a"), shown);
    }

    @Test
    void oneThatFailsOfAnErrorKeepsNobodyOfACrowdFromBeingServed() {
        turns.begin();
        turns.execute(() -> {
            throw new AssertionError("as it is meant to");
        });
        IntStream.range(0, 10).forEach(i -> wake("" + i));
        turns.waits();
        handedOver.forEach(Runnable::run);
        assertEquals(10, shown.size());
    }
}
