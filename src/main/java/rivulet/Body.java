package rivulet;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.NumericNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.http.Context;
import java.io.IOException;
import java.util.Locale;
import java.util.Optional;

/** A request's body, read as one JSON object. */
final class Body {
    private static final ObjectMapper MAPPER =
            StrictJson.reader().nodeFactory(new FiniteNumbers()).build();

    private static final String SETTING = "a larger MAX_BODY_BYTES would take it";

    private Body() {}

    /**
     * The body's members.
     *
     * @throws RequestError 415 for a type that is not JSON, 413 for too many bytes, 400 for what is no JSON object
     */
    static Fields read(Context ctx, int maxBytes) {
        return read(ctx, maxBytes, SETTING);
    }

    /**
     * The same, where the bound is the route's own.
     *
     * @param why nobody needs more, for the message of 413
     */
    static Fields read(Context ctx, int maxBytes, String why) {
        requireJsonType(ctx);
        byte[] bytes = bytes(ctx, maxBytes, why);
        try {
            JsonNode body = MAPPER.readTree(bytes);
            if (body instanceof ObjectNode object) {
                return Fields.ofBody(object).traced(Requests.trace(ctx));
            }
        } catch (JsonProcessingException e) {
            throw RequestError.badRequest("The body is not JSON: " + words(e));
        } catch (IOException e) {
            // Bytes that look like UTF-16 or UTF-32, and are not.
            throw RequestError.badRequest("The body is not JSON in UTF-8.");
        }
        throw RequestError.badRequest("The body must be a JSON object.");
    }

    /**
     * Reads over a body that is not needed. Left where it is, it would be taken for the peer's next request, and nobody
     * would notice the peer's leaving.
     *
     * @throws RequestError 413 for too many bytes, 400 for a body that breaks off
     */
    static void skip(Context ctx, int maxBytes) {
        byte[] unused = bytes(ctx, maxBytes, SETTING);
    }

    /** {@code fetch} with a string for a body says text/plain; it means JSON like the others. */
    private static void requireJsonType(Context ctx) {
        // Not by contentType(): it fails where a charset is named that there is none of. JSON is UTF-8, whatever it
        // says.
        String type = Optional.ofNullable(ctx.header("Content-Type"))
                .map(t -> t.split(";", 2)[0].strip().toLowerCase(Locale.ROOT))
                .orElse("");
        if (!type.isEmpty()
                && !type.equals("application/json")
                && !type.equals("text/plain")
                && !type.matches("[^/\\s]+/[^/\\s]+\\+json")) {
            throw RequestError.unsupportedType(type);
        }
    }

    private static byte[] bytes(Context ctx, int maxBytes, String why) {
        long said = ctx.req().getContentLengthLong();
        if (said > maxBytes) {
            throw RequestError.tooLarge(maxBytes, why);
        }
        // Not more than was said: room is made for as much as is asked for.
        int most = said < 0 ? maxBytes : (int) said;
        try {
            byte[] bytes = ctx.req().getInputStream().readNBytes(most + 1);
            if (bytes.length > maxBytes) {
                throw RequestError.tooLarge(maxBytes, why);
            }
            return bytes;
        } catch (IOException e) {
            throw RequestError.cutBody();
        }
    }

    /** What the reader says, without what it would say to a programmer; and where. */
    private static String words(JsonProcessingException e) {
        String words = e.getOriginalMessage()
                .lines()
                .findFirst()
                .orElse("")
                .replaceAll("(: enable|: not allowed as per|, from) `[^`]*`( to allow)?| \\(bound as `[^`]*`\\)", "")
                .replaceAll("\\[Source: [^;\\[]*; ([^]\\[]*)]", "$1");
        JsonLocation at = e.getLocation();
        return at == null ? words : words + ", at line " + at.getLineNr() + ", column " + at.getColumnNr();
    }

    /** What is read as infinite would go on as a text. */
    private static final class FiniteNumbers extends JsonNodeFactory {
        private static final long serialVersionUID = 1;

        @Override
        public NumericNode numberNode(double number) {
            if (Double.isInfinite(number)) {
                throw RequestError.badRequest(
                        "The body holds a number that is too large: it must be within " + Double.MAX_VALUE + ".");
            }
            return super.numberNode(number);
        }
    }
}
