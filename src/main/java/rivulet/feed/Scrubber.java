package rivulet.feed;

import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Takes the key, and what is left of it when it is partly masked, out of texts that are shown: upstreams quote the key
 * they refuse.
 */
final class Scrubber {
    private static final String HIDDEN = "[key]";
    /** As OpenAI's keys begin, whole or masked; the key that was refused need not be the one we know. */
    private static final Pattern OPENAI_KEY = Pattern.compile("\\bsk-[A-Za-z0-9_*.…-]{4,}");
    /** Where a word begins. From each of its letters anew, a long one would be read as often as it has letters. */
    private static final String BEGIN = "(?<![A-Za-z0-9_-])";
    /** Anything that is masked in the middle or at an end. */
    private static final Pattern MASKED = Pattern.compile(BEGIN + "[A-Za-z0-9_-]*+\\*{3,}[A-Za-z0-9_*-]*");

    private static final Pattern SHORTENED =
            Pattern.compile(BEGIN + "([A-Za-z0-9_-]{2,}+)(?:\\.{2,}|…)([A-Za-z0-9_-]{2,})?");
    private static final Pattern WORD = Pattern.compile("[A-Za-z0-9_-]{8,}");
    /** A piece of the key of this length does not stand in a text by chance. */
    private static final int TELLING = 8;

    /** Names of headers that hold a secret. */
    private static final Pattern SECRET = Pattern.compile("(?i).*(auth|key|token|secret|password|cookie).*");
    /** So long is no word that stands for a key where none is needed, as {@code ollama} or {@code not-needed}. */
    private static final int LONG = 16;

    private final String key;
    /** What no error may show. */
    private final String[] sent;
    /** What no answer may show. */
    private final String[] secrets;

    /**
     * @param key empty if there is none
     * @param headers that are sent with each request; a long one may be a key too
     */
    Scrubber(String key, Map<String, String> headers) {
        this.key = key;
        this.sent = Stream.concat(Stream.of(key), headers.values().stream().filter(value -> value.length() >= TELLING))
                .filter(secret -> !secret.isEmpty())
                .toArray(String[]::new);
        this.secrets = Stream.concat(
                        Stream.of(key),
                        headers.entrySet().stream()
                                .filter(header ->
                                        SECRET.matcher(header.getKey()).matches())
                                .map(Map.Entry::getValue))
                .filter(Scrubber::isSecret)
                .toArray(String[]::new);
    }

    /** Whether it is a key rather than a word in its place, which may stand in any answer. */
    private static boolean isSecret(String value) {
        boolean like = value.startsWith("sk-") || value.chars().anyMatch(Character::isDigit);
        return value.length() >= (like ? TELLING : LONG);
    }

    /** The text without the key and without pieces of it: for errors. */
    String scrub(String text) {
        String clean = without(sent, text);
        clean = OPENAI_KEY.matcher(clean).replaceAll(HIDDEN);
        clean = MASKED.matcher(clean).replaceAll(HIDDEN);
        if (key.length() < TELLING) {
            return clean;
        }
        clean = SHORTENED.matcher(clean).replaceAll(m -> key.startsWith(m.group(1)) ? HIDDEN : "$0");
        return WORD.matcher(clean).replaceAll(m -> holdsPiece(m.group()) ? HIDDEN : "$0");
    }

    /** The text without the whole key: for answers, in which nothing else may be touched. */
    String whole(String text) {
        return without(secrets, text);
    }

    private static String without(String[] hidden, String text) {
        String clean = text;
        for (String secret : hidden) {
            clean = clean.replace(secret, HIDDEN);
        }
        return clean;
    }

    private boolean holdsPiece(String word) {
        for (int i = 0; i + TELLING <= word.length(); i++) {
            if (key.contains(word.substring(i, i + TELLING))) {
                return true;
            }
        }
        return false;
    }
}
