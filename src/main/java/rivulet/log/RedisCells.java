package rivulet.log;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/**
 * {@link SharedCells} in Redis.
 *
 * <pre>
 * rivulet:cell:requests:60:name ann     "AAAA…": what the limits' library writes, in base64. TTL 8 d
 * rivulet:caller:name ann               hash of the streams that ann has live: id, node and second of its begin. TTL 24 h
 * </pre>
 */
final class RedisCells implements SharedCells {
    private final RedisLink link;
    private final RedisTimes times;
    private final String node;

    RedisCells(RedisLink link, RedisTimes times, String node) {
        this.link = link;
        this.times = times;
        this.node = node;
    }

    @Override
    public Optional<byte[]> read(String cell) {
        return link.ask(redis -> Optional.ofNullable(redis.get(RedisKeys.cell(cell))))
                .map(text -> Base64.getDecoder().decode(text));
    }

    @Override
    public boolean swap(String cell, Optional<byte[]> was, byte[] is) {
        List<String> arguments = List.of(was.map(RedisCells::text).orElse(""), text(is));
        return link.ask(redis -> RedisScript.SWAP.run(redis, List.of(RedisKeys.cell(cell)), arguments))
                .equals(1L);
    }

    @Override
    public boolean takePlace(String caller, String stream, Collection<String> ended, int most) {
        List<String> arguments = new ArrayList<>(List.of(node, stream, String.valueOf(most), times.live()));
        arguments.addAll(ended);
        return link.ask(redis -> RedisScript.TAKE_PLACE.run(redis, List.of(RedisKeys.caller(caller)), arguments))
                .equals(1L);
    }

    @Override
    public void leavePlace(String caller, String stream) {
        link.ask(redis -> redis.hdel(RedisKeys.caller(caller), stream));
    }

    private static String text(byte[] bytes) {
        return new String(Base64.getEncoder().encode(bytes), StandardCharsets.US_ASCII);
    }
}
