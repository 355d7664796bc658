/** WHO MAY CALL, and how much. Knows what a request says of itself, and nothing of how it came or what it asks. */
@NullMarked
package rivulet.access;

import org.jspecify.annotations.NullMarked;
