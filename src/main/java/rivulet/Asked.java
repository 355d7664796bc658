package rivulet;

import org.jspecify.annotations.Nullable;
import rivulet.feed.Feed;
import rivulet.log.Kind;

/**
 * What a request asks to be generated.
 *
 * @param model the model that is asked for, if it is known
 * @param texts whether its members are strings, as far as its schema says; so of all that is no document
 * @param background whether it goes on to its end though nobody watches
 */
record Asked(Kind kind, @Nullable String model, boolean texts, boolean background, Feed feed) {}
