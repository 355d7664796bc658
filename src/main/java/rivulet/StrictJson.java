package rivulet;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;

/** JSON that is read whole or not at all: of two values, or of two members of one name, one would be passed over. */
final class StrictJson {
    private StrictJson() {}

    /** What reads so; to be built. */
    static JsonMapper.Builder reader() {
        return JsonMapper.builder()
                .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION);
    }
}
