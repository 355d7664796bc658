package rivulet.simulator;

import io.javalin.config.RoutesConfig;
import java.util.concurrent.ScheduledExecutorService;

public final class Simulator {
    public Simulator(ScheduledExecutorService t) {}

    public void routes(RoutesConfig r, String p) {}
}
