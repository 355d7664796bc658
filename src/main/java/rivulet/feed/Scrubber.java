package rivulet.feed;

import java.util.List;
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

    /** Names of headers, and of a query's parameters, that hold a secret. */
    private static final Pattern SECRET = Pattern.compile("(?i).*(auth|key|token|secret|password|cookie).*|sig|code");
    /** So long is no word that stands for a key where none is needed, as {@code ollama} or {@code not-needed}. */
    private static final int LONG = 16;

    /** Of which no error may show a piece. */
    private final String[] keys;
    /** What no error may show. */
    private final String[] sent;
    /** What no answer may show. */
    private final String[] secrets;

    /**
     * @param key empty if there is none
     * @param beside what is sent with each request beside it, headers and the query's parameters: one may be a key too
     */
    Scrubber(String key, Map<String, String> beside) {
        List<String> named = Stream.concat(
                        Stream.of(key),
                        beside.entrySet().stream()
                                .filter(header ->
                                        SECRET.matcher(header.getKey()).matches())
                                .map(header -> credentials(header.getValue())))
                .toList();
        this.keys = named.stream().filter(secret -> secret.length() >= TELLING).toArray(String[]::new);
        this.sent = Stream.concat(named.stream(), beside.values().stream().filter(value -> value.length() >= TELLING))
                .filter(secret -> !secret.isEmpty())
                .toArray(String[]::new);
        this.secrets = named.stream().filter(Scrubber::isSecret).toArray(String[]::new);
    }

    /** What follows the scheme, such as {@code Bearer}, if there is one (RFC 9110, section 11.4). */
    private static String credentials(String value) {
        return value.replaceFirst("^[A-Za-z-]+ +(?=\\S+$)", "");
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
        for (String key : keys) {
            clean = SHORTENED.matcher(clean).replaceAll(m -> key.startsWith(m.group(1)) ? HIDDEN : "$0");
            clean = WORD.matcher(clean).replaceAll(m -> holdsPiece(key, m.group()) ? HIDDEN : "$0");
        }
        return clean;
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

    private static boolean holdsPiece(String key, String word) {
        for (int i = 0; i + TELLING <= word.length(); i++) {
            if (key.contains(word.substring(i, i + TELLING))) {
                return true;
            }
        }
        return false;
    }
}
