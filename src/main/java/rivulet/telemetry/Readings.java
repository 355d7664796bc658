package rivulet.telemetry;

import java.util.function.DoubleSupplier;
import java.util.function.Supplier;
import rivulet.log.StoreState;

/**
 * What is read off the server at each scrape. Everything is safe on any thread, and quick.
 *
 * @param logBytes how much memory the streams' logs take, about
 * @param maxLogBytes how much they may take
 * @param lostStreams streams of lost nodes that this one ended, since the start
 * @param upstreamRetries questions asked again at the same upstream, since the start
 * @param upstreamFallbacks questions that went on to the next upstream, since the start
 * @param slowViewers viewers that were dropped because they did not read, since the start
 * @param accessLogDropped lines of the access log that nobody took in time, since the start
 */
public record Readings(
        String version,
        DoubleSupplier liveStreams,
        DoubleSupplier viewers,
        DoubleSupplier logBytes,
        long maxLogBytes,
        Supplier<StoreState> store,
        DoubleSupplier lostStreams,
        DoubleSupplier upstreamRetries,
        DoubleSupplier upstreamFallbacks,
        DoubleSupplier slowViewers,
        DoubleSupplier accessLogDropped,
        Jetty jetty) {

    /**
     * What the HTTP server says of itself.
     *
     * @param connections open now
     * @param threads of the pool, all of them
     * @param busyThreads those that run something
     * @param queuedTasks what waits for a thread
     */
    public record Jetty(
            DoubleSupplier connections,
            DoubleSupplier threads,
            DoubleSupplier busyThreads,
            DoubleSupplier queuedTasks) {}
}
