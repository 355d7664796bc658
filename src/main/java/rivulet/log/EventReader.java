package rivulet.log;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One event's members, read back from what {@link EventJson} wrote. Each member stays the very text that it was: a
 * number such as {@code 1.10}, or the provider's own details of the usage, must come out on every node as it went in.
 */
final class EventReader {
    private static final ObjectMapper MAPPER = SharedBuffers.mapper().build();
    private static final JsonFactory JSON = MAPPER.getFactory();

    private final Map<String, String> members;

    private EventReader(String json) {
        members = members(json);
    }

    /** @throws IllegalArgumentException if this is no event that {@link EventJson} writes */
    static Event event(@Nullable String name, String json) {
        EventReader reader = new EventReader(json);
        if (name == null) {
            return new Event.Text(reader.string("delta"));
        }
        return switch (name) {
            case "start" -> reader.start();
            case "reasoning" -> new Event.Reasoning(reader.string("delta"));
            case "refusal" -> new Event.Refusal(reader.string("delta"));
            case "tool_call" -> reader.toolCall();
            case "field" -> reader.field();
            case "done" -> reader.done();
            case "failed" -> reader.failed();
            default -> throw new IllegalArgumentException("no event is named " + name);
        };
    }

    private Event start() {
        return new Event.Start(
                string("stream"),
                Kind.ofWireName(string("kind")),
                members.containsKey("model") ? string("model") : null,
                members.containsKey("creator") ? string("creator") : null);
    }

    private Event toolCall() {
        return new Event.ToolCall(
                (int) number("index"),
                members.containsKey("id") ? string("id") : null,
                members.containsKey("name") ? string("name") : null,
                string("arguments"));
    }

    private Event field() {
        return members.containsKey("value")
                ? new Event.FieldSet(string("path"), raw("value"))
                : new Event.FieldAppend(string("path"), string("delta"));
    }

    private Event done() {
        return new Event.Done(
                FinishReason.valueOf(string("finish_reason").toUpperCase(Locale.ROOT)),
                members.containsKey("provider_finish_reason") ? string("provider_finish_reason") : null,
                members.containsKey("usage") ? new EventReader(raw("usage")).usage() : null,
                members.containsKey("ttft_ms") ? Duration.ofMillis(number("ttft_ms")) : null,
                Duration.ofMillis(number("elapsed_ms")));
    }

    private Event failed() {
        EventReader error = new EventReader(raw("error"));
        return new Event.Failed(
                ErrorCode.valueOf(error.string("code").toUpperCase(Locale.ROOT)),
                error.string("message"),
                members.containsKey("retry_after") ? Duration.ofSeconds(number("retry_after")) : null);
    }

    private Usage usage() {
        return new Usage(
                members.containsKey("input_tokens") ? number("input_tokens") : null,
                members.containsKey("output_tokens") ? number("output_tokens") : null,
                members.containsKey("total_tokens") ? number("total_tokens") : null,
                members.get("details"),
                members.containsKey("estimated"));
    }

    private String raw(String name) {
        String value = members.get(name);
        if (value == null) {
            throw new IllegalArgumentException("an event lacks its " + name);
        }
        return value;
    }

    private String string(String name) {
        try {
            return MAPPER.readValue(raw(name), String.class);
        } catch (IOException e) {
            throw new IllegalArgumentException(name + " is no string", e);
        }
    }

    private long number(String name) {
        return Long.parseLong(raw(name));
    }

    /** The members of one object, each value as its own text. */
    private static Map<String, String> members(String json) {
        Map<String, String> members = new HashMap<>();
        try (JsonParser parser = JSON.createParser(json)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                throw new IllegalArgumentException("an event's members are one object");
            }
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String name = parser.currentName();
                parser.nextToken();
                int from = (int) parser.currentTokenLocation().getCharOffset();
                parser.skipChildren();
                // A string is read no further than its first quote until someone asks for the rest.
                parser.finishToken();
                members.put(name, json.substring(from, (int)
                        parser.currentLocation().getCharOffset()));
            }
        } catch (IOException e) {
            throw new IllegalArgumentException("an event's members are JSON", e);
        }
        return members;
    }
}
