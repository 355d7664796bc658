package rivulet;

import java.util.ArrayList;
import java.util.List;

/** An event stream as the HTML standard parses it (section 9.2.6), to its end. */
public final class SseParser {
    /** One event that a page would be given. */
    public record SseEvent(String name, String data, String id) {}

    private SseParser() {}

    public static List<SseEvent> parse(String stream) {
        List<SseEvent> events = new ArrayList<>();
        String name = "";
        String id = "";
        StringBuilder data = new StringBuilder();
        boolean hasData = false;
        for (String line : stream.split("\r\n|\n|\r", -1)) {
            if (line.isEmpty()) {
                if (hasData) {
                    events.add(
                            new SseEvent(name.isEmpty() ? "message" : name, data.substring(0, data.length() - 1), id));
                }
                name = "";
                data.setLength(0);
                hasData = false;
                continue;
            }
            int colon = line.indexOf(':');
            String field = colon < 0 ? line : line.substring(0, colon);
            String value = colon < 0 ? "" : line.substring(colon + 1);
            value = value.startsWith(" ") ? value.substring(1) : value;
            switch (field) {
                case "event" -> name = value;
                case "id" -> id = value;
                case "data" -> {
                    data.append(value).append('\n');
                    hasData = true;
                }
                default -> {}
            }
        }
        return events;
    }

    /** What {@code textContent += event.data} shows. */
    public static String messages(String stream) {
        StringBuilder text = new StringBuilder();
        parse(stream).stream().filter(e -> e.name().equals("message")).forEach(e -> text.append(e.data()));
        return text.toString();
    }
}
