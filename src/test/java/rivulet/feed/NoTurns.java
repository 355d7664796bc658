package rivulet.feed;

/** Nothing is done between what is read. */
final class NoTurns implements ReadTurns {
    @Override
    public void begin() {}

    @Override
    public void waits() {}

    @Override
    public void end() {}
}
