package rivulet.feed;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import okhttp3.MediaType;
import okhttp3.Response;
import okio.BufferedSource;
import org.jspecify.annotations.Nullable;
import rivulet.log.SharedBuffers;

/**
 * An upstream's answer that is no event stream.
 *
 * @param type its Content-Type, if it has one
 * @param body its beginning
 * @param json the body, if it is JSON
 * @param retryAfter how long it asks to wait, if it does
 */
record UpstreamReply(
        int status,
        @Nullable String type,
        String body,
        @Nullable JsonNode json,
        @Nullable Duration retryAfter) {
    private static final ObjectMapper MAPPER = SharedBuffers.mapper().build();
    /** More than any error says; a page of HTML may go on. */
    private static final int MOST_BYTES = 64 * 1024;

    /** What stands before the data of the first event in an event stream. */
    private static final Pattern FRAME =
            Pattern.compile("\\A\\s*+(?:(?:event|id|retry)?+:[^\\r\\n]*+[\\r\\n]++)*+data:");

    private static final String NUMBER = "\\d{1,9}(\\.\\d{1,9})?";

    /** How long a refusal's words may take: some connections never end. */
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    /** Reads a refusal; called while OkHttp's callback lasts. */
    static UpstreamReply read(Response response) {
        response.body().source().timeout().deadline(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        return read(response, MOST_BYTES);
    }

    /** Reads an answer whose body may be larger, and takes its time. */
    static UpstreamReply read(Response response, int mostBytes) {
        String body = body(response, mostBytes);
        return new UpstreamReply(
                response.code(), response.header("Content-Type"), body, json(body), retryAfter(response));
    }

    private static String body(Response response, int mostBytes) {
        BufferedSource source = response.body().source();
        try {
            source.request(mostBytes);
        } catch (IOException e) {
            // What came before the cut, or in time, is all there is.
        }
        MediaType type = response.body().contentType();
        String read = source.getBuffer().clone().readString(type == null ? UTF_8 : type.charset(UTF_8));
        // Windows' servers may write a byte order mark, which no JSON begins with.
        return read.startsWith("\uFEFF") ? read.substring(1) : read;
    }

    /** The text as JSON, if it is an object or a list; DashScope refuses a stream with an event, in whatever status. */
    static @Nullable JsonNode json(String body) {
        try {
            JsonNode json = MAPPER.readTree(FRAME.matcher(body).replaceFirst(""));
            return json.isContainerNode() ? json : null;
        } catch (JsonProcessingException e) {
            return null;
        }
    }

    /**
     * RFC 9110, section 10.2.3: seconds, which some write with a fraction, or a date; and OpenAI's own header in
     * milliseconds, which is finer.
     */
    private static @Nullable Duration retryAfter(Response response) {
        String millis = response.header("retry-after-ms");
        if (millis != null && millis.matches(NUMBER)) {
            return Duration.ofMillis(roundedUp(millis, 1));
        }
        String after = response.header("Retry-After");
        if (after == null) {
            return null;
        }
        if (after.matches(NUMBER)) {
            return Duration.ofMillis(roundedUp(after, 1000));
        }
        try {
            Instant date = ZonedDateTime.parse(after, DateTimeFormatter.RFC_1123_DATE_TIME)
                    .toInstant();
            Duration wait = Duration.between(Instant.now(), date);
            return wait.isNegative() ? Duration.ZERO : wait;
        } catch (DateTimeException e) {
            return null;
        }
    }

    private static long roundedUp(String number, int times) {
        return (long) Math.ceil(Double.parseDouble(number) * times);
    }
}
