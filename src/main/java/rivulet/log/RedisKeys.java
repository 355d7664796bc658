package rivulet.log;

/** The names of all keys in Redis; {@link RedisStore} shows what they hold. */
final class RedisKeys {
    /** All nodes that may own streams. */
    static final String NODES = "rivulet:nodes";
    /** What stands in the place of an owner once a stream has ended: no node's name. */
    static final String NOBODY = "-";

    private RedisKeys() {}

    static String stream(String id) {
        return "rivulet:stream:" + id;
    }

    static String owner(String id) {
        return "rivulet:stream:" + id + ":owner";
    }

    static String recovery(String id) {
        return "rivulet:stream:" + id + ":recovery";
    }

    static String cancelled(String id) {
        return "rivulet:stream:" + id + ":cancelled";
    }

    /** The node that an owner is: without the number of take-overs that may stand behind it. */
    static String node(String owner) {
        int end = owner.indexOf(':');
        return end < 0 ? owner : owner.substring(0, end);
    }

    static String lease(String node) {
        return "rivulet:node:" + node;
    }

    static String live(String node) {
        return "rivulet:node:" + node + ":live";
    }

    static String inbox(String node) {
        return "rivulet:node:" + node + ":inbox";
    }

    static String claim(String key) {
        return "rivulet:claim:" + key;
    }

    static String cell(String name) {
        return "rivulet:cell:" + name;
    }

    static String caller(String who) {
        return "rivulet:caller:" + who;
    }
}
