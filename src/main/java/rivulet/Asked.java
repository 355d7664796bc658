package rivulet;

import org.jspecify.annotations.Nullable;
import rivulet.feed.Feed;
import rivulet.log.Kind;

/**
 * What a request asks to be generated.
 *
 * @param model the model that is asked for, if it is known
 * @param background whether it goes on to its end though nobody watches
 */
record Asked(Kind kind, @Nullable String model, boolean background, Feed feed) {}
