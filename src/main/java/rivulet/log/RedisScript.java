package rivulet.log;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import redis.clients.jedis.AbstractPipeline;
import redis.clients.jedis.Response;
import redis.clients.jedis.UnifiedJedis;

/**
 * What happens in Redis in one step, so that nobody else can come between. Each may be run twice with the same arguments
 * and then changes nothing the second time: a reply can be lost after the step was taken.
 */
enum RedisScript {
    /**
     * Appends entries, if the stream is the node's. The owner is the fencing token: whoever ends a stream puts another in
     * its place, and what the earlier one still sends is refused.
     *
     * <p>Replies with the index that is wanted next, or -1 if the stream is not, or no longer, the node's. Less than what
     * was sent is wanted if Redis has lost what it had.
     */
    APPEND("""
            -- KEYS: stream, owner, the node's live streams, recovery, cancelled
            -- ARGV: owner, id, index of the first entry, ms to keep it while live, ms to keep it once ended,
            --       1 if the last entry is the terminal one, the recovery's facts ('' as before, '-' none) and place
            --       ('' as before), then per entry: name ('' of a text delta), payload
            local owner = redis.call('GET', KEYS[2])
            local first = tonumber(ARGV[3])
            if owner == '-' and ARGV[6] == '1' then
              -- The second time: it is the node's own end.
              local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
              local index = first + (#ARGV - 10) / 2
              if last and last[1] == string.format('%d-0', index + 1) and last[2][#last[2]] == ARGV[#ARGV] then
                return index + 1
              end
            end
            if owner and owner ~= ARGV[1] then return -1 end
            local size = redis.call('XLEN', KEYS[1])
            if first > size then return size end
            if not owner and first > 0 then return 0 end
            for i = 9, #ARGV, 2 do
              local index = first + (i - 9) / 2
              if index >= size then
                local id = string.format('%d-0', index + 1)
                if ARGV[i] == '' then
                  redis.call('XADD', KEYS[1], id, 'data', ARGV[i + 1])
                else
                  redis.call('XADD', KEYS[1], id, 'event', ARGV[i], 'data', ARGV[i + 1])
                end
              end
            end
            if ARGV[6] == '1' then
              redis.call('SET', KEYS[2], '-', 'PX', ARGV[4])
              redis.call('PEXPIRE', KEYS[1], ARGV[5])
              redis.call('SREM', KEYS[3], ARGV[2])
              redis.call('DEL', KEYS[4], KEYS[5])
            else
              if ARGV[7] == '-' then redis.call('DEL', KEYS[4])
              elseif ARGV[7] ~= '' then redis.call('HSET', KEYS[4], 'facts', ARGV[7]) end
              if ARGV[8] ~= '' then
                redis.call('HSET', KEYS[4], 'at', ARGV[8])
                redis.call('PEXPIRE', KEYS[4], ARGV[4])
              end
              redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[4])
              redis.call('PEXPIRE', KEYS[1], ARGV[4])
              redis.call('SADD', KEYS[3], ARGV[2])
            end
            return redis.call('XLEN', KEYS[1])
            """),

    /** Ends a stream whose owner's lease is over, or whose owner gives it up itself, unless it has ended. */
    END("""
            -- KEYS: stream, owner, the owner's live streams, the owner's lease, recovery, cancelled
            -- ARGV: owner, or its node alone where the node is dead, id, ms to keep the owner's place, ms to keep the
            --       stream, payload of failed, 1 if the owner itself asks
            local asked = ARGV[6] == '1'
            if not asked and redis.call('EXISTS', KEYS[4]) == 1 then return 0 end
            local ended = 0
            local owner = redis.call('GET', KEYS[2])
            if owner and (owner == ARGV[1] or (not asked and string.match(owner, '^[^:]*') == ARGV[1])) then
              local size = redis.call('XLEN', KEYS[1])
              if size > 0 then
                redis.call('XADD', KEYS[1], string.format('%d-0', size + 1), 'event', 'failed', 'data', ARGV[5])
                redis.call('PEXPIRE', KEYS[1], ARGV[4])
              end
              redis.call('SET', KEYS[2], '-', 'PX', ARGV[3])
              redis.call('DEL', KEYS[5], KEYS[6])
              ended = 1
            end
            redis.call('SREM', KEYS[3], ARGV[2])
            return ended
            """),

