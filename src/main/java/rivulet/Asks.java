package rivulet;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import rivulet.feed.ChatRequest;
import rivulet.feed.Feed;
import rivulet.feed.Feeds;
import rivulet.log.Kind;

/** Reads from a request's fields what it asks for: one method a route, each with the tutorials' own defaults. */
final class Asks {
    private static final String QUESTION = "안녕하세요, 자기소개 해주세요.";
    private static final String BRIEFLY = "2문장 이내로 대답해줘.";
    private static final String FAKE_ANSWER = "안녕하세요! 저는 AI 어시스턴트입니다.";
    private static final String TOPIC = "科技发展新趋势";
    private static final String TITLE_AND_SUMMARY = "请为用户给出的主题写一个标题（title）和一段摘要（summary），只输出 JSON。";
    private static final int COUNT_FROM = 5;
    private static final int COUNT_MOST = 3600;
    private static final Duration COUNT_INTERVAL = Duration.ofSeconds(1);
    private static final Duration FAKE_DELAY = Duration.ofMillis(50);
    private static final Duration MOST_INTERVAL = Duration.ofHours(1);

    private final Feeds feeds;
    private final @Nullable String instructions;
    private final AccessConfig access;

    /**
     * @param instructions what the model is told where a request says nothing; null: each route's own
     * @param access says which models may be named
     */
    Asks(Feeds feeds, @Nullable String instructions, AccessConfig access) {
        this.access = access;
        this.feeds = feeds;
        this.instructions = instructions;
    }

    Asked countdown(Fields fields) {
        int from = fields.integer("from", 1, COUNT_MOST).orElse(COUNT_FROM);
        Duration interval = fields.duration("interval", MOST_INTERVAL).orElse(COUNT_INTERVAL);
        return new Asked(Kind.COUNTDOWN, null, true, background(fields), feeds.countdown(from, interval));
    }

    Asked fakeLlm(Fields fields) {
        String text = fields.string("text").orElse(FAKE_ANSWER);
        Duration delay = fields.duration("delay", MOST_INTERVAL).orElse(FAKE_DELAY);
        return new Asked(Kind.FAKE_LLM, null, true, background(fields), feeds.fakeLlm(text, delay));
    }

    Asked chatByQuery(Fields fields) {
        return chat(fields, ChatFields.ask(fields.text("message").orElse(QUESTION)), BRIEFLY);
    }

    Asked chatByBody(Fields fields) {
        return chat(fields, ChatFields.messages(fields), fields.has("messages") ? null : BRIEFLY);
    }

    Asked chatByPath(String text, Fields fields) {
        return chat(fields, ChatFields.ask(text), null);
    }

    Asked generate(Fields fields) {
        String query = fields.text("query")
                .orElseThrow(() -> RequestError.badRequest("Give a \"query\", as in {\"query\":\"What is SSE?\"}."));
        return chat(fields, ChatFields.ask(query), null);
    }

    Asked helloWorld(Fields fields) {
        List<ChatRequest.Message> topic = ChatFields.ask(fields.text("topic").orElse(TOPIC));
        ObjectNode schema = Schemas.ofTexts(List.of("title", "summary"));
        return structured(fields, topic, TITLE_AND_SUMMARY, schema);
    }

    /** What a body asks for that names its kind. */
    Asked ofKind(Fields fields) {
        List<String> kinds = Arrays.stream(Kind.values()).map(Kind::wireName).toList();
        String kind = fields.choice("kind", kinds)
                .orElseThrow(
                        () -> RequestError.badRequest("Give a \"kind\": one of " + String.join(", ", kinds) + "."));
        return switch (Kind.ofWireName(kind)) {
            case COUNTDOWN -> countdown(fields);
            case FAKE_LLM -> fakeLlm(fields);
            case CHAT -> chat(fields, ChatFields.messages(fields), null);
            case STRUCTURED -> structured(fields, ChatFields.messages(fields), null, Schemas.read(fields));
        };
    }

    private Asked chat(Fields fields, List<ChatRequest.Message> messages, @Nullable String defaultInstructions) {
        ChatRequest request = request(fields, messages, defaultInstructions, null);
        return ask(Kind.CHAT, fields, request, true, feeds::chat);
    }

    private Asked structured(
            Fields fields,
            List<ChatRequest.Message> messages,
            @Nullable String defaultInstructions,
            ObjectNode schema) {
        ChatRequest request = request(fields, messages, defaultInstructions, schema);
        return ask(Kind.STRUCTURED, fields, request, Schemas.allowsTexts(schema), feeds::structured);
    }

    private ChatRequest request(
            Fields fields,
            List<ChatRequest.Message> messages,
            @Nullable String defaultInstructions,
            @Nullable ObjectNode schema) {
        ChatRequest request =
                ChatFields.read(fields, messages, instructions != null ? instructions : defaultInstructions, schema);
        checkModel(request.model());
        // They are merged into the upstream's request, over what stands there.
        checkModels(request.extra().path("model"));
        checkModels(request.extra().path("models"));
        return request;
    }

    private void checkModels(JsonNode named) {
        if (named.isTextual()) {
            checkModel(named.textValue());
        } else if (!named.isMissingNode()) {
            named.forEach(this::checkModels);
        }
    }

    private void checkModel(@Nullable String model) {
        if (model != null && !access.allows(model)) {
            throw RequestError.modelNotAllowed(model, access.models());
        }
    }

    private Asked ask(Kind kind, Fields fields, ChatRequest request, boolean texts, Function<ChatRequest, Feed> feed) {
        try {
            return new Asked(kind, feeds.modelOf(request), texts, background(fields), feed.apply(request));
        } catch (IllegalArgumentException e) {
            throw RequestError.badRequest(String.valueOf(e.getMessage()));
        }
    }

    private static boolean background(Fields fields) {
        return fields.inBody() && fields.bool("background").orElse(false);
    }
}
