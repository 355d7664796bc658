package rivulet.simulator;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.function.Supplier;

/**
 * A piece of a response that is not divided, unless it drips; mostly one event of its stream.
 *
 * @param delta whether it carries a piece of what the model says, and so waits for its turn
 * @param bytes makes the bytes only when they are written: thousands of streams wait at a time
 */
record Frame(boolean delta, Supplier<byte[]> bytes) {

    /** An event without a name, as Chat Completions has them. */
    static Frame data(boolean delta, Supplier<? extends JsonNode> data) {
        return new Frame(delta, () -> block("", Json.bytes(data.get())));
    }

    /** An event with a name, as Responses has them. */
    static Frame event(boolean delta, String name, Supplier<? extends JsonNode> data) {
        return new Frame(delta, () -> block("event: " + name + "\n", Json.bytes(data.get())));
    }

    /** Just this text. */
    static Frame of(String text) {
        return new Frame(false, () -> text.getBytes(StandardCharsets.UTF_8));
    }

    private static byte[] block(String head, byte[] data) {
        ByteArrayOutputStream block = new ByteArrayOutputStream(head.length() + data.length + 8);
        block.writeBytes((head + "data: ").getBytes(StandardCharsets.UTF_8));
        block.writeBytes(data);
        block.writeBytes(new byte[] {'\n', '\n'});
        return block.toByteArray();
    }
}
