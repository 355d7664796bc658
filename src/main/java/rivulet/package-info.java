/** REQUEST: the routes, what they accept, and the parts behind them put together. The one package that sees all others. */
@NullMarked
package rivulet;

import org.jspecify.annotations.NullMarked;
