package rivulet;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.JsonSerializer;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.module.SimpleModule;
import java.io.IOException;
import java.math.BigDecimal;

/**
 * JSON as one text, the same for equal values, in whatever order and however its numbers are written. In a class of its
 * own: what it takes to make is not loaded before somebody gives an idempotency key.
 */
final class CanonicalJson {
    private static final ObjectMapper MAPPER = JsonMapper.builder()
            .enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
            .addModule(new SimpleModule().addSerializer(Number.class, new ByValue()))
            .build();

    private CanonicalJson() {}

    static String of(JsonNode json) {
        try {
            return MAPPER.writeValueAsString(MAPPER.treeToValue(json, Object.class));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree can always be written", e);
        }
    }

    /** Writes a number the same way whichever way it was written: 1, 1.0 and 1e0 are equal. */
    private static final class ByValue extends JsonSerializer<Number> {
        @Override
        public void serialize(Number number, JsonGenerator json, SerializerProvider provider) throws IOException {
            json.writeNumber(
                    new BigDecimal(number.toString()).stripTrailingZeros().toString());
        }
    }
}
