package rivulet.bench;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.HdrHistogram.Histogram;

/** What is measured. */
final class Scenarios {
    private static final boolean NGINX = Bench.nginxInstalled();
    private static final Duration PATIENCE = Duration.ofMinutes(3);
    private static final Duration ENDLESS = Duration.ofHours(1);
    private static final Duration WINDOW = Duration.ofSeconds(Integer.getInteger("bench.window", 15));

    /** More than the kernels of both sides take for a client that does not read, which is a megabyte and more. */
    private static final int STALLED_DELTAS = 20_000;

    private Scenarios() {}

    static Map<String, Bench.Scenario> all() {
        Map<String, Bench.Scenario> all = new LinkedHashMap<>();
        all.put("unpaced", relay -> unpaced(relay, "bench-500-0"));
        all.put("unpaced-single", relay -> unpaced(relay, "bench-500-0-single"));
        all.put("paced", relay -> paced(relay, 1_000, 20));
        all.put("many", relay -> paced(relay, 9_500, 1));
        all.put("short", Scenarios::shortStreams);
        all.put("stalled", relay -> stalled(relay));
        all.put("viewers", Scenarios::viewers);
        all.put("start", relay -> Start.run());
        all.put("gone", relay -> gone());
        return all;
    }

    /** Who is measured by the scenario. */
    static List<String> relays(String scenario) {
        if (!NGINX || scenario.equals("start") || scenario.equals("gone")) {
            return List.of(Relay.RIVULET);
        }
        // Where streams are long, a connection for each costs next to nothing.
        return scenario.startsWith("unpaced") || scenario.equals("short")
                ? List.of(Relay.NGINX, Relay.KEEPING_NGINX, Relay.RIVULET)
                : List.of(Relay.NGINX, Relay.RIVULET);
    }

    /**
     * 64 streams at once of 500 deltas, as fast as they go: a first measure of a cold process, then of a warm one, and of
     * one whose compiler has nothing left to do, as after its first minute.
     *
     * @param model says how the upstream writes: many deltas in one go, which a relay that parses nothing hardly notices,
     *     or each by itself, as models do
     */
    private static Map<String, Double> unpaced(String name, String model) throws IOException {
        Map<String, Double> figures = new LinkedHashMap<>();
        try (BenchUpstream upstream = new BenchUpstream();
                Relay relay = Relay.open(name, upstream.port())) {
            String request = relay.request(model);
            figures.put("CPU us per delta, first 64 streams", cpuPerDelta(relay, request, 64));
            cpuPerDelta(relay, request, 4_000);
            figures.put("CPU us per delta, warm", cpuPerDelta(relay, request, 4_000));
            cpuPerDelta(relay, request, 12_000);
            figures.put("CPU us per delta, all compiled", cpuPerDelta(relay, request, 4_000));
        }
        return figures;
    }

    private static double cpuPerDelta(Relay relay, String request, int streams) throws IOException {
        double before = relay.cpuSeconds();
        try (Load load = new Load(new Load.Plan(relay.port(), request, streams, 64)).await(PATIENCE)) {
            expect(load, load.deltas(), 500L * streams, "deltas");
            return (relay.cpuSeconds() - before) * 1e6 / load.deltas();
        }
    }

