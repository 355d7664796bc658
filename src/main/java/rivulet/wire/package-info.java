/** WRITER: the formats of a stream on the wire, and the viewers that are sent them. */
@NullMarked
package rivulet.wire;

import org.jspecify.annotations.NullMarked;
