package rivulet.page;

import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.condition.EnabledIf;

/** Where there is no Chromium with its driver, all of the class shows as skipped, its preparations too. */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@Inherited
@EnabledIf(value = "rivulet.page.Browser#installed", disabledReason = "Chromium or its driver is not installed")
@interface NeedsBrowser {}