    /** Streams that go on for ever, so many deltas a second each. */
    private static Map<String, Double> paced(String name, int streams, int perSecond) throws IOException {
        Map<String, Double> figures = new LinkedHashMap<>();
        try (BenchUpstream upstream = new BenchUpstream();
                Relay relay = Relay.open(name, upstream.port())) {
            warm(relay, 1_000);
            Bench.pause(Duration.ofSeconds(1));
            long idleKib = relay.residentKib();
            String request = relay.request(100_000, Duration.ofSeconds(1).dividedBy(perSecond));
            try (Load load = new Load(new Load.Plan(relay.port(), request, streams, streams, 1_000, true))) {
                load.awaitFirst(PATIENCE);
                figures.put("held", (double) (load.told() - load.failed()));
                figures.put("time to first delta p99 ms", load.firstDelta().getValueAtPercentile(99) / 1e3);
                Bench.pause(Duration.ofSeconds(5));
                load.latency();
                double cpu = relay.cpuSeconds();
                long deltas = load.deltas();
                long begin = System.nanoTime();
                Bench.pause(WINDOW);
                double seconds = (System.nanoTime() - begin) / 1e9;
                long came = load.deltas() - deltas;
                figures.put("CPU us per delta", (relay.cpuSeconds() - cpu) * 1e6 / came);
                Histogram latency = load.latency();
                figures.put("latency p50 ms", latency.getValueAtPercentile(50) / 1e3);
                figures.put("latency p99 ms", latency.getValueAtPercentile(99) / 1e3);
                figures.put("deltas a second", came / seconds);
                figures.put("resident KiB per stream", (double) relay.residentKib() / streams);
                figures.put("resident KiB per stream, beyond idle", (double) (relay.residentKib() - idleKib) / streams);
                figures.put("threads", (double) relay.threads());
            }
        }
        return figures;
    }

    /** 32 at once, 5,000 streams of 10 deltas. */
    private static Map<String, Double> shortStreams(String name) throws IOException {
        Map<String, Double> figures = new LinkedHashMap<>();
        try (BenchUpstream upstream = new BenchUpstream();
                Relay relay = Relay.open(name, upstream.port())) {
            String request = relay.request(10, Duration.ZERO);
            try (Load cold = new Load(new Load.Plan(relay.port(), request, 5_000, 32)).await(PATIENCE)) {
                expect(cold, cold.ended(), 5_000, "streams");
                figures.put(
                        "cold: time to first delta p99 ms", cold.firstDelta().getValueAtPercentile(99) / 1e3);
            }
            try (Load warming = new Load(new Load.Plan(relay.port(), request, 10_000, 32)).await(PATIENCE)) {
                expect(warming, warming.ended(), 10_000, "streams");
            }
            double cpu = relay.cpuSeconds();
            try (Load load = new Load(new Load.Plan(relay.port(), request, 5_000, 32)).await(PATIENCE)) {
                expect(load, load.ended(), 5_000, "streams");
                figures.put("CPU us per stream", (relay.cpuSeconds() - cpu) * 1e6 / 5_000);
                Histogram first = load.firstDelta();
                figures.put("time to first delta p50 ms", first.getValueAtPercentile(50) / 1e3);
                figures.put("time to first delta p99 ms", first.getValueAtPercentile(99) / 1e3);
            }
        }
        return figures;
    }

    /** 200 streams that are read, alone and beside 100 that never are. */
    private static Map<String, Double> stalled(String name) throws IOException {
        Map<String, Double> figures = new LinkedHashMap<>();
        try (BenchUpstream upstream = new BenchUpstream();
                Relay relay = Relay.open(name, upstream.port())) {
            warm(relay, 1_000);
            String request = relay.request(100_000, Duration.ofMillis(50));
            try (Load live = new Load(new Load.Plan(relay.port(), request, 200, 200))) {
                live.awaitFirst(PATIENCE);
                Bench.pause(Duration.ofSeconds(3));
                live.latency();
                Bench.pause(Duration.ofSeconds(10));
                figures.put("p99 ms of 200 alone", live.latency().getValueAtPercentile(99) / 1e3);
                long before = relay.residentKib();
                OptionalLong reachable = relay.reachableKib();
                Load.Plan plan = new Load.Plan(
                        relay.port(), relay.request("words-" + STALLED_DELTAS), 100, 100, Integer.MAX_VALUE, false);
                try (Load stalled = new Load(plan)) {
                    Bench.pause(Duration.ofSeconds(3));
                    live.latency();
                    Bench.pause(Duration.ofSeconds(10));
                    figures.put(
                            "p99 ms of 200 beside 100 stalled", live.latency().getValueAtPercentile(99) / 1e3);
                    figures.put("resident KiB per stalled client", (double) (relay.residentKib() - before) / 100);
                    relay.reachableKib()
                            .ifPresent(now -> figures.put(
                                    "reachable KiB in the heap, each", (now - reachable.orElse(0)) / 100.0));
                    expect(stalled, stalled.failed(), 0, "failed");
                }
            }
        }
        return figures;
    }

