/** STREAM LOG: what a stream has said, in order. Feeds append to it, viewers are positions in it. */
@NullMarked
package rivulet.log;

import org.jspecify.annotations.NullMarked;
