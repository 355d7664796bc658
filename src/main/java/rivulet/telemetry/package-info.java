/** TELEMETRY: what the operator is told. Metrics, and the access log; never what a stream says. */
@NullMarked
package rivulet.telemetry;

import org.jspecify.annotations.NullMarked;
