package rivulet.feed;

import java.util.Collection;
import java.util.List;
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
    /** Anything that is masked in the middle or at an end. */
    private static final Pattern MASKED = Pattern.compile("[A-Za-z0-9_-]*\\*{3,}[A-Za-z0-9_*-]*");

    private static final Pattern SHORTENED = Pattern.compile("([A-Za-z0-9_-]{2,})(?:\\.{2,}|…)([A-Za-z0-9_-]{2,})?");
    private static final Pattern WORD = Pattern.compile("[A-Za-z0-9_-]{8,}");
    /** A piece of the key of this length does not stand in a text by chance. */
    private static final int TELLING = 8;

    private final String key;
    private final List<String> secrets;

    /**
     * @param key empty if there is none
     * @param headers values that are sent with each request; a long one may be a key too
     */
    Scrubber(String key, Collection<String> headers) {
        this.key = key;
        this.secrets = Stream.concat(Stream.of(key), headers.stream().filter(value -> value.length() >= TELLING))
                .filter(secret -> !secret.isEmpty())
                .toList();
    }

    /** The text without the key and without pieces of it. */
    String scrub(String text) {
        String clean = whole(text);
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
        String clean = text;
        for (String secret : secrets) {
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