    /**
     * Gives a stream whose owner's lease is over to another node: what the earlier owner still sends is refused from then
     * on, even if it takes the stream over in its turn later, since each owner has a number of its own.
     *
     * <p>Replies with the new owner and the recovery's facts and place, or nothing if the stream is not to be had.
     */
    TAKE("""
            -- KEYS: stream, owner, the owner's live streams, the owner's lease, recovery, the new node's live streams
            -- ARGV: the dead node, id, the new node, ms to keep it while live
            local owner = redis.call('GET', KEYS[2])
            if not owner then return {} end
            local node = string.match(owner, '^[^:]*')
            if node == ARGV[1] and redis.call('EXISTS', KEYS[4]) == 0 then
              if redis.call('HEXISTS', KEYS[5], 'facts') == 0 then return {} end
              owner = ARGV[3] .. ':' .. (tonumber(string.match(owner, ':(%d+)$') or '0') + 1)
              redis.call('SET', KEYS[2], owner, 'PX', ARGV[4])
              redis.call('PEXPIRE', KEYS[1], ARGV[4])
              redis.call('SREM', KEYS[3], ARGV[2])
              redis.call('SADD', KEYS[6], ARGV[2])
            elseif node ~= ARGV[3] then
              return {}
            end
            local recovery = redis.call('HMGET', KEYS[5], 'facts', 'at')
            return {owner, recovery[1], recovery[2]}
            """),

    /**
     * Gives a key to a stream and opens the stream, or replies with the claim that holds: stream, fingerprint. A claim whose
     * stream is gone is over.
     */
    CLAIM("""
            -- KEYS: claim, stream, owner, the node's live streams
            -- ARGV: fingerprint, id, node, ms to keep it while live, ms to keep the claim, payload of start
            local there = redis.call('HMGET', KEYS[1], 'stream', 'fingerprint')
            if there[1] and redis.call('EXISTS', 'rivulet:stream:' .. there[1]) == 1 then return there end
            redis.call('HSET', KEYS[1], 'stream', ARGV[2], 'fingerprint', ARGV[1])
            redis.call('PEXPIRE', KEYS[1], ARGV[5])
            redis.call('XADD', KEYS[2], '1-0', 'event', 'start', 'data', ARGV[6])
            redis.call('PEXPIRE', KEYS[2], ARGV[4])
            redis.call('SET', KEYS[3], ARGV[3], 'PX', ARGV[4])
            redis.call('SADD', KEYS[4], ARGV[2])
            return {}
            """),

    /** Gives a key back, if it is still that stream's; and forgets the stream, if nothing was said in it. */
    RELEASE("""
            -- KEYS: claim, stream, owner, the node's live streams
            -- ARGV: id, node, 1 if the stream was never begun
            if redis.call('HGET', KEYS[1], 'stream') ~= ARGV[1] then return 0 end
            redis.call('DEL', KEYS[1])
            if ARGV[3] == '1' and redis.call('GET', KEYS[3]) == ARGV[2] then
              redis.call('DEL', KEYS[2], KEYS[3])
              redis.call('SREM', KEYS[4], ARGV[1])
            end
            return 1
            """),

    /** Replaces what a cell holds, if it is still what it was. Run twice it may refuse what it did: that is counted twice. */
    SWAP("""
            -- KEYS: cell
            -- ARGV: what it was, what it is to be
            if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
            redis.call('SET', KEYS[1], ARGV[2], 'EX', 691200)
            return 1
            """),

    /** Counts one more live stream of a caller, unless there are as many as may be. */
    TAKE_PLACE("""
            -- KEYS: the caller's streams
            -- ARGV: node, id, how many there may be, ms to keep them, then ids that have ended
            for i = 5, #ARGV do redis.call('HDEL', KEYS[1], ARGV[i]) end
            local now = tonumber(redis.call('TIME')[1])
            local all = redis.call('HGETALL', KEYS[1])
            local count = 0
            for i = 1, #all, 2 do
              local owner = redis.call('GET', 'rivulet:stream:' .. all[i] .. ':owner')
              local node, since = string.match(all[i + 1], '^(%S+) (%d+)$')
              -- Without an owner it has not come here yet; or never will, and that is settled in a minute.
              if owner == '-' or (not owner and now - tonumber(since) > 60) then
                redis.call('HDEL', KEYS[1], all[i])
              elseif all[i] ~= ARGV[2] then
                count = count + 1
              end
            end
            if count >= tonumber(ARGV[3]) then return 0 end
            redis.call('HSET', KEYS[1], ARGV[2], ARGV[1] .. ' ' .. now)
            redis.call('PEXPIRE', KEYS[1], ARGV[4])
            return 1
            """);

    private final String source;
    private final String sha;

    RedisScript(String source) {
        this.source = source;
        this.sha = sha1(source);
    }

    Object run(UnifiedJedis redis, List<String> keys, List<String> arguments) {
        return redis.evalsha(sha, keys, arguments);
    }

    Response<Object> run(AbstractPipeline pipeline, List<String> keys, List<String> arguments) {
        return pipeline.evalsha(sha, keys, arguments);
    }

    /** Tells Redis all scripts: it forgets them when it restarts. */
    static void load(UnifiedJedis redis) {
        for (RedisScript script : values()) {
            redis.scriptLoad(script.source);
        }
    }

    private static String sha1(String text) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-1").digest(text.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-1", e);
        }
    }
}
