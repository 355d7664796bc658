package rivulet.feed;

/**
 * Told by a thread that reads an answer how its turns go: it reads what is there, says it, and waits for more. What was
 * said in a turn can so be shown in one go, by that very thread, before it waits.
 */
public interface ReadTurns {
    /** From now on this thread tells before it waits. */
    void begin();

    /** This thread is about to wait; of no effect outside of {@link #begin} and {@link #end}. */
    void waits();

    /** This thread reads no more, and no longer tells. Of no effect the second time. */
    void end();
}
