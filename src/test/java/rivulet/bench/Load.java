package rivulet.bench;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.Recorder;

/**
 * Clients of a relay, all on one selector: each opens a stream, reads it to its end, and counts the deltas by their mark.
 * Safe on any thread, but for what says otherwise.
 */
final class Load implements AutoCloseable {
    private static final long HIGHEST_MICROS = 3_600_000_000L;
    private static final Pattern STREAM_ID = Pattern.compile("(?i)stream-id: (\\S+)");
    private static final byte[] LAST_CHUNK = "\r\n0\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

    /**
     * What is asked for.
     *
     * @param port of the relay, on loopback
     * @param request whole, head and body
     * @param streams how many in all
     * @param atOnce how many at once; the next one begins when one has ended
     * @param perSecond how many are begun in a second at most
     * @param reads whether the clients read what they are sent
     */
    record Plan(int port, String request, int streams, int atOnce, int perSecond, boolean reads) {
        Plan(int port, String request, int streams, int atOnce) {
            this(port, request, streams, atOnce, Integer.MAX_VALUE, true);
        }
    }

    private final Plan plan;
    private final byte[] request;
    private final Selector selector;
    private final ByteBuffer in = ByteBuffer.allocateDirect(256 * 1024);
    private final List<Client> clients = new ArrayList<>();
    private final AtomicLong deltas = new AtomicLong();
    private final AtomicLong bytes = new AtomicLong();
    private final AtomicInteger begun = new AtomicInteger();
    private final AtomicInteger told = new AtomicInteger();
    private final AtomicInteger ended = new AtomicInteger();
    private final AtomicInteger failed = new AtomicInteger();
    private final Map<String, Integer> failures = new ConcurrentHashMap<>();
    private final Recorder latency = new Recorder(HIGHEST_MICROS, 3);
    private final Recorder firstDelta = new Recorder(HIGHEST_MICROS, 3);
    private final Thread thread;
    private final long startNanos = System.nanoTime();
    private volatile String streamId = "";
    private volatile boolean closing;

    Load(Plan plan) throws IOException {
        this.plan = plan;
        this.request = plan.request().getBytes(StandardCharsets.UTF_8);
        selector = Selector.open();
        thread = new Thread(this::run, "bench-load");
        thread.setDaemon(true);
        thread.start();
    }

    /** Deltas that have come so far. */
    long deltas() {
        return deltas.get();
    }

    /** Streams that have shown their first delta. */
    int told() {
        return told.get();
    }

    /** The id of the stream that was begun last, as Rivulet tells it in the head. */
    String streamId() {
        return streamId;
    }

    /** Streams that have come to their end. */
    int ended() {
        return ended.get();
    }

    /** Streams that were refused or cut. */
    int failed() {
        return failed.get();
    }

    /** Why streams failed, each with how many did: what the relay said, or how the connection broke. */
    Map<String, Integer> failures() {
        return Map.copyOf(failures);
    }

    /** Bytes that have come so far. */
    long bytes() {
        return bytes.get();
    }

    /** From sent to seen, in microseconds, since this was asked last. */
    Histogram latency() {
        return latency.getIntervalHistogram();
    }

    /** From the request to the first delta, in microseconds, since this was asked last. */
    Histogram firstDelta() {
        return firstDelta.getIntervalHistogram();
    }

    /** Waits until all streams have ended or failed. */
    Load await(Duration most) {
        return await(() -> ended.get() + failed.get() >= plan.streams(), most);
    }

    /** Waits until all streams have shown their first delta. */
    Load awaitFirst(Duration most) {
        return await(() -> told.get() + failed.get() >= plan.streams(), most);
    }

    private Load await(java.util.function.BooleanSupplier reached, Duration most) {
        long deadline = System.nanoTime() + most.toNanos();
        while (!reached.getAsBoolean() && System.nanoTime() < deadline) {
            Bench.pause(Duration.ofMillis(1));
        }
        return this;
    }

    /** Resets all connections that are open. */
    @Override
    public void close() throws IOException {
        closing = true;
        selector.wakeup();
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        try {
            while (!closing) {
                begin();
                selector.select(this::ready, begun.get() < plan.streams() ? 1 : 50);
            }
            for (Client client : clients) {
                client.reset();
            }
            selector.close();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private void begin() throws IOException {
        long seconds = System.nanoTime() - startNanos;
        long allowed = (long) Math.min(Integer.MAX_VALUE, 1 + seconds / 1e9 * plan.perSecond());
        while (clients.size() < Math.min(plan.atOnce(), plan.streams()) && clients.size() < allowed) {
            Client client = new Client();
            clients.add(client);
            begun.incrementAndGet();
            client.connect();
        }
    }

    private void ready(SelectionKey key) {
        Client client = (Client) key.attachment();
        try {
            client.ready(key);
        } catch (IOException e) {
            client.fail(e.toString());
        }
    }

    /** One connection, kept for as many streams as the relay keeps it for. */
    private final class Client {
        private SocketChannel channel = SocketChannel.open();
        private ByteBuffer out = ByteBuffer.wrap(request);
        private final byte[] tail = new byte[LAST_CHUNK.length];
        private long askedNanos;
        private boolean anyDelta;
        private boolean anyBytes;
        /** Digits of a mark still to come; -1 outside of one. */
        private int digitsLeft = -1;

        /** A relay may cut the mark in two chunks; between them lie a line end and the second one's size. */
        private int lineEndsToSkip;

        private long sentNanos;

        private Client() throws IOException {}

        private void connect() throws IOException {
            channel.configureBlocking(false);
            if (!plan.reads()) {
                channel.setOption(StandardSocketOptions.SO_RCVBUF, 4096);
            }
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            boolean connected = channel.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), plan.port()));
            askedNanos = System.nanoTime();
            channel.register(selector, connected ? SelectionKey.OP_WRITE : SelectionKey.OP_CONNECT, this);
        }

