package rivulet.simulator;

import java.util.Locale;
import java.util.regex.Pattern;

/** What the simulator has to say, in the language in which it was asked. */
enum Language {
    KOREAN(
            "Rivulet에 내장된 시뮬레이터입니다. “%s”라고 물으셨네요. 진짜 모델의 답변도 이렇게 한 조각씩 도착합니다. OPENAI_API_KEY를 설정하면 실제 모델이 대답합니다.",
            "답변을 이어 갑니다. %d번째 문장입니다.",
            "사용자가 “%s”라고 물었다. 시뮬레이터라고 밝히고 짧게 대답하자.",
            "죄송하지만 그 요청은 도와드릴 수 없습니다.",
            "“%s”에 대하여",
            "“%s”에 대한 시뮬레이터의 요약입니다. 실제 모델이라면 여기에 진짜 내용을 채웁니다.",
            "%s 예시"),
    CHINESE(
            "你好，我是 Rivulet 内置的模拟器。你问的是：“%s”。真正的模型的回答也会这样一段一段地到达。设置 OPENAI_API_KEY 之后，就由真正的模型来回答。",
            "回答继续，这是第%d句。",
            "用户问的是“%s”。先说明这是模拟器，再简短地回答。",
            "抱歉，我无法协助满足这个请求。",
            "关于“%s”",
            "这是模拟器对“%s”的摘要。真正的模型会在这里写出实际的内容。",
            "%s 示例"),
    HUNGARIAN(
            "Ez itt a Rivulet beépített szimulátora. Ezt kérdezted: „%s”. Egy igazi modell válasza is így érkezik, darabról darabra. Ha beállítod az OPENAI_API_KEY változót, igazi modell válaszol.",
            " A válasz folytatódik, ez a(z) %d. mondat.",
            "A felhasználó ezt kérdezte: „%s”. Mondjuk meg, hogy ez a szimulátor, és válaszoljunk röviden.",
            "Sajnálom, de ebben nem segíthetek.",
            "Erről: „%s”",
            "Ez a szimulátor összefoglalója erről: „%s”. Egy igazi modell ide írná a valódi tartalmat.",
            "%s (példa)"),
    ENGLISH(
            "This is Rivulet's built-in simulator. You asked: “%s”. The answer of a real model arrives just like this, piece by piece. Set OPENAI_API_KEY to hear one.",
            " The answer goes on, and this is sentence %d.",
            "The user asked: “%s”. Say that this is the simulator, and answer briefly.",
            "I'm sorry, but I can't help with that.",
            "About “%s”",
            "This is the simulator's summary of “%s”. A real model would write the actual content here.",
            "Sample %s");

    /** More graphemes of a question than are repeated in the answer. */
    private static final Pattern LONGER = Pattern.compile("(\\X{40})\\X.*", Pattern.DOTALL);

    private static final Pattern HANGUL = Pattern.compile("\\p{IsHangul}");
    private static final Pattern HAN = Pattern.compile("\\p{IsHan}");
    private static final Pattern KANA = Pattern.compile("[\\p{IsHiragana}\\p{IsKatakana}]");
    private static final Pattern MAGYAR = Pattern.compile(
            "[őű]|\\b(?:hogy|és|egy|szia|kérlek|milyen|miért|hogyan|írj|mondd|magyarul|köszönöm|mennyi|nekem|mit)\\b",
            Pattern.CASE_INSENSITIVE | Pattern.UNICODE_CASE | Pattern.UNICODE_CHARACTER_CLASS);

    private final String prose;
    private final String more;
    private final String reasoning;
    private final String refusal;
    private final String title;
    private final String summary;
    private final String sample;

    Language(String prose, String more, String reasoning, String refusal, String title, String summary, String sample) {
        this.prose = prose;
        this.more = more;
        this.reasoning = reasoning;
        this.refusal = refusal;
        this.title = title;
        this.summary = summary;
        this.sample = sample;
    }

    static Language of(String text) {
        if (HANGUL.matcher(text).find()) {
            return KOREAN;
        }
        if (HAN.matcher(text).find() && !KANA.matcher(text).find()) {
            return CHINESE;
        }
        return MAGYAR.matcher(text).find() ? HUNGARIAN : ENGLISH;
    }

    String prose(String question) {
        return String.format(Locale.ROOT, prose, quote(question));
    }

    /** A sentence that may follow any other, with its number. */
    String more(int number) {
        return String.format(Locale.ROOT, more, number);
    }

    String reasoning(String question) {
        return String.format(Locale.ROOT, reasoning, quote(question));
    }

    String refusal() {
        return refusal;
    }

    String title(String question) {
        return String.format(Locale.ROOT, title, quote(question));
    }

    String summary(String question) {
        return String.format(Locale.ROOT, summary, quote(question));
    }

    /** Something of that name. */
    String sample(String name) {
        return String.format(Locale.ROOT, sample, name);
    }

    String markdown(String question) {
        return "# " + title(question) + "\n\n" + prose(question) + "\n\n## 1, 2, 3\n\n"
                + "1. **one**\n2. *two*\n3. `three`\n\n| n | n² |\n|--:|---:|\n| 2 | 4 |\n| 3 | 9 |\n\n"
                + "```java\nfor (int n = 1; n <= 3; n++) {\n    System.out.println(n * n);\n}\n```\n";
    }

    private static String quote(String question) {
        String line = question.strip().replaceAll("\\s+", " ");
        return line.isEmpty() ? "…" : LONGER.matcher(line).replaceFirst("$1…");
    }
}
