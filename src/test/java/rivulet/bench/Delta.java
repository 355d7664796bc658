package rivulet.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;

/**
 * The one delta of the benchmark, as an upstream sends it and as a client finds it: a piece of text that says when it was
 * sent, {@code @} and sixteen hexadecimal digits of {@link System#nanoTime}.
 */
final class Delta {
    static final byte MARK = '@';
    static final int DIGITS = 16;
    /** As OpenAI pads its events; with it an event and its HTTP chunk take 320 bytes. */
    private static final String PADDING = "a".repeat(46);

    private static final String BEFORE = "data: {\"id\":\"chatcmpl-bench0000000000000000000000000\","
            + "\"object\":\"chat.completion.chunk\",\"created\":1730000000,\"model\":\"bench-2024-07-18\","
            + "\"system_fingerprint\":\"fp_0000000000\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"";
    private static final String AFTER =
            "\"},\"logprobs\":null,\"finish_reason\":null}],\"obfuscation\":\"" + PADDING + "\"}\n\n";
    private static final String LAST = "data: {\"id\":\"chatcmpl-bench0000000000000000000000000\","
            + "\"object\":\"chat.completion.chunk\",\"created\":1730000000,\"model\":\"bench-2024-07-18\","
            + "\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";

    /** No more than a model's tokens are, mostly; nothing that JSON would escape, nor that is no ASCII. */
    private static final Pattern WORD = Pattern.compile(" ?[a-zA-Z]{1,7}|[ -!#-\\[\\]-~]");

    private Delta() {}

    /** One delta, sent now, in an HTTP chunk of its own. */
    static byte[] chunk(long nanos) {
        return chunk(BEFORE + (char) MARK + "%016x".formatted(nanos) + AFTER);
    }

    /** Words of English, as a model tells them: the README's, each in an HTTP chunk of its own. */
    static List<byte[]> words() throws IOException {
        return WORD.matcher(Files.readString(Path.of("README.md")))
                .results()
                .map(found -> chunk(BEFORE + found.group() + AFTER))
                .toList();
    }

    /** What ends an answer: the finish reason, the marker, the last chunk. */
    static byte[] end() {
        byte[] last = chunk(LAST);
        byte[] rest = "e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
        byte[] end = new byte[last.length + rest.length];
        System.arraycopy(last, 0, end, 0, last.length);
        System.arraycopy(rest, 0, end, last.length, rest.length);
        return end;
    }

    private static byte[] chunk(String event) {
        return (Integer.toHexString(event.length()) + "\r\n" + event + "\r\n").getBytes(StandardCharsets.US_ASCII);
    }
}
