package rivulet;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.reflect.Field;
import java.lang.reflect.Proxy;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import rivulet.log.ErrorCode;
import rivulet.log.Event;
import rivulet.log.Kind;
import rivulet.log.LogStore;
import rivulet.log.StreamLog;

/** A stream ends in the very moment in which its viewer comes back. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class ResumeAtTheEndTest {
    @Test
    void aStreamThatEndsWhileItsViewerComesBackIsShownWhole() throws Exception {
        try (RedisProcess redis = new RedisProcess();
                TestServer server =
                        TestServer.with("REDIS_URL", redis.url(), "BACKGROUND", "on", "UPSTREAM_API", "responses")) {
            Object streams = get(get(server, "app"), "streams");
            LogStore store = (LogStore) get(streams, "store");
            StreamLog log = store.create(Kind.CHAT, "m");
            log.append(new Event.Text("a"));
            AtomicBoolean ends = new AtomicBoolean();
            StreamLog ending = (StreamLog) Proxy.newProxyInstance(
                    StreamLog.class.getClassLoader(), new Class<?>[] {StreamLog.class}, (proxy, method, arguments) -> {
                        Object result = method.invoke(log, arguments);
                        if (method.getName().equals("head") && ends.compareAndSet(false, true)) {
                            // Its upstream says this in one breath, between two lines of the route's.
                            log.append(new Event.Text("b"));
                            log.append(new Event.Failed(ErrorCode.UPSTREAM_ERROR, "broken", null));
                        }
                        return result;
                    });
            LogStore finding = (LogStore) Proxy.newProxyInstance(
                    LogStore.class.getClassLoader(),
                    new Class<?>[] {LogStore.class},
                    (proxy, method, arguments) ->
                            method.getName().equals("find") ? Optional.of(ending) : method.invoke(store, arguments));
            set(streams, "store", finding);
            String id = log.start().stream();
            HttpResponse<String> rest = server.get("/sse/chat?format=json", "Last-Event-ID", id + ".1");
            assertEquals(200, rest.statusCode());
            List<String> data = SseParser.parse(rest.body()).stream()
                    .map(SseParser.SseEvent::data)
                    .toList();
            assertEquals("{\"delta\":\"b\"}", data.get(0), rest.body());
            assertEquals(2, data.size());
        }
    }

    private static Field field(Object of, String name) throws NoSuchFieldException {
        Field field = of.getClass().getDeclaredField(name);
        field.setAccessible(true);
        return field;
    }

    private static Object get(Object of, String name) throws ReflectiveOperationException {
        return field(of, name).get(of);
    }

    private static void set(Object of, String name, Object value) throws ReflectiveOperationException {
        field(of, name).set(of, value);
    }
}
