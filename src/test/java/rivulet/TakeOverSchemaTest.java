package rivulet;

import com.fasterxml.jackson.databind.node.TextNode;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import redis.clients.jedis.RedisClient;

/** What another node finds of a dead node's streams may be anything, and holds up none of the others. */
@Timeout(value = 90, unit = TimeUnit.SECONDS)
class TakeOverSchemaTest {
    private final RedisProcess redis = new RedisProcess();
    private final RedisClient client = RedisClient.create("127.0.0.1", redis.port());
    private final TestServer node =
            TestServer.with("REDIS_URL", redis.url(), "BACKGROUND", "on", "UPSTREAM_API", "responses");

    @AfterEach
    void stop() {
        node.close();
        client.close();
        redis.close();
    }

    private void add(String id, String schema) {
        client.set("rivulet:stream:" + id + ":owner", "dead");
        client.hset(
                "rivulet:stream:" + id + ":recovery",
                Map.of(
                        "facts",
                        "{\"upstream\":\"simulator\",\"response\":\"resp_x\",\"began\":1,\"unwatched\":true,\"schema\":"
                                + TextNode.valueOf(schema) + "}",
                        "at",
                        "-1 0 -1 0"));
        client.sadd("rivulet:node:dead:live", id);
    }

    @Test
    void aSchemaThatIsNoObjectHoldsUpNoOtherStream() {
        add("aaaaaaaaaaaaaaaaaaaaaa", "true");
        String other = "bbbbbbbbbbbbbbbbbbbbbb";
        client.set("rivulet:stream:" + other + ":owner", "dead");
        client.sadd("rivulet:node:dead:live", other);
        client.sadd("rivulet:nodes", "dead");
        TestServer.await("the other one is ended", () -> "-".equals(client.get("rivulet:stream:" + other + ":owner")));
    }
}
