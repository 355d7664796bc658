package rivulet.log;

/**
 * What is asked for may exist, but is out of reach for now: the store does not answer, or a log of another node can no
 * longer be followed from here. Whoever waits for it is to try again, here or elsewhere; nobody is to be told that it
 * does not exist.
 */
public final class StoreAway extends RuntimeException {
    StoreAway(String message) {
        super(message);
    }

    StoreAway(String message, Throwable cause) {
        super(message, cause);
    }
}
