package rivulet.log;

/**
 * What an idempotency key stands for.
 *
 * @param stream the stream that was begun under the key
 * @param fingerprint of the request that began it: another one may not use the key
 */
public record Claim(String stream, String fingerprint) {}
