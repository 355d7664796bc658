package rivulet.feed;

/** placeholder */
final class Structured implements Feed {
    private final Feed text;

    Structured(Feed text) {
        this.text = text;
    }

    @Override
    public Cancellation start(Sink sink) {
        return text.start(sink);
    }
}