        private void ready(SelectionKey key) throws IOException {
            if (key.isConnectable()) {
                channel.finishConnect();
                key.interestOps(SelectionKey.OP_WRITE);
            }
            if (key.isWritable()) {
                channel.write(out);
                if (!out.hasRemaining()) {
                    key.interestOps(plan.reads() ? SelectionKey.OP_READ : 0);
                }
            }
            if (key.isReadable()) {
                read();
            }
        }

        private void read() throws IOException {
            in.clear();
            int count = channel.read(in);
            if (count < 0) {
                fail(anyBytes ? "cut in the middle" : "closed without an answer");
                return;
            }
            in.flip();
            bytes.addAndGet(count);
            if (!anyBytes) {
                anyBytes = true;
                String head = StandardCharsets.ISO_8859_1.decode(in.duplicate()).toString();
                if (!head.startsWith("HTTP/1.1 200")) {
                    fail(refusal(head));
                    return;
                }
                if (plan.streams() == 1) {
                    Matcher id = STREAM_ID.matcher(head);
                    streamId = id.find() ? id.group(1) : "";
                }
            }
            scan();
            if (keepTail(count)) {
                over(ended);
            }
        }

        private void scan() {
            long now = System.nanoTime();
            int seen = 0;
            for (int i = 0; i < in.limit(); i++) {
                byte b = in.get(i);
                if (lineEndsToSkip > 0) {
                    lineEndsToSkip -= b == '\n' ? 1 : 0;
                } else if (digitsLeft > 0 && b == '\r') {
                    lineEndsToSkip = 2;
                } else if (digitsLeft > 0) {
                    sentNanos = sentNanos << 4 | Character.digit(b, 16);
                    digitsLeft--;
                    if (digitsLeft == 0) {
                        seen++;
                        delta(now);
                    }
                } else if (b == Delta.MARK) {
                    digitsLeft = Delta.DIGITS;
                    sentNanos = 0;
                }
            }
            deltas.addAndGet(seen);
        }

        private void delta(long now) {
            if (!anyDelta) {
                anyDelta = true;
                told.incrementAndGet();
                firstDelta.recordValue((now - askedNanos) / 1_000);
            }
            if (sentNanos != 0) {
                latency.recordValue(Math.max(0, (now - sentNanos) / 1_000));
            }
        }

        /** Whether what has come ends in the last chunk. */
        private boolean keepTail(int count) {
            int kept = Math.min(count, tail.length);
            System.arraycopy(tail, kept, tail, 0, tail.length - kept);
            for (int i = 0; i < kept; i++) {
                tail[tail.length - kept + i] = in.get(count - kept + i);
            }
            return java.util.Arrays.equals(tail, LAST_CHUNK);
        }

        private void fail(String why) {
            failures.merge(why, 1, Integer::sum);
            over(failed);
        }

        private void over(AtomicInteger how) {
            how.incrementAndGet();
            if (begun.getAndIncrement() >= plan.streams()) {
                reset();
                return;
            }
            try {
                if (how == failed || !channel.isConnected()) {
                    reset();
                    channel = SocketChannel.open();
                    restart();
                    connect();
                } else {
                    restart();
                    channel.register(selector, SelectionKey.OP_WRITE, this);
                }
            } catch (IOException e) {
                failures.merge(e.toString(), 1, Integer::sum);
                failed.incrementAndGet();
            }
        }

        private void restart() {
            out = ByteBuffer.wrap(request);
            java.util.Arrays.fill(tail, (byte) 0);
            anyDelta = false;
            anyBytes = false;
            digitsLeft = -1;
            lineEndsToSkip = 0;
            askedNanos = System.nanoTime();
        }

        private void reset() {
            try {
                if (channel.isOpen()) {
                    channel.setOption(StandardSocketOptions.SO_LINGER, 0);
                    channel.close();
                }
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        }
    }

    /** An answer's status line and the first line of its body. */
    private static String refusal(String answer) {
        String[] headAndBody = answer.split("\r\n\r\n", 2);
        String status = headAndBody[0].lines().findFirst().orElse("");
        String body =
                headAndBody.length < 2 ? "" : headAndBody[1].lines().findFirst().orElse("");
        return body.isEmpty() ? status : status + ": " + body;
    }
}
