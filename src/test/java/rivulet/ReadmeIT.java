package rivulet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Replays the README's demos against the jar: what it prints is what it says. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class ReadmeIT {
    private static final String PROMPT = "$ ";

    /** One command, and what it prints. */
    private record Demo(String command, String output) {}

    @Test
    void theDemosPrintWhatTheReadmeSays() throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/bin/bash")) && onPath("curl"), "bash and curl");
        Process server = new ProcessBuilder(ChildNode.java(), "-jar", "target/rivulet.jar", "--port", "0")
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        try {
            String first = new BufferedReader(new InputStreamReader(server.getInputStream(), StandardCharsets.UTF_8))
                    .readLine();
            String address = first.replaceAll(".*http://(127\\.0\\.0\\.1:\\d+).*", "$1");
            for (List<Demo> block : blocks()) {
                replay(block, address);
            }
        } finally {
            server.destroy();
        }
    }

    /** One shell a block: a variable set by one command is there for the next. */
    private static void replay(List<Demo> block, String address) throws Exception {
        String mark = "--- next demo ---";
        String script = String.join(
                "\necho '" + mark + "'\n", block.stream().map(Demo::command).toList());
        Process shell = new ProcessBuilder("/bin/bash", "-c", script.replace("localhost:8080", address))
                .redirectErrorStream(true)
                .start();
        String printed = new String(shell.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        String[] outputs = printed.split(mark + "\n", -1);
        assertEquals(block.size(), outputs.length, printed);
        for (int i = 0; i < outputs.length; i++) {
            String output = outputs[i];
            Demo demo = block.get(i);
            assertTrue(
                    pattern(demo.output()).matcher(output.stripTrailing()).matches(),
                    () -> demo.command() + "\nprinted\n" + output + "\ninstead of\n" + demo.output());
        }
    }

    private static Pattern pattern(String output) {
        List<String> parts = new ArrayList<>();
        for (String part : output.stripTrailing().split("…", -1)) {
            parts.add(Pattern.quote(part));
        }
        return Pattern.compile(String.join("[^\\n]*?", parts));
    }

    private static List<List<Demo>> blocks() throws IOException {
        List<List<Demo>> blocks = new ArrayList<>();
        String readme = Files.readString(Path.of("README.md"));
        for (String block : readme.split("```console\n", -1)) {
            if (block.startsWith(PROMPT)) {
                blocks.add(demos(block.substring(0, block.indexOf("```"))));
            }
        }
        assertTrue(blocks.size() >= 3, "the README has demos");
        return blocks;
    }

    private static List<Demo> demos(String block) {
        List<Demo> demos = new ArrayList<>();
        for (String demo : block.substring(PROMPT.length()).split("\n" + Pattern.quote(PROMPT), -1)) {
            int end = demo.indexOf('\n');
            demos.add(new Demo(end < 0 ? demo : demo.substring(0, end), end < 0 ? "" : demo.substring(end + 1)));
        }
        return demos;
    }

    private static boolean onPath(String program) throws IOException, InterruptedException {
        return new ProcessBuilder("/bin/bash", "-c", "command -v " + program)
                        .start()
                        .waitFor()
                == 0;
    }
}
