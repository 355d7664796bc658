/** A built-in upstream that speaks OpenAI's API, reached over HTTP like any other. Knows nothing of streams and logs. */
@NullMarked
package rivulet.simulator;

import org.jspecify.annotations.NullMarked;
