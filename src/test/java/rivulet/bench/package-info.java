/**
 * What Rivulet costs: a load of its own making, run through Rivulet and, where nginx is installed, through nginx, which
 * parses nothing and so is the limit. Not tests: {@code mvn -Pbench verify} runs them, and nothing fails for being slow.
 */
@NullMarked
package rivulet.bench;

import org.jspecify.annotations.NullMarked;
