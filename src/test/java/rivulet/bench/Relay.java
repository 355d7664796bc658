package rivulet.bench;

import java.io.File;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A relay under load, as processes of its own: what they cost is read from {@code /proc}. */
final class Relay implements AutoCloseable {
    static final String RIVULET = "rivulet";
    /** As it comes, but that it does not hold answers back. */
    static final String NGINX = "nginx";
    /** The same, with connections to the upstream that are used again, as Rivulet's are. */
    static final String KEEPING_NGINX = "nginx, keeping";

    static final Path JAR = Path.of(System.getProperty("bench.jar", "target/rivulet.jar"));
    private static final double TICKS_PER_SECOND = 100;

    private final String name;
    private final Process process;
    private final int port;
    private final boolean speaksOpenAi;

    private Relay(String name, Process process, int port, boolean speaksOpenAi) {
        this.name = name;
        this.process = process;
        this.port = port;
        this.speaksOpenAi = speaksOpenAi;
    }

    /** Rivulet in front of the upstream. */
    static Relay rivulet(int upstreamPort, Map<String, String> settings, String... jvm) throws IOException {
        return rivulet(java(), JAR, upstreamPort, settings, jvm);
    }

    /** A jar of Rivulet's on some Java, in front of the upstream. */
    static Relay rivulet(String java, Path jar, int upstreamPort, Map<String, String> settings, String... jvm)
            throws IOException {
        int port = freePort();
        List<String> command = new ArrayList<>();
        command.add(java);
        command.addAll(List.of(jvm));
        String flags = System.getProperty("bench.flags", "");
        if (!flags.isEmpty()) {
            command.addAll(List.of(flags.split(" ", -1)));
        }
        command.addAll(List.of("-jar", jar.toString()));
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment()
                .putAll(Map.of(
                        "PORT", "" + port,
                        "OPENAI_BASE_URL", "http://127.0.0.1:" + upstreamPort + "/v1",
                        "OPENAI_API_KEY", "bench",
                        "UPSTREAM_API", "chat",
                        "DISCONNECT_GRACE", "0s",
                        "LOG_LEVEL", "warn",
                        "LOG_FORMAT", "off"));
        builder.environment().putAll(settings);
        return start(RIVULET, builder, port, false);
    }

    /** The Java that Rivulet runs on. */
    static String java() {
        return System.getProperty("bench.java", ownJava());
    }

    /** The Java that this runs on. */
    static String ownJava() {
        return System.getProperty("java.home") + "/bin/java";
    }

    /** The relay of that name in front of the upstream, ready to be used. */
    static Relay open(String name, int upstreamPort) throws IOException {
        return name.equals(RIVULET)
                ? rivulet(upstreamPort, Map.of()).awaitReady()
                : nginx(upstreamPort, name.equals(KEEPING_NGINX));
    }

    private static Relay nginx(int upstreamPort, boolean keeps) throws IOException {
        int port = freePort();
        Path home = Files.createTempDirectory("bench-nginx");
        Path conf = home.resolve("nginx.conf");
        Files.writeString(conf, """
                daemon off;
                worker_processes auto;
                worker_rlimit_nofile 20000;
                pid %1$s/pid;
                error_log %1$s/error.log;
                events { worker_connections 19000; }
                http {
                  access_log off;
                  client_body_temp_path %1$s; proxy_temp_path %1$s; fastcgi_temp_path %1$s;
                  uwsgi_temp_path %1$s; scgi_temp_path %1$s;
                  keepalive_requests 1000000;
                  upstream model { server 127.0.0.1:%2$d; %4$s }
                  server {
                    listen 127.0.0.1:%3$d backlog=8192;
                    location / {
                      proxy_pass http://model;
                      proxy_buffering off;
                      %5$s
                      proxy_read_timeout 600s;
                    }
                  }
                }
                """.formatted(
                        home,
                        upstreamPort,
                        port,
                        keeps ? "keepalive 256;" : "",
                        keeps ? "proxy_http_version 1.1; proxy_set_header Connection \"\";" : ""));
        return start(NGINX, new ProcessBuilder("nginx", "-c", conf.toString()), port, true);
    }

