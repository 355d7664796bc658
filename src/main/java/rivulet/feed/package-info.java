/** TOKEN SOURCE: what makes the events of a stream. Writes to the log and knows nothing of who reads it. */
@NullMarked
package rivulet.feed;

import org.jspecify.annotations.NullMarked;