    /** 5,000 viewers of one generation; nginx delivers the same bytes as 5,000 answers. */
    private static Map<String, Double> viewers(String name) throws IOException {
        Map<String, Double> figures = new LinkedHashMap<>();
        int viewers = 5_000;
        try (BenchUpstream upstream = new BenchUpstream();
                Relay relay = Relay.open(name, upstream.port())) {
            warm(relay, 1_000);
            String generation = relay.request(100_000, Duration.ofMillis(250));
            boolean shared = name.equals(Relay.RIVULET);
            try (Load first = new Load(new Load.Plan(relay.port(), generation, 1, 1))) {
                first.awaitFirst(PATIENCE);
                String request = shared ? follow(relay, first) : generation;
                try (Load load = new Load(new Load.Plan(relay.port(), request, viewers, viewers, 1_000, true))) {
                    load.awaitFirst(PATIENCE);
                    Bench.pause(Duration.ofSeconds(3));
                    load.latency();
                    double cpu = relay.cpuSeconds();
                    long deltas = load.deltas();
                    Bench.pause(WINDOW);
                    figures.put("held", (double) (load.told() - load.failed()));
                    figures.put(
                            "CPU us per delivered delta", (relay.cpuSeconds() - cpu) * 1e6 / (load.deltas() - deltas));
                    figures.put("latency p99 ms", load.latency().getValueAtPercentile(99) / 1e3);
                }
            }
        }
        return figures;
    }

    private static String follow(Relay relay, Load first) {
        return "GET /streams/%s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n".formatted(first.streamId(), relay.port());
    }

    /** 200 clients leave in the middle, in three ways: until when is the upstream read? */
    private static Map<String, Double> gone() throws IOException {
        Map<String, Double> figures = new LinkedHashMap<>();
        try (BenchUpstream upstream = new BenchUpstream();
                Relay relay = Relay.open(Relay.RIVULET, upstream.port())) {
            warm(relay, 500);
            String request = relay.request(100_000, Duration.ofMillis(50));
            figures.put("ms after a reset, the last of 200", leave(upstream, relay, request, 200, true));
            figures.put("ms after a close, the last of 200", leave(upstream, relay, request, 200, false));
            figures.put("ms after a reset, one alone", leave(upstream, relay, request, 1, true));
            figures.put("ms after a close, one alone", leave(upstream, relay, request, 1, false));
        }
        return figures;
    }

    private static double leave(BenchUpstream upstream, Relay relay, String request, int clients, boolean reset)
            throws IOException {
        List<Socket> sockets = new ArrayList<>();
        for (int i = 0; i < clients; i++) {
            Socket socket = new Socket();
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), relay.port()));
            socket.getOutputStream().write(request.getBytes(StandardCharsets.UTF_8));
            sockets.add(socket);
        }
        while (upstream.open() < clients) {
            Bench.pause(Duration.ofMillis(1));
        }
        Bench.pause(Duration.ofSeconds(1));
        for (Socket socket : sockets) {
            if (reset) {
                socket.setSoLinger(true, 0);
            }
        }
        long left = System.nanoTime();
        for (Socket socket : sockets) {
            socket.close();
        }
        long deadline = left + ENDLESS.toNanos();
        while (upstream.open() > 0 && System.nanoTime() < deadline) {
            Bench.pause(Duration.ofMillis(1));
        }
        return (upstream.lastGoneNanos() - left) / 1e6;
    }

    private static void warm(Relay relay, int streams) throws IOException {
        String request = relay.request(200, Duration.ZERO);
        try (Load load = new Load(new Load.Plan(relay.port(), request, streams, 32)).await(PATIENCE)) {
            expect(load, load.ended(), streams, "streams");
        }
    }

    private static void expect(Load load, long is, long wanted, String what) {
        if (is != wanted) {
            System.out.println("  ! " + is + " " + what + " instead of " + wanted);
            load.failures().forEach((why, times) -> System.out.println("    " + times + " x " + why));
        }
    }
}