    private static Relay start(String name, ProcessBuilder builder, int port, boolean speaksOpenAi) throws IOException {
        Path log = Files.createTempFile("bench-" + name, ".log");
        Process process = builder.redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.to(log.toFile()))
                .start();
        Relay relay = new Relay(name, process, port, speaksOpenAi);
        relay.awaitListening(log);
        return relay;
    }

    /** Waits until Rivulet says that it is ready, which it is once it has warmed itself up. */
    Relay awaitReady() throws IOException {
        URL ready = URI.create("http://127.0.0.1:" + port + "/health/ready").toURL();
        while (((HttpURLConnection) ready.openConnection()).getResponseCode() != 200) {
            Bench.pause(Duration.ofMillis(50));
        }
        return this;
    }

    String name() {
        return name;
    }

    int port() {
        return port;
    }

    long pid() {
        return process.pid();
    }

    /** A request for an answer of so many deltas, so far apart. */
    String request(int deltas, Duration apart) {
        return request("bench-" + deltas + "-" + apart.toNanos() / 1_000);
    }

    /** The question for what a model says whose name is understood by the {@link BenchUpstream}. */
    String request(String model) {
        String body = speaksOpenAi
                ? "{\"model\":\"%s\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}]}"
                        .formatted(model)
                : "{\"model\":\"%s\",\"message\":\"Hello\"}".formatted(model);
        return """
                POST %s HTTP/1.1\r
                Host: 127.0.0.1:%d\r
                Content-Type: application/json\r
                Content-Length: %d\r
                \r
                %s""".formatted(speaksOpenAi ? "/v1/chat/completions" : "/sse/chat", port, body.length(), body);
    }

    /** Processor time of all its processes so far, in seconds. */
    double cpuSeconds() throws IOException {
        double ticks = 0;
        for (long pid : pids()) {
            String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
            List<String> fields =
                    List.of(stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1));
            ticks += Long.parseLong(fields.get(11)) + Long.parseLong(fields.get(12));
        }
        return ticks / TICKS_PER_SECOND;
    }

    /** Resident memory of all its processes, in KiB. */
    long residentKib() throws IOException {
        long pages = 0;
        for (long pid : pids()) {
            pages += Long.parseLong(
                    List.of(Files.readString(Path.of("/proc/" + pid + "/statm")).split(" ", -1))
                            .get(1));
        }
        return pages * 4;
    }

    /** What is reachable in the heap of a relay in Java, in KiB, by the JDK's own tool; nothing where there is none. */
    OptionalLong reachableKib() throws IOException {
        if (!Files.readString(Path.of("/proc/" + pid() + "/comm")).startsWith("java")) {
            // The tool's signal would end it.
            return OptionalLong.empty();
        }
        Path beside = Path.of(java()).resolveSibling("jcmd");
        Process process = new ProcessBuilder(
                        Files.exists(beside) ? beside.toString() : "jcmd", "" + pid(), "GC.class_histogram")
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return said.lines()
                .filter(line -> line.startsWith("Total"))
                .mapToLong(line -> Long.parseLong(line.replaceAll(".* ", "")) / 1024)
                .findFirst();
    }

    /** Threads of all its processes. */
    int threads() {
        return pids().stream().mapToInt(pid -> count("/proc/" + pid + "/task")).sum();
    }

    /** Open files of all its processes. */
    int files() {
        return pids().stream().mapToInt(pid -> count("/proc/" + pid + "/fd")).sum();
    }

    @Override
    public void close() {
        process.destroy();
        try {
            // Longer than a drain: a JVM may have an archive to write.
            if (!process.waitFor(60, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }

    private List<Long> pids() {
        return Stream.concat(Stream.of(process.toHandle()), process.descendants())
                .filter(ProcessHandle::isAlive)
                .map(ProcessHandle::pid)
                .toList();
    }

    private static int count(String directory) {
        String[] names = new File(directory).list();
        return names == null ? 0 : names.length;
    }

    private void awaitListening(Path log) throws IOException {
        while (!listens(port)) {
            if (!process.isAlive()) {
                throw new IOException(name + " does not start: " + Files.readString(log));
            }
            Bench.pause(Duration.ofMillis(2));
        }
    }

    static boolean listens(int port) {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 200);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    /** Below the ports that the system gives to clients: a client that looks whether it listens might get it itself. */
    static int freePort() throws IOException {
        for (int port = 20_000; port < 32_000; port++) {
            try (ServerSocket free = new ServerSocket()) {
                free.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
                return port;
            } catch (IOException taken) {
                // The next one may be free.
            }
        }
        throw new IOException("no free port");
    }
}
